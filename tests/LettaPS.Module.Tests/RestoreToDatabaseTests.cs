using LettaPS.Hosting;
using LettaPS.Sandbox;
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
        Assert.Equal([], results.SelectMany(r => r.Get<IReadOnlyList<string>>("Gaps")));
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

        Assert.Equal("NoDatabaseRows,LettaPS.Commands.RestoreLettaAgentCommand", Assert.Single(run.Errors).FullyQualifiedErrorId);
        Assert.Equal("Failed", Assert.Single(run.Output).Properties["Status"].Value.ToString());
    }

    [Theory]
    [InlineData("-Source Api -PreserveId")]
    [InlineData("-Source Database -NoTool")]
    [InlineData("-PreserveId -ModelMap @{ a = 'b' }")]
    public void What_does_not_go_together_is_refused(string parameters)
    {
        using var folder = new TempFolder();
        using var shell = new Shell();

        var run = shell.Run($"Restore-LettaAgent '{folder.Path}' {parameters}");

        Assert.Equal("ParametersDisagree,LettaPS.Commands.RestoreLettaAgentCommand", Assert.Single(run.Errors).FullyQualifiedErrorId);
    }

    private static async Task<PostgresDatabase> EmptyAsync(string release) => await (await PostgresServer.GetAsync()).CreateLettaDatabaseAsync($"alembic/{release}", stamped: true);
}
