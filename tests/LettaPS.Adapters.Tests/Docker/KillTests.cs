using LettaPS.Core.Databases.Dumps;
using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Databases.Swap;
using LettaPS.Core.Servers;
using LettaPS.TestKit;
using Machine = LettaPS.TestKit.DockerEngine;

namespace LettaPS.Adapters.Tests.Docker;

/// <summary>Restore and reset, killed for real before every step, on a compose project with a server that runs.</summary>
public sealed class KillTests
{
    private readonly CancellationToken _cancel = TestContext.Current.CancellationToken;
    private readonly AdapterFactory _adapters = new();

    [Fact]
    public async Task A_restore_that_was_killed_anywhere_is_finished_by_the_next_one()
    {
        await using var project = await LettaProject.StartAsync();
        using var folder = new TempFolder();
        await project.FillAsync(4);
        using var engine = _adapters.OpenEngine();
        var host = await HostAsync(engine, project.Letta);
        await DumpAsync(host, folder["a.dump"]);

        foreach (var step in new[] { "Make", "Publish", "StopServers", "Fill", "Filling", "Swap", "StartServers", "RemoveOld", "Finish" })
        {
            await project.SqlAsync("DELETE FROM messages WHERE agent_id = 'agent-1'");
            await KilledAsync("restore", project.Letta, folder["a.dump"], step);

            // Whatever has the name is whole: the old one or the new one.
            Assert.Matches("^(300|400)$", await project.SqlAsync("SELECT count(*) FROM messages"));

            var restore = new DumpRestore(host, TimeProvider.System);
            var manifest = await restore.CheckAsync(folder["a.dump"], "letta", force: false, null, _cancel);
            await restore.RunAsync(folder["a.dump"], manifest, "letta", removeOld: true, force: false, null, null, _cancel);
            Assert.Equal("400", await project.SqlAsync("SELECT count(*) FROM messages"));
            await AssertNothingIsLeftAsync(project, step);
        }
    }

    [Fact]
    public async Task A_reset_that_was_killed_anywhere_is_finished_by_the_next_one()
    {
        await using var project = await LettaProject.StartAsync();
        using var engine = _adapters.OpenEngine();
        var host = await HostAsync(engine, project.Letta);

        foreach (var step in new[] { "Make", "Publish", "StopServers", "Fill", "Swap", "StartServers", "RemoveOld", "Finish" })
        {
            await project.FillAsync(1);
            await KilledAsync("reset", project.Letta, "-", step);
            Assert.Matches("^(new|made)$", await project.SqlAsync("SELECT CASE WHEN to_regclass('agents') IS NULL THEN 'new' ELSE 'made' END"));

            await new DatabaseReset(host, TimeProvider.System).RunAsync("letta", keepOld: false, null, _cancel);
            Assert.Equal("0", await project.SqlAsync("SELECT count(*) FROM agents"));
            await AssertNothingIsLeftAsync(project, step);
        }
    }

    private static async Task AssertNothingIsLeftAsync(LettaProject project, string step)
    {
        Assert.Equal((step, "running"), (step, await Machine.DockerAsync("inspect", "--format", "{{.State.Status}}", project.Letta)));

        // What a killed run replaced stays: a later run removes only what it has replaced itself.
        Assert.Equal(
            (step, "letta\npostgres\nthoth"),
            (step, await project.SqlAsync("SELECT datname FROM pg_database WHERE NOT datistemplate AND NOT starts_with(datname, 'letta_before_') ORDER BY 1", "postgres")));
        Assert.Equal((step, ""), (step, await project.SqlAsync("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'letta'", "postgres")));
    }

    private static async Task KilledAsync(string job, string container, string dump, string step)
    {
        var (exitCode, output, error) = await Machine.RunAsync(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "LettaPS.KillChild.dll"), job, container, dump, step]);

        Assert.True(exitCode == 128 + 9, $"Step {step} was not reached: exit code {exitCode}. {output}{error}");
    }

    private async Task<ServerDatabaseHost> HostAsync(IContainerEngine engine, string container)
    {
        var control = new ServerControl(engine, (connection, warn) => _adapters.OpenServer(connection, warn: warn), TimeProvider.System);
        return new ServerDatabaseHost(engine, (await engine.InspectAsync(container, _cancel)).Id, _adapters, control, TimeSpan.FromMinutes(3), null);
    }

    private async Task DumpAsync(ServerDatabaseHost host, string path)
    {
        await using var site = await host.OpenAsync(_cancel);
        await new DatabaseDump(site, TimeProvider.System).TakeAsync(new DumpRequest(path, "letta", DumpFormat.Custom, false, "test", null, null), null, _cancel);
    }
}
