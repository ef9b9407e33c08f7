using LettaPS.Hosting;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests;

/// <summary>From a database to a set to another database, without a server.</summary>
public sealed class RestoreToDatabaseTests
{
    private static readonly string[] s_tables =
    [
        "agents", "agents_tags", "agent_environment_variables", "messages", "blocks_agents", "tools_agents", "sources_agents", "identities", "identities_agents",
        "archives", "archives_agents", "archival_passages", "files", "file_contents", "files_agents", "source_passages",
    ];

    [Theory]
    [InlineData("0.11.3", "0.11.3")]
    [InlineData("0.16.2", "0.16.2")]
    [InlineData("0.16.2", "0.16.8")]
    [InlineData("0.16.8", "0.16.8")]
    public async Task The_recorded_fleet_comes_back_row_by_row(string from, string to)
    {
        await using var source = await (await PostgresServer.GetAsync()).CreateFleetAsync(from);
        await using var target = await EmptyAsync(to);
        using var folder = new TempFolder();
        using var shell = new Shell();
        shell.Run($"Export-LettaAgent '{folder.Path}' -Source Database -IncludeSecret -DatabaseUri $args[0] -WarningAction SilentlyContinue", source.Uri()).Succeed();

        var results = shell.Run($"Restore-LettaAgent '{folder.Path}' -Source Database -PreserveId -DatabaseUri $args[0]", target.Uri()).Succeed();

        Assert.Equal(16, results.Count);
        Assert.Equal([], results.SelectMany(r => r.Get<IReadOnlyList<string>>("Missing")));
        foreach (var table in s_tables)
        {
            var columns = DatabaseFleet.Columns($"alembic/{from}", table).Intersect(DatabaseFleet.Columns($"alembic/{to}", table)).ToList();
            Assert.Equal(await DatabaseFleet.ReadAsync(source, table, columns), await DatabaseFleet.ReadAsync(target, table, columns));
        }

        var again = shell.Run($"Restore-LettaAgent '{folder.Path}' -Source Database -PreserveId -DatabaseUri $args[0]", target.Uri()).Succeed();
        Assert.All(again, r => Assert.Equal("Skipped", r.Properties["Status"].Value.ToString()));
    }

    [Fact]
    public async Task WhatIf_says_what_would_be_written_and_writes_nothing()
    {
        await using var source = await (await PostgresServer.GetAsync()).CreateFleetAsync("0.16.2");
        await using var target = await EmptyAsync("0.16.2");
        using var folder = new TempFolder();
        using var shell = new Shell(width: 2000);
        shell.Run($"Export-LettaAgent '{folder.Path}' -Source Database -DatabaseUri $args[0]", source.Uri()).Succeed();

        var results = shell.Run($"Restore-LettaAgent '{folder.Path}' -Source Database -PreserveId -WhatIf -DatabaseUri $args[0]", target.Uri()).Succeed();

        Assert.Empty(results);
        Assert.Matches(@"Write to postgresql://letta@127\.0\.0\.1:\d+/test_\d+ \(Letta 0\.16\.2\): 319 messages, \d+ passages", shell.Console.Text);
        Assert.Equal(0, await target.QueryAsync<long>("SELECT count(*) FROM agents"));
        Assert.False(File.Exists(Path.Combine(Directory.GetDirectories(folder.Path).Single(), "id-map.json")));
    }

    [Fact]
    public async Task A_set_without_rows_is_an_error_an_agent()
    {
        await using var source = await Connected.ToAsync(new SandboxOptions());
        await using var target = await EmptyAsync("0.16.2");
        source.Run($"Export-LettaAgent {source.Path}").Succeed();
        using var shell = new Shell();

        var run = shell.Run("Restore-LettaAgent $args[0] -Name 'AI/ML*' -Source Database -DatabaseUri $args[1]", source.Set, target.Uri());

        Assert.Equal("DatabaseRowsNotFound,LettaPS.Cmdlets.RestoreLettaAgentCommand", Assert.Single(run.Errors).FullyQualifiedErrorId);
        Assert.Equal("Failed", Assert.Single(run.Output).Properties["Status"].Value.ToString());
    }

    [Fact]
    public async Task Auto_writes_the_rows_into_the_database_that_has_the_tools_of_the_server()
    {
        await using var source = await (await PostgresServer.GetAsync()).CreateFleetAsync("0.16.8");
        await using var target = await EmptyAsync("0.16.8");
        await using var letta = await Connected.ToAsync(new SandboxOptions { Release = "0.16.8", Fleet = Fleet.Empty });
        await GiveToolsAsync(letta, target);
        letta.Run($"Export-LettaAgent {letta.Path} -IncludeSecret -DatabaseUri $args[0] -Source Database -WarningAction SilentlyContinue", source.Uri()).Succeed();

        var results = letta.Run($"Restore-LettaAgent {letta.Path} -DatabaseUri $args[0]", target.Uri()).Succeed();

        Assert.Equal(16, results.Count);
        Assert.Empty(letta.Shell.Console.Warnings);
        Assert.Equal(await source.ListAsync("SELECT count(*)::text FROM messages"), await target.ListAsync("SELECT count(*)::text FROM messages"));
        Assert.Equal(await source.ListAsync("SELECT embedding::text FROM archival_passages ORDER BY 1"), await target.ListAsync("SELECT embedding::text FROM archival_passages ORDER BY 1"));
        Assert.Empty(letta.Server.State.Agents);
        Assert.Equal(16, letta.Run($"Restore-LettaAgent {letta.Path} -Source Database -DatabaseUri $args[0]", target.Uri()).Succeed().Count(r => r.Properties["Status"].Value.ToString() == "Skipped"));
    }

