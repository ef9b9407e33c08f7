using System.Management.Automation;
using System.Text.Json;
using LettaPS.Hosting;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;
using LettaPS.Sandbox.Http;
using LettaPS.TestKit;
using Npgsql;

namespace LettaPS.Module.Tests;

/// <summary>Export-LettaAgent and Get-LettaAgent with -Source.</summary>
public class DatabaseSourceTests
{
    [Fact]
    public async Task A_server_that_answers_500_is_backed_up_from_its_database_and_not_asked()
    {
        await using var database = await FleetAsync();
        await using var letta = await ServerAsync();
        letta.Server.Faults.Add(new Fault(new StatusEffect(500)));
        var before = letta.Server.Requests.Entries.Count;

        var backups = letta.Run($"Export-LettaAgent {letta.Path} -Source Database -DatabaseUri $args[0]", database.Uri()).Succeed();

        Assert.Equal(16, backups.Count);
        Assert.All(backups, b => Assert.True(b.Get<bool>("IsComplete")));
        Assert.All(backups, b => Assert.Equal("Database", b.Get<string>("Source")));
        Assert.Equal(await database.QueryAsync<long>("SELECT count(*) FROM messages"), backups.Sum(b => b.Get<int>("MessageCount")));
        Assert.Equal(before, letta.Server.Requests.Entries.Count);
        Assert.All(letta.Run($"Get-LettaBackup {letta.Path} | Test-LettaBackup").Succeed(), t => Assert.True(t.Get<bool>("IsValid")));
    }

