using LettaPS.Hosting;
using LettaPS.Module.Tests.Health;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Docker;

[Collection(DockerCollection.Name)]
public sealed class ContainerHealthTests(RunningProject running) : IClassFixture<RunningProject>
{
    private readonly LettaProject _project = running.Project;

    [Fact]
    public async Task A_server_in_a_container_is_examined_through_the_engine_with_its_database()
    {
        using var shell = new Shell();
        shell.Run("Start-LettaServer $args[0] -Wait", _project.Letta).Succeed();
        await _project.SqlAsync("ALTER TABLE agents ADD COLUMN IF NOT EXISTS llm_config json; DELETE FROM agents; INSERT INTO organizations VALUES ('org-1', 'default') ON CONFLICT DO NOTHING");
        await _project.SqlAsync(
            """
            INSERT INTO agents (id, name, organization_id, created_at, llm_config) VALUES
                ('agent-1', 'Live', 'org-1', now(), '{"model": "live", "model_endpoint": "http://letta-postgres:5432/v1"}'),
                ('agent-2', 'Dead', 'org-1', now(), '{"model": "dead", "model_endpoint": "http://letta-postgres:1/v1"}')
            """);

        var checks = Examine(shell, _project.Letta, "-Deep -ApiKey ([System.Net.NetworkCredential]::new('', 'hush-hush').SecurePassword)");

        Assert.Equal(("Passed", "Passed", "Passed", "Passed", "Passed", "Passed"), (
            checks.Status("Container/Running"), checks.Status("Container/Image"), checks.Status("Container/StartScript"), checks.Status("Container/DatabaseSetting"),
            checks.Status("Container/Data"), checks.Status("Api/Authentication")));
        Assert.Equal($"through container {await IdAsync(_project.Postgres)}", checks.Detail("Database/Reachable"));
        Assert.Contains("are free", checks.Message("Database/Disk"));

        // The host is known in the container's network only: the endpoints are tried from there.
        Assert.Equal("dead of 1 agents at http://letta-postgres:1: nothing listens there", checks.Detail("Models/Endpoints"));
        Assert.DoesNotContain("hush-hush", checks.Everything, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-secret", checks.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stopped_server_fails_once_and_its_database_is_examined_all_the_same()
    {
        using var shell = new Shell();
        shell.Run("Start-LettaServer $args[0] -Wait; Stop-LettaServer $args[0] -TimeoutSec 5", _project.Letta).Succeed();
        try
        {
            var checks = Examine(shell, _project.Letta);

            Assert.Equal(("Failed", "Skipped", "Skipped", "Passed"), (checks.Status("Container/Running"), checks.Status("Network/Port"), checks.Status("Tables/agents"), checks.Status("Database/Reachable")));
            Assert.Contains("Container/Running", checks.Message("Tables/agents"));
            Assert.Contains("Start-LettaServer", checks.Recommendation("Container/Running"));
        }
        finally
        {
            shell.Run("Start-LettaServer $args[0] -Wait", _project.Letta).Succeed();
        }
    }

    [Fact]
    public async Task A_stopped_database_is_named_with_its_container()
    {
        using var shell = new Shell();
        await DockerEngine.DockerAsync("stop", "--time", "2", _project.Postgres);
        try
        {
            var checks = Examine(shell, _project.Letta);

            Assert.Equal(("Failed", "Skipped"), (checks.Status("Database/Reachable"), checks.Status("Schema/Differences")));
            Assert.Contains($"docker start {_project.Postgres}", checks.Recommendation("Database/Reachable"));
        }
        finally
        {
            await DockerEngine.DockerAsync("start", _project.Postgres);
            await DockerEngine.WaitForPostgresAsync(_project.Postgres);

            // It may have ended for want of its database, and be about to end once more.
            shell.Run("Restart-LettaServer $args[0] -Wait", _project.Letta).Succeed();
        }
    }

    [Fact]
    public async Task A_server_that_is_started_again_and_again_is_told_with_the_cause_from_its_log()
    {
        await using var engine = await DockerEngine.OpenAsync();
        var container = await engine.RunContainerAsync("letta", DockerEngine.LettaImage("0.16.2"), "--restart", "always", "--env", "LETTA_PG_URI=postgresql://letta:hush-hush@nowhere.invalid:5432/letta");
        using var shell = new Shell();

        // It waits until the server has failed for good.
        Assert.NotEmpty(shell.Run("Start-LettaServer $args[0] -Wait", container).Errors);

        var checks = Examine(shell, container);

        Assert.NotEqual("Passed", checks.Status("Container/Restarts"));
        Assert.Contains("LETTA_PG_URI", checks.Message("Container/Log"));
        Assert.DoesNotContain("hush-hush", checks.Everything, StringComparison.Ordinal);
    }

    /// <summary>Failures 1, 4 and 5: a tag that moves, a start script that is bypassed, nothing that says where PostgreSQL is, data that goes with the container.</summary>
    [Fact]
    public async Task What_will_bite_later_is_warned_of()
    {
        await using var engine = await DockerEngine.OpenAsync();
        var floating = $"{engine.Prefix}/letta/letta:latest";
        await DockerEngine.DockerAsync("tag", DockerEngine.LettaImage("0.16.2"), floating);
        try
        {
            var bypassed = await engine.RunContainerAsync("bypassed", floating, "--entrypoint", "sleep", "--env", "PGDATA=/elsewhere", "--env", "LETTA_PG_URI=postgresql://letta:letta@localhost:5432/letta");
            using var shell = new Shell();

            // The image comes last on the command line, so that sleep gets no argument and ends: the settings are what is looked at.
            var checks = Examine(shell, bypassed);

            Assert.Equal(("Warning", "Warning", "Warning"), (checks.Status("Container/Image"), checks.Status("Container/StartScript"), checks.Status("Container/Data")));
            Assert.Contains("Set-LettaImagePin", checks.Recommendation("Container/Image"));
            Assert.Contains("never run", checks.Message("Container/StartScript"));
            Assert.Contains("agents are gone", checks.Message("Container/Data"));
        }
        finally
        {
            await engine.DisposeAsync();
            await DockerEngine.DockerAsync("rmi", floating);
        }
    }

    [Fact]
    public async Task A_server_that_is_told_of_no_PostgreSQL_at_all_fails()
    {
        await using var engine = await DockerEngine.OpenAsync();
        var container = await engine.RunContainerAsync("alone", DockerEngine.LettaImage("0.16.2"), "--entrypoint", "sleep");
        using var shell = new Shell();

        var checks = Examine(shell, container);

        Assert.Equal("Failed", checks.Status("Container/DatabaseSetting"));
        Assert.Contains("SQLite", checks.Message("Container/DatabaseSetting"));
    }

    /// <summary>Failure 6.</summary>
    [Fact]
    public async Task Two_databases_are_told_of()
    {
        await using var engine = await DockerEngine.OpenAsync();
        await DockerEngine.DockerAsync("network", "create", engine.Prefix);
        await engine.RunContainerAsync("postgres", DockerEngine.PostgresImage, "--network", engine.Prefix, "--env", "POSTGRES_PASSWORD=letta");
        var container = await engine.RunContainerAsync("letta", DockerEngine.LettaImage("0.16.2"), "--network", engine.Prefix);
        using var shell = new Shell();

        var checks = Examine(shell, container);

        Assert.Equal("Warning", checks.Status("Container/DatabaseSetting"));
        Assert.Contains($"{engine.Prefix}-postgres", checks.Message("Container/DatabaseSetting"));

        Assert.Equal(("Failed", "The port of the server's API is not published."), (checks.Status("Network/Port"), checks.Message("Network/Port")));

        // Failure 14: with the release the base image changes under the database in the same container.
        var test = shell.Run("Get-LettaServer $args[0] | Test-LettaUpgrade -To 0.16.8", container).Succeed().Single();
        Assert.Contains("BaseImage: PostgreSQL is in the server's image", string.Join('\n', test.Get<IReadOnlyList<string>>("Reasons")));
    }

    [Fact]
    public async Task An_upgrade_is_blocked_where_migrations_would_never_run_and_warned_of_where_the_tag_moves()
    {
        await using var engine = await DockerEngine.OpenAsync();
        var container = await engine.RunContainerAsync("bypassed", DockerEngine.LettaImage("0.16.2"), "--entrypoint", "sleep", "--env", "LETTA_PG_URI=postgresql://letta:letta@localhost:5432/letta");
        using var shell = new Shell();

        var test = shell.Run("Get-LettaServer $args[0] | Test-LettaUpgrade -To 0.16.8", container).Succeed().Single();

        Assert.Contains("StartScript: ", string.Join('\n', test.Get<IReadOnlyList<string>>("Reasons")));
        Assert.Equal("Blocked", test.Properties["Verdict"].Value.ToString());
    }

    private static Checks Examine(Shell shell, string container, string more = "") => Checks.Of(shell.Run($"Get-LettaServer $args[0] | Test-LettaHealth {more}", container));

    private static Task<string> IdAsync(string container) => DockerEngine.DockerAsync("inspect", "--format", "{{.Id}}", container);
}