    [Theory]
    [InlineData("DELETE FROM tools", "does not have the tools of http://127.0.0.1:")]
    [InlineData("ALTER TABLE messages DROP COLUMN otid", "Compare-LettaSchema")]
    [InlineData("DROP TABLE agents CASCADE", "is not a Letta database")]
    public async Task Auto_imports_where_the_database_is_not_the_servers_or_cannot_take_rows(string change, string why)
    {
        await using var source = await (await PostgresServer.GetAsync()).CreateFleetAsync("0.16.8");
        await using var target = await EmptyAsync("0.16.8");
        await using var letta = await Connected.ToAsync(new SandboxOptions { Release = "0.16.8", Fleet = Fleet.Empty });
        await GiveToolsAsync(letta, target);
        await target.ExecuteAsync("SET session_replication_role = replica; " + change);
        letta.Run($"Export-LettaAgent {letta.Path} -Source Database -DatabaseUri $args[0] -WarningAction SilentlyContinue", source.Uri()).Succeed();

        var results = letta.Run($"Restore-LettaAgent {letta.Path} -Name Memo -DatabaseUri $args[0]", target.Uri()).Succeed();

        Assert.Equal("Memo", Assert.Single(results).Get<string>("AgentName"));
        Assert.Contains(why, letta.Shell.Console.Warnings[0], StringComparison.Ordinal);
        Assert.Contains("-Source Database", letta.Shell.Console.Warnings[0], StringComparison.Ordinal);
        Assert.Single(letta.Server.State.Agents);
    }

    [Fact]
    public async Task Auto_imports_files_without_rows_and_looks_for_no_database()
    {
        await using var source = await Connected.ToAsync(new SandboxOptions());
        await using var letta = await Connected.ToAsync(new SandboxOptions { Fleet = Fleet.Empty });
        source.Run($"Export-LettaAgent {source.Path}").Succeed();

        var results = letta.Run("Restore-LettaAgent $args[0] -Name Memo -DatabaseUri 'postgresql://letta:letta@127.0.0.1:1/letta'", source.Set).Succeed();

        Assert.Equal("Memo", Assert.Single(results).Get<string>("AgentName"));
        Assert.Empty(letta.Shell.Console.Warnings);
        Assert.Single(letta.Server.State.Agents);
    }

    [Theory]
    [InlineData("-Source Api -PreserveId")]
    [InlineData("-Source Api -DatabaseUri postgresql://letta@127.0.0.1/letta")]
    [InlineData("-Source Database -NoTool")]
    [InlineData("-PreserveId -ModelMap @{ a = 'b' }")]
    public void What_does_not_go_together_is_refused(string parameters)
    {
        using var folder = new TempFolder();
        using var shell = new Shell();

        var run = shell.Run($"Restore-LettaAgent '{folder.Path}' {parameters}");

        Assert.Equal("ParameterConflict,LettaPS.Cmdlets.RestoreLettaAgentCommand", Assert.Single(run.Errors).FullyQualifiedErrorId);
    }

    /// <summary>Gives a database the tools of a server, as if it were the server's.</summary>
    private static async Task GiveToolsAsync(Connected letta, PostgresDatabase database)
    {
        await database.ExecuteAsync(
            """
            INSERT INTO organizations (id, name, is_deleted, privileged_tools) VALUES ('org-00000000-0000-4000-8000-000000000000', 'default_org', false, false);
            INSERT INTO users (id, name, is_deleted, organization_id) VALUES ('user-00000000-0000-4000-8000-000000000000', 'default_user', false, 'org-00000000-0000-4000-8000-000000000000');
            """);
        foreach (var tool in letta.Server.State.Tools)
        {
            await database.ExecuteAsync(
                $"INSERT INTO tools (id, name, source_type, tags, organization_id, tool_type) VALUES ('{tool.Id}', '{tool.Name}', 'python', '[]', 'org-00000000-0000-4000-8000-000000000000', 'letta_core')");
        }
    }

    private static async Task<PostgresDatabase> EmptyAsync(string release) => await (await PostgresServer.GetAsync()).CreateLettaDatabaseAsync($"alembic/{release}", stamped: true);
}
