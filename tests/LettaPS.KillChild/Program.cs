using System.Diagnostics;
using LettaPS.Adapters;
using LettaPS.Core.Connections;
using LettaPS.Core.Databases;
using LettaPS.Core.Restores;
using LettaPS.Core.Servers;

// usage: LettaPS.KillChild restore|reset CONTAINER DUMP STEP
// Restores or empties the database of a server and kills itself, for real, before the step; before "Filling", when the first bytes have been loaded.
// usage: LettaPS.KillChild agents URL SET
// Restores the agents of a set onto a server, and is killed by the one who started it.
if (args is ["agents", var url, var set])
{
    var folder = Directory.CreateTempSubdirectory("lettaps-kill-").FullName;
    using var server = new AdapterDoor().OpenServer(new LettaConnection(new Uri(url)));
    using var plan = await RestorePlan.ReadAsync([set], folder, CancellationToken.None);
    using var session = await RestoreSession.OpenAsync(server, plan, new RestoreOptions(), folder, 2, CancellationToken.None);
    foreach (var agent in plan.Agents)
    {
        await session.RestoreAsync(agent, CancellationToken.None);
    }

    return;
}

var (job, container, dump, at) = (args[0], args[1], args[2], args[3]);

var door = new AdapterDoor();
using var engine = door.OpenEngine();
var control = new ServerControl(engine, (connection, warn) => door.OpenServer(connection, warn: warn), TimeProvider.System);
var id = (await engine.InspectAsync(container, CancellationToken.None)).Id;
var host = new ServerDatabaseHost(engine, id, door, control, TimeSpan.FromMinutes(3), null);
var database = (await host.FindAsync(CancellationToken.None)).Database;

if (job == "restore")
{
    var restore = new DatabaseRestore(host, TimeProvider.System);
    var manifest = await restore.CheckAsync(dump, database, force: false, null, CancellationToken.None);
    await restore.RunAsync(dump, manifest, database, removeOld: true, Step, _ => KillAt("Filling"), CancellationToken.None);
}
else
{
    await new DatabaseReset(host, TimeProvider.System).RunAsync(database, keepOld: false, Step, CancellationToken.None);
}

void Step(SwapStep step) => KillAt(step.ToString());

void KillAt(string step)
{
    if (step == at)
    {
        Process.GetCurrentProcess().Kill();
    }
}
