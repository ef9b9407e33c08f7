using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests;

public class LettaSchemaTests
{
    private const string Story = "create_all/story-0.16.1-then-0.16.2";

    [Fact]
    public async Task The_seed_s_night_takes_three_lines()
    {
        await using var database = await CreateAsync(Story);
        using var shell = new Shell();

        var before = shell.Run("Compare-LettaSchema -Version 0.16.2 -DatabaseUri $args[0] | Where-Object Severity -eq Breaks", database.Uri()).Succeed();
        shell.Run("Invoke-LettaSchemaFix -Version 0.16.2 -AdoptAlembic -DatabaseUri $args[0]", database.Uri()).Succeed();
        var report = Assert.Single(shell.Run("Compare-LettaSchema -Version 0.16.2 -Summary -DatabaseUri $args[0]", database.Uri()).Succeed());

        Assert.Equal(["conversation_id", "conversation_id", "message_seq_id", "request_id", "sequence_id"], before.Select(d => d.Get<string>("Name")).Order());
        Assert.True(report.Get<bool>("IsUsable"));
        Assert.Equal("27de0f58e076", report.Get<string>("Revision"));
    }

    [Fact]
    public async Task WhatIf_shows_the_statements_in_order_gives_the_plan_and_changes_nothing()
    {
        await using var database = await CreateAsync(Story);
        using var shell = new Shell(width: 2000);

        var plan = shell.Run("Invoke-LettaSchemaFix 0.16.2 -AdoptAlembic -WhatIf -DatabaseUri $args[0]", database.Uri()).Succeed();

        Assert.All(plan, r => Assert.Equal("Planned", r.Properties["Status"].Value.ToString()));
        var shown = shell.Console.Text;
        var position = -1;
        foreach (var sql in plan.Select(r => r.Get<string>("Sql")))
        {
            var next = shown.IndexOf($"\"{sql}\"", position + 1, StringComparison.Ordinal);
            Assert.True(next > position, $"Not shown, or not in order: {sql}");
            position = next;
        }

        Assert.Contains("ADD COLUMN \"conversation_id\" character varying", shown, StringComparison.Ordinal);
        Assert.EndsWith("VALUES ('27de0f58e076')", plan[^1].Get<string>("Sql"), StringComparison.Ordinal);
        Assert.Equal(0, await database.QueryAsync<long>("SELECT count(*) FROM pg_class WHERE relname IN ('alembic_version', 'message_seq_id')"));
    }

    [Fact]
    public async Task Differences_piped_are_mended_and_no_others()
    {
        await using var database = await CreateAsync(Story);
        using var shell = new Shell();

        var results = shell.Run("Compare-LettaSchema 0.16.2 -DatabaseUri $args[0] | Where-Object Name -eq request_id | Invoke-LettaSchemaFix", database.Uri()).Succeed();

        Assert.Equal(["request_id"], results.Select(r => r.Get<string?>("Name")).OfType<string>());
        Assert.Equal(4, shell.Run("Compare-LettaSchema 0.16.2 -DatabaseUri $args[0] | Where-Object Severity -eq Breaks", database.Uri()).Succeed().Count);
        Assert.Empty(shell.Run("Compare-LettaSchema 0.16.2 -DatabaseUri $args[0] | Where-Object Name -eq nothing | Invoke-LettaSchemaFix", database.Uri()).Succeed());
    }

