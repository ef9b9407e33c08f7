using System.Management.Automation;
using LettaPS.Sandbox;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Health;

public class UpgradeTests
{
    [Fact]
    public async Task A_fresh_database_of_0_11_3_is_ready_with_what_is_lost_on_the_way()
    {
        await using var server = await HealthyServer.StartAsync("alembic/0.11.3", release: "0.11.3");
        var before = await server.Database.CountWritesAsync();

        var test = Examine(server);

        Assert.Equal(("0.11.3", "0.16.8", "ReadyWithWarnings"), (test.Get<string>("From"), test.Get<string>("To"), Verdict(test)));
        Assert.Equal(58, Steps(test).Count);
        Assert.Equal(before, await server.Database.CountWritesAsync());
        Assert.All(server.Letta.Server.Requests.Entries, r => Assert.Equal("GET", r.Method));
    }

    [Fact]
    public async Task Destructive_slow_and_stranding_migrations_are_marked()
    {
        await using var server = await HealthyServer.StartAsync("alembic/0.11.3", release: "0.11.3");

        var steps = Steps(Examine(server));

        Assert.Equal(["567e9fe06270", "b1c2d3e4f5a6"], Revisions(steps.Where(s => s.Get<IReadOnlyList<string>>("Destroys").Count > 0)));
        Assert.Equal(["b888f21b151f", "f6cd5a1e519d", "45402909a46b", "a08c972e781b"], Revisions(steps.Where(s => s.Get<bool>("CanStrand"))));
        Assert.DoesNotContain(steps, s => s.Get<bool>("IsSlow"));
    }

    [Fact]
    public async Task What_is_slow_follows_from_the_rows_of_this_database()
    {
        await using var server = await HealthyServer.StartAsync("alembic/0.11.3", release: "0.11.3");
        await server.Database.ExecuteAsync("UPDATE pg_class SET reltuples = 30600000 WHERE relname = 'messages'; INSERT INTO messages (id, agent_id, role, tool_calls, organization_id) SELECT 'm', id, 'user', '[]', organization_id FROM agents");

        var test = Examine(server);

        Assert.Contains("27de0f58e076", Revisions(Steps(test).Where(s => s.Get<bool>("IsSlow"))));
        Assert.Equal("ReadyWithWarnings", Verdict(Check(test, "Duration")));
        Assert.Contains("567e9fe06270 (about 21 s)", Reasons(test));
    }

    [Fact]
    public async Task Rows_that_are_dropped_are_told_of_only_where_there_are_any()
    {
        await using var server = await HealthyServer.StartAsync("alembic/0.11.3", release: "0.11.3");
        Assert.Equal("Ready", Verdict(Check(Examine(server), "Destruction")));
        await server.Database.ExecuteAsync("INSERT INTO steps (id, organization_id, model, total_tokens, prompt_tokens, completion_tokens) SELECT 'step-1', organization_id, 'm', 1, 1, 1 FROM agents LIMIT 1");

        Assert.Contains("steps.job_id", Check(Examine(server), "Destruction").Get<string>("Message"));
    }

    [Fact]
    public async Task An_archive_makes_the_migration_that_commits_halfway_dangerous()
    {
        await using var server = await HealthyServer.StartAsync("alembic/0.12.1", release: "0.16.2");
        Assert.DoesNotContain("f6cd5a1e519d", Check(Examine(server), "Stranding").Get<string>("Message"));
        await server.Database.ExecuteAsync("INSERT INTO archives (id, name, organization_id, vector_db_provider) SELECT 'archive-11111111-1111-4111-8111-111111111111', 'a', organization_id, 'NATIVE' FROM agents");

        Assert.Contains("f6cd5a1e519d", Check(Examine(server), "Stranding").Get<string>("Message"));
    }

    /// <summary>Failure 1: the night of the seed, before it happens.</summary>
    [Fact]
    public async Task A_database_that_alembic_does_not_know_is_blocked()
    {
        await using var server = await HealthyServer.StartAsync("create_all/0.16.1", stamped: false, release: "0.16.2");

        var test = Examine(server, "0.16.2");

        Assert.Equal(("Blocked", "Blocked"), (Verdict(test), Verdict(Check(test, "Path"))));
        Assert.Contains("-AdoptAlembic", Check(test, "Path").Get<string>("Recommendation"));
    }

