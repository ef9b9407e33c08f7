using System.Diagnostics;
using System.Globalization;
using LettaPS;
using LettaPS.Adapters;
using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Databases.Swap;
using LettaPS.Core.LettaCode;
using LettaPS.Core.Restores;
using LettaPS.Core.Restores.Api;
using LettaPS.Core.Restores.Database;
using LettaPS.Core.Servers;
using LettaPS.KillChild;

// usage: LettaPS.KillChild agents URL SET
// Restores the agents of a set onto a server, and is killed by the one who started it.
// usage: LettaPS.KillChild agents DATABASE-URI FOLDER STATEMENT
// Restores the agents of a folder into a database and kills itself, for real, before one of the statements.
// usage: LettaPS.KillChild letta-code FILE ROOT STEP
// Converts an agent for Letta Code, in place of one that is there, and kills itself before a step of its installation.
// usage: LettaPS.KillChild restore|reset CONTAINER DUMP STEP
// Restores or empties the database of a server and kills itself before the step; before "Filling", when the first bytes have been loaded.
if (args is ["agents", var url, var set])
{
    var folder = Directory.CreateTempSubdirectory("lettaps-kill-").FullName;
    using var server = new AdapterFactory().OpenServer(new LettaConnection(new Uri(url)));
    using var plan = await RestorePlan.ReadAsync([set], folder, CancellationToken.None);
    using var session = await ApiRestoreSession.OpenAsync(server, plan, new RestoreOptions(), folder, 2, CancellationToken.None);
    foreach (var agent in plan.Agents)
    {
        await session.RestoreAsync(agent, CancellationToken.None);
    }

    return;
}

if (args is ["letta-code", var agentFile, var destination, var killedAt])
{
    var work = Directory.CreateTempSubdirectory("lettaps-kill-").FullName;
    using var plan = await RestorePlan.ReadAsync([agentFile], work, CancellationToken.None);
    using var export = await LettaCodeExport.OpenAsync(
        destination, plan, new LettaCodeOptions { Force = true }, new AdapterFactory().OpenMemoryRepositories(), [], TimeProvider.System,
        name =>
        {
            if (name == killedAt)
            {
                Kill();
                Thread.Sleep(Timeout.Infinite);
            }
        },
        CancellationToken.None);
    await export.ConvertAsync(plan.Agents[0], CancellationToken.None);
    return;
}

var (job, container, dump, at) = (args[0], args[1], args[2], args[3]);

var adapters = new AdapterFactory();
if (job == "agents")
{
    await using var target = new InterruptedDatabase(adapters.OpenAgentRowStore(DatabaseAddress.Parse(container)), int.Parse(at, CultureInfo.InvariantCulture), Kill);
    using var plan = await RestorePlan.ReadAsync([dump], Path.GetTempPath(), CancellationToken.None);
    using var session = await RowRestoreSession.OpenAsync(target, plan, new RestoreOptions { PreserveId = true }, new Uri(target.Address.ToString()), CancellationToken.None);
    foreach (var agent in plan.Agents)
    {
        await session.RestoreAsync(agent, CancellationToken.None);
    }

    return;
}

using var engine = adapters.OpenEngine();
var control = new ServerControl(engine, (connection, warn) => adapters.OpenServer(connection, warn: warn), TimeProvider.System);
var id = (await engine.InspectAsync(container, CancellationToken.None)).Id;
var host = new ServerDatabaseHost(engine, id, adapters, control, TimeSpan.FromMinutes(3), null);
var database = (await host.FindAsync(CancellationToken.None)).Database;

if (job == "restore")
{
    var restore = new DumpRestore(host, TimeProvider.System);
    var manifest = await restore.CheckAsync(dump, database, force: false, null, CancellationToken.None);
    await restore.RunAsync(dump, manifest, database, removeOld: true, force: false, Step, _ => KillAt("Filling"), CancellationToken.None);
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
        Kill();
    }
}

static void Kill() => Process.GetCurrentProcess().Kill();