    [Theory]
    [InlineData("Invoke-LettaSchemaFix -LockTimeout -1")]
    [InlineData("Invoke-LettaSchemaFix -LockTimeout 86401")]
    [InlineData("Invoke-LettaSchemaFix -LockTimeout ([timespan]'-00:00:01')")]
    [InlineData("Reset-LettaDatabase -MaximumBackupAge '-1.0:00'")]
    [InlineData("Reset-LettaDatabase -MaximumBackupAge 3153600001")]
    public void A_duration_that_is_none_is_refused_before_anything_is_done(string command)
    {
        using var shell = new Shell();

        var error = Assert.Single(shell.Run(command).Errors);

        Assert.StartsWith("ParameterArgumentValidationError,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("is not from 0 to", error.Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Confirm_asks_for_each_statement_and_a_no_is_heeded()
    {
        await using var database = await CreateAsync(Story);
        using var shell = new Shell();
        const int No = 2;
        shell.Console.Answers.Enqueue(No);

        var result = Assert.Single(shell.Run("Invoke-LettaSchemaFix 0.16.2 -Kind MissingSequence -Confirm -DatabaseUri $args[0]", database.Uri()).Succeed());

        Assert.Equal("Skipped", result.Properties["Status"].Value.ToString());
        Assert.Contains("CREATE SEQUENCE", Assert.Single(shell.Console.Prompts), StringComparison.Ordinal);
        Assert.Equal(0, await database.QueryAsync<long>("SELECT count(*) FROM pg_class WHERE relname = 'message_seq_id'"));
    }

    [Fact]
    public async Task The_connection_of_the_session_leads_to_its_database()
    {
        await using var database = await CreateAsync("alembic/0.16.2");
        await using var letta = await Connected.ToAsync();
        letta.Run("Connect-Letta $args[0] -DatabaseUri $args[1]", letta.Server.BaseUri, database.Uri()).Succeed();

        var ofSession = Assert.Single(letta.Run("Compare-LettaSchema -Summary").Succeed());
        var ofParameter = Assert.Single(letta.Run("Get-LettaConnection | Compare-LettaSchema 0.16.2 -Summary").Succeed());

        Assert.Equal("0.16.2", ofSession.Get<string>("NearestRelease"));
        Assert.Equal("0.16.2", ofParameter.Get<string>("Release"));
    }

    [Theory]
    [InlineData("Compare-LettaSchema -DatabaseUri 'postgresql://letta:opensesame@127.0.0.1:1/letta'", "DatabaseUnreachable,LettaPS.Cmdlets.CompareLettaSchemaCommand")]
    [InlineData("Invoke-LettaSchemaFix -DatabaseUri 'postgresql://letta:opensesame@127.0.0.1:x/letta'", "InvalidDatabaseUri,LettaPS.Cmdlets.InvokeLettaSchemaFixCommand")]
    [InlineData("Compare-LettaSchema latest -DatabaseUri 'postgresql://letta:opensesame@127.0.0.1:1/letta'", "ReleaseNotFound,LettaPS.Cmdlets.CompareLettaSchemaCommand")]
    public void A_failure_names_its_cause_and_never_the_password(string script, string id)
    {
        using var shell = new Shell();

        var error = Assert.Single(shell.Run($"{script} -Verbose").Errors);

        Assert.Equal(id, error.FullyQualifiedErrorId);
        Assert.DoesNotContain("opensesame", error + string.Concat(shell.Console.Verbose) + shell.Console.Text + shell.Console.Errors, StringComparison.Ordinal);
        Assert.NotNull(error.ErrorDetails?.RecommendedAction);
    }

    [Fact]
    public async Task The_views_show_what_is_wrong_and_what_is_done()
    {
        await using var database = await CreateAsync(Story);
        using var shell = new Shell(width: 160);

        shell.Show($"Compare-LettaSchema 0.16.2 -DatabaseUri '{database.Uri()}' | Where-Object Kind -eq MissingDefault | Where-Object Severity -eq Breaks");
        shell.Show($"Invoke-LettaSchemaFix 0.16.2 -Kind MissingSequence -DatabaseUri '{database.Uri()}'");

        Assert.Matches(@"Severity\s+Kind\s+Object\s+Fix\s+Effect", shell.Console.Text);
        Assert.Matches(@"Breaks\s+MissingDefault\s+messages\.sequence_id\s+yes\s+Inserting a message fails: clients get 409 when\s+they send one, and import answers 400\.", shell.Console.Text);
        Assert.Matches(@"Done\s+MissingSequence\s+message_seq_id\s+CREATE SEQUENCE IF NOT EXISTS\s+""public""\.""message_seq_id"" AS bigint", shell.Console.Text);
    }

    [Fact]
    public async Task An_empty_database_is_said_to_be_empty()
    {
        await using var database = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        using var shell = new Shell();

        Assert.Empty(shell.Run("Compare-LettaSchema -DatabaseUri $args[0]", database.Uri()).Succeed());

        Assert.Contains("has no tables", Assert.Single(shell.Console.Warnings), StringComparison.Ordinal);
        Assert.Equal("Empty", Assert.Single(shell.Run("Compare-LettaSchema -Summary -DatabaseUri $args[0]", database.Uri()).Succeed()).Properties["Builder"].Value.ToString());
    }

    [Fact]
    public void Releases_are_listed_by_name_and_pattern_and_shown_as_a_table()
    {
        using var shell = new Shell(width: 160);

        Assert.Equal(20, shell.Run("Get-LettaRelease").Succeed().Count);
        Assert.Equal(["0.16.7", "0.16.8"], shell.Run("Get-LettaRelease 0.16.[78]").Succeed().Select(r => r.ToString()));
        Assert.Equal("39577145c45d", Assert.Single(shell.Run("'0.16.1' | Get-LettaRelease").Succeed()).Get<string>("AlembicHead"));
        Assert.Equal("ReleaseNotFound,LettaPS.Cmdlets.GetLettaReleaseCommand", Assert.Single(shell.Run("Get-LettaRelease latest").Errors).FullyQualifiedErrorId);

        shell.Show("Get-LettaRelease 0.11.5");
        Assert.Matches(@"0\.11\.5\s+2025-08-26\s+ffb17eb241fc\s+15\s+0\s+2\s+Its package says 0\.10\.0", shell.Console.Text);
    }

    [Fact]
    public async Task A_release_piped_is_the_one_compared_with()
    {
        await using var database = await CreateAsync("alembic/0.16.1");
        using var shell = new Shell();

        var drifts = shell.Run("Get-LettaRelease 0.16.2 | Compare-LettaSchema -DatabaseUri $args[0]", database.Uri()).Succeed();

        Assert.Contains(drifts, d => d.Get<string>("Release") == "0.16.2" && d.Get<string>("Name") == "request_id");
    }

    private static async Task<PostgresDatabase> CreateAsync(string catalog) => await (await PostgresServer.GetAsync()).CreateLettaDatabaseAsync(catalog);
}