    [Theory]
    [InlineData("0.16.8")]
    [InlineData("0.12.0")]
    public async Task Without_a_revision_or_on_the_way_back_a_database_is_held_to_its_own_release(string to)
    {
        await using var server = await HealthyServer.StartAsync("alembic/0.16.2", stamped: to == "0.12.0", release: "0.16.2");

        Assert.Equal("Ready", Verdict(Check(Examine(server, to), "Schema")));
    }

    [Fact]
    public async Task An_empty_database_cannot_be_the_one_of_a_server_that_reads_agents()
    {
        await using var server = await HealthyServer.StartAsync();
        await using var empty = await server.Database.Server.CreateDatabaseAsync();

        var test = server.Letta.Run("Test-LettaUpgrade -To 0.16.8 -DatabaseUri $args[0]", empty.Uri()).Succeed().Single();

        Assert.Equal("Blocked", Verdict(Check(test, "Database")));
        Assert.Contains("not its database", Check(test, "Database").Get<string>("Message"));
    }

    [Fact]
    public async Task The_way_back_is_blocked()
    {
        await using var server = await HealthyServer.StartAsync();

        var test = Examine(server, "0.16.2");

        Assert.Equal("Blocked", Verdict(Check(test, "Path")));
        Assert.Contains("dump", Check(test, "Path").Get<string>("Recommendation"));
    }

    [Fact]
    public async Task A_migration_that_stopped_halfway_blocks()
    {
        await using var server = await HealthyServer.StartAsync("alembic/0.13.0", release: "0.16.2");
        await server.Database.ExecuteAsync("UPDATE alembic_version SET version_num = 'c6c43222e2de'");

        var test = Examine(server);

        Assert.Equal("Blocked", Verdict(Check(test, "Stuck")));
        Assert.Contains("42701", Reasons(test));
    }

    [Fact]
    public async Task Constraints_of_other_names_than_a_migration_drops_block()
    {
        await using var server = await HealthyServer.StartAsync("alembic/0.11.3", release: "0.11.3");
        await server.Database.ExecuteAsync("ALTER TABLE steps RENAME CONSTRAINT fk_steps_job_id TO steps_job_id_fkey");

        Assert.Equal("Blocked", Verdict(Check(Examine(server), "Constraints")));
    }

    [Fact]
    public async Task A_database_without_the_extension_is_blocked()
    {
        await using var server = await HealthyServer.StartAsync("alembic/0.16.2", release: "0.16.2");
        await server.Database.ExecuteAsync("DROP EXTENSION vector CASCADE");

        Assert.Equal("Blocked", Verdict(Check(Examine(server), "Vector")));
    }

    [Theory]
    [InlineData("0.16.9", "Blocked")]
    [InlineData("0.16.3", "")]
    [InlineData("0.16.4", "")]
    public async Task A_release_without_an_image_is_refused(string to, string verdict)
    {
        await using var server = await HealthyServer.StartAsync("alembic/0.16.2", release: "0.16.2");

        var result = server.Letta.Run("Test-LettaUpgrade -To $args[1] -DatabaseUri $args[0]", server.Database.Uri(), to);

        Assert.Equal(verdict.Length > 0, result.Errors.Count > 0);
    }

    [Fact]
    public async Task Names_and_ids_that_the_release_refuses_are_told()
    {
        await using var server = await HealthyServer.StartAsync("alembic/0.11.3", release: "0.11.3");
        await server.AddAgentAsync("agent-22222222-2222-1222-8222-222222222222", "AI/ML Expert");

        var test = Examine(server);

        Assert.Contains("'AI/ML Expert'", Check(test, "Names").Get<string>("Message"));
        Assert.Equal("ReadyWithWarnings", Verdict(Check(test, "Ids")));
    }