    [Fact]
    public async Task A_database_alone_is_enough()
    {
        await using var database = await FleetAsync();
        using var folder = new TempFolder();
        using var shell = new Shell();

        var agents = shell.Run("Get-LettaAgent 'Lead*' -Source Database -DatabaseUri $args[0]", database.Uri()).Succeed();
        var page = shell.Run("Get-LettaAgent 'lead*' -First 1 -Skip 1 -Source Database -DatabaseUri $args[0]", database.Uri()).Succeed();
        var backups = shell.Run("Get-LettaAgent 'AI/ML Expert', Memo -DatabaseUri $args[0] | Export-LettaAgent -Path $args[1]", database.Uri(), folder.Path).Succeed();

        Assert.Equal(await database.ListAsync("SELECT id FROM agents WHERE name LIKE 'Lead%' ORDER BY created_at DESC"), agents.Select(a => a.Get<string>("Id")));
        Assert.Equal(agents[1].Get<string>("Id"), Assert.Single(page).Get<string>("Id"));
        Assert.Equal(["AI/ML Expert", "Memo"], backups.Select(b => b.Get<string>("AgentName")).Order());
        var address = $"postgresql://letta@127.0.0.1:{database.Server.Port}/{database.Name}";
        Assert.Equal(address, agents[0].Properties["Connection"].Value.ToString());
        using var manifest = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(Directory.GetDirectories(folder.Path)[0], "manifest.json"), TestContext.Current.CancellationToken));
        Assert.Equal(address, manifest.RootElement.GetProperty("server").GetString());
        Assert.StartsWith("AgentNotFound,", Assert.Single(shell.Run("Get-LettaAgent nobody -DatabaseUri $args[0]", database.Uri()).Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.StartsWith("ServerAddressRequired,", Assert.Single(shell.Run("Get-LettaAgent Memo -DatabaseUri $args[0] | Export-LettaAgent -Path $args[1] -Source Api", database.Uri(), folder.Path).Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Auto_reads_the_database_that_has_the_agents_of_the_server()
    {
        await using var database = await FleetAsync();
        await using var letta = await ServerAsync();

        var backups = letta.Run($"Export-LettaAgent {letta.Path} -DatabaseUri $args[0]", database.Uri()).Succeed();

        Assert.Equal(16, backups.Count);
        Assert.All(backups, b => Assert.Equal("Database", b.Get<string>("Source")));
        Assert.Empty(letta.Shell.Console.Warnings);
        Assert.Equal(letta.Server.BaseUri, letta.Run("(Get-LettaAgent Memo -DatabaseUri $args[0]).Connection", database.Uri()).Succeed().Single().Get<Uri>("BaseUri"));
    }

    [Fact]
    public async Task Auto_reads_the_database_where_the_server_answers_500()
    {
        await using var database = await FleetAsync();
        await using var letta = await ServerAsync();
        letta.Server.Faults.Add(new Fault(new StatusEffect(500)) { Path = "/v1/agents/" });

        var backups = letta.Run($"Export-LettaAgent {letta.Path} -DatabaseUri $args[0]", database.Uri()).Succeed();

        Assert.Equal(16, backups.Count);
        Assert.All(backups, b => Assert.Equal("Database", b.Get<string>("Source")));
        Assert.Empty(letta.Shell.Console.Warnings);
    }

    [Theory]
    [InlineData("UPDATE agents SET id = 'agent-' || gen_random_uuid()", "another server's")]
    [InlineData("DELETE FROM agents", "another server's")]
    [InlineData("UPDATE agents SET updated_at = updated_at - interval '1 day'", "a copy of an earlier time")]
    [InlineData("DROP TABLE agents CASCADE", "is not a Letta database")]
    public async Task Auto_does_not_read_a_database_that_is_not_the_servers_own(string change, string why)
    {
        await using var database = await FleetAsync();
        await database.ExecuteAsync("SET session_replication_role = replica; " + change);
        await using var letta = await ServerAsync();

        var backups = letta.Run($"Get-LettaAgent Memo -Source Api | Export-LettaAgent {letta.Path} -DatabaseUri $args[0]", database.Uri()).Succeed();

        Assert.Equal("Api", Assert.Single(backups).Get<string>("Source"));
        Assert.Contains(why, letta.Shell.Console.Warnings[0], StringComparison.Ordinal);
        Assert.Contains("-Source Database", letta.Shell.Console.Warnings[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Auto_reads_the_api_where_the_database_cannot_be_reached()
    {
        await using var letta = await ServerAsync();

        var agent = Assert.Single(letta.Run("Get-LettaAgent Memo -DatabaseUri 'postgresql://letta:letta@127.0.0.1:1/letta'").Succeed());

        Assert.Equal("Memo", agent.Get<string>("Name"));
        Assert.Contains("'postgresql://letta@127.0.0.1:1/letta' does not answer", Assert.Single(letta.Shell.Console.Warnings), StringComparison.Ordinal);
        Assert.StartsWith(
            "DatabaseUnreachable,",
            Assert.Single(letta.Run("Get-LettaAgent -Source Database -DatabaseUri 'postgresql://letta:letta@127.0.0.1:1/letta'").Errors).FullyQualifiedErrorId,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_database_auto_asks_the_api_for_nothing_more()
    {
        await using var letta = await ServerAsync();
        var before = letta.Server.Requests.Entries.Count;
        letta.Run("Get-LettaAgent -Source Api").Succeed();
        var api = letta.Server.Requests.Entries.Count - before;

        letta.Run("Get-LettaAgent").Succeed();

        Assert.Equal(api, letta.Server.Requests.Entries.Count - before - api);
    }

    [Fact]
    public async Task A_set_is_gone_on_with_and_what_is_left_out_is_said()
    {
        await using var database = await FleetAsync();
        using var folder = new TempFolder();
        using var shell = new Shell();
        var id = (await database.ListAsync("SELECT agent_id FROM messages GROUP BY agent_id ORDER BY count(*) DESC LIMIT 1"))[0];
        const string Export = "Export-LettaAgent -Path $args[0] -DatabaseUri $args[1] -NoHistory -NoArchive";
        var first = Assert.Single(shell.Run(Export + " -Id $args[2]", folder.Path, database.Uri(), id).Succeed());
        var set = Assert.Single(Directory.GetDirectories(folder.Path));

        var second = shell.Run(Export + " -Resume", set, database.Uri()).Succeed();
        await database.ExecuteAsync("UPDATE agents SET updated_at = now() WHERE name = 'Memo'");
        var third = shell.Run(Export + " -Resume", set, database.Uri()).Succeed();

        Assert.Equal(await database.QueryAsync<long>($"SELECT json_array_length(message_ids)::bigint FROM agents WHERE id = '{id}'"), first.Get<int>("MessageCount"));
        Assert.Equal(id, Assert.Single(second, b => b.Get<bool>("IsReused")).Get<string>("AgentId"));
        Assert.Equal("Memo", Assert.Single(third, b => !b.Get<bool>("IsReused")).Get<string>("AgentName"));
        Assert.Equal(16, third.Count);
        Assert.Equal(0, third.Sum(b => b.Get<int>("PassageCount")));
        Assert.Empty(shell.Console.Warnings);
    }

    [Fact]
    public async Task Stopping_ends_the_reading_and_leaves_nothing()
    {
        await using var database = await FleetAsync();
        await database.ExecuteAsync(
            """
            CREATE FUNCTION wait() RETURNS boolean LANGUAGE sql AS 'SELECT pg_advisory_xact_lock_shared(1) IS NOT NULL';
            CREATE POLICY slow ON messages USING (wait());
            ALTER TABLE messages ENABLE ROW LEVEL SECURITY;
            ALTER TABLE messages FORCE ROW LEVEL SECURITY;
            """);
        await using var rival = await database.ConnectAsync();
        await using (var hold = new NpgsqlCommand("SELECT pg_advisory_lock(1)", rival))
        {
            await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        using var folder = new TempFolder();
        using var shell = new Shell();
        using var powershell = shell.Create("Export-LettaAgent -Path $args[0] -Source Database -DatabaseUri $args[1]").AddArgument(folder.Path).AddArgument(database.Uri());
        var running = powershell.BeginInvoke();
        while (await database.QueryAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'LettaPS' AND wait_event_type = 'Lock' AND datname = current_database()") == 0)
        {
            Assert.False(running.IsCompleted, "It did not wait.");
        }

        powershell.Stop();

        Assert.Throws<PipelineStoppedException>(() => powershell.EndInvoke(running));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
        Assert.Equal(0L, await database.QueryAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'LettaPS' AND state = 'active' AND datname = current_database()"));
    }

    internal static async Task<PostgresDatabase> FleetAsync() => await (await PostgresServer.GetAsync()).CreateFleetAsync("0.16.8");

    /// <summary>A server with the agents of the fleet.</summary>
    internal static Task<Connected> ServerAsync() =>
        Connected.ToAsync(new SandboxOptions { Release = "0.16.8", Fleet = Fleet.Recorded(Path.Combine(AppContext.BaseDirectory, "Fixtures", "fleet")) });
}