    [Fact]
    public async Task Secrets_that_become_invisible_are_counted_unless_there_is_a_key()
    {
        await using var server = await HealthyServer.StartAsync("alembic/0.11.3", release: "0.11.3");
        await server.Database.ExecuteAsync("INSERT INTO providers (id, name, provider_type, provider_category, api_key, organization_id) SELECT 'provider-11111111-1111-4111-8111-111111111111', 'openai', 'openai', 'byok', 'sk-hush-hush', organization_id FROM agents");

        var test = Examine(server);
        var withKey = server.Letta.Run("$env:LETTA_ENCRYPTION_KEY = 'k'; try { Test-LettaUpgrade -To 0.16.8 -DatabaseUri $args[0] } finally { $env:LETTA_ENCRYPTION_KEY = $null }", server.Database.Uri()).Succeed().Single();

        Assert.Contains("1 in providers.api_key", Check(test, "Secrets").Get<string>("Message"));
        Assert.Equal(("ReadyWithWarnings", "Ready"), (Verdict(Check(test, "Secrets")), Verdict(Check(withKey, "Secrets"))));
        Assert.DoesNotContain("hush-hush", Reasons(test), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tool_messages_that_the_release_would_damage_are_told()
    {
        await using var server = await HealthyServer.StartAsync("alembic/0.11.3", release: "0.11.3");
        await server.Database.LoadAsync("0.11.3", "messages");

        Assert.Contains("tool messages of 0.11 are in danger", Check(Examine(server), "Messages").Get<string>("Message"));
    }

    [Fact]
    public async Task A_backup_that_is_missing_damaged_or_old_blocks()
    {
        await using var server = await HealthyServer.StartAsync();
        Assert.Equal("ReadyWithWarnings", Verdict(Check(Examine(server), "Backup")));
        Assert.Equal("Blocked", Verdict(Check(Examine(server, more: $"-BackupPath {server.Letta.Path}"), "Backup")));

        server.Letta.Run("Export-LettaAgent -Path $args[0]", server.Letta.Folder.Path).Succeed();
        Assert.Equal("ReadyWithWarnings", Verdict(Check(Examine(server, more: $"-BackupPath {server.Letta.Path}"), "Backup")));
        Assert.Equal("Blocked", Verdict(Check(Examine(server, more: $"-BackupPath {server.Letta.Path} -MaximumBackupAge 0"), "Backup")));

        var file = Directory.GetFiles(server.Letta.Set, "*.af")[0];
        await File.AppendAllTextAsync(file, " ", TestContext.Current.CancellationToken);
        Assert.Equal("Blocked", Verdict(Check(Examine(server, more: $"-BackupPath {server.Letta.Path}"), "Backup")));
    }

    [Fact]
    public async Task Without_a_database_there_is_no_verdict_but_blocked()
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Release = "0.16.8" });

        var test = letta.Run("Test-LettaUpgrade -To 0.16.8 -DatabaseUri $args[0]", $"postgresql://a:b@127.0.0.1:{FreePort.Next()}/c").Succeed().Single();

        Assert.Equal(("Blocked", "0.16.8"), (Verdict(test), test.Get<string>("From")));
        Assert.Contains("Database:", Reasons(test));
    }

    [Fact]
    public async Task What_the_server_itself_says_is_enough_to_block_the_way_back()
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Release = "0.16.8" });

        var test = letta.Run("Test-LettaUpgrade -To 0.16.2 -DatabaseUri $args[0]", $"postgresql://a:b@127.0.0.1:{FreePort.Next()}/c").Succeed().Single();

        Assert.Equal("Blocked", Verdict(Check(test, "Path")));
    }

    [Fact]
    public async Task The_view_shows_verdict_and_reasons()
    {
        await using var server = await HealthyServer.StartAsync("alembic/0.11.3", release: "0.11.3");

        Assert.True(server.Shell.Show($"Test-LettaUpgrade -To 0.16.8 -DatabaseUri '{server.Database.Uri()}'"));

        Assert.Contains("Verdict    : ReadyWithWarnings", server.Shell.Console.Text);
        Assert.Contains("Migrations : 58, about", server.Shell.Console.Text);
        Assert.Contains("Backup: Nothing says whether there is a backup.", server.Shell.Console.Text);
    }

    private static PSObject Examine(HealthyServer server, string to = "0.16.8", string more = "") =>
        server.Letta.Run($"Test-LettaUpgrade -To $args[1] -DatabaseUri $args[0] {more}", server.Database.Uri(), to).Succeed().Single();

    private static PSObject Check(PSObject test, string name) => test.Get<IEnumerable<object>>("Checks").Select(PSObject.AsPSObject).Single(c => c.Get<string>("Name") == name);

    private static string Verdict(PSObject item) => item.Properties["Verdict"].Value.ToString()!;

    private static string Reasons(PSObject test) => string.Join('\n', test.Get<IReadOnlyList<string>>("Reasons"));

    private static List<PSObject> Steps(PSObject test) => [.. test.Get<IEnumerable<object>>("Migrations").Select(PSObject.AsPSObject)];

    private static IEnumerable<string> Revisions(IEnumerable<PSObject> steps) => steps.Select(s => s.Get<string>("Revision"));
}
