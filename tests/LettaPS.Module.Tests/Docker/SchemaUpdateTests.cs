using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Docker;

/// <summary>With a stand-in for alembic (tests/images/letta/app/bin/alembic): what is tested is that the right command runs in the right place.</summary>
[Collection(DockerCollection.Name)]
public sealed class SchemaUpdateTests
{
    [Fact]
    public async Task The_migrations_of_a_newer_image_run_beside_the_stopped_server_after_a_dump()
    {
        await using var project = await LettaProject.StartAsync("0.11.3");
        using var folder = new TempFolder();
        using var shell = new Shell();
        await project.FillAsync(2);

        var update = shell.Run("Update-LettaSchema $args[0] -Image letta/letta:0.16.2 -BackupPath $args[1] -WarningVariable script:w -WarningAction SilentlyContinue", project.Letta, folder["a.dump"])
            .Succeed().Single();

        Assert.Equal(("5fb8bba2c373", "27de0f58e076", false), ((string)update.Properties["FromRevision"].Value, (string)update.Properties["ToRevision"].Value, (bool)update.Properties["IsServerStarted"].Value));
        Assert.Contains("\"alembic_revision\": \"5fb8bba2c373\"", await File.ReadAllTextAsync(folder["a.dump.json"], TestContext.Current.CancellationToken));
        Assert.Contains("its own image cannot start", shell.Run("$script:w").Succeed().Single().ToString());
        Assert.DoesNotContain(":letta@", string.Join('\n', (IEnumerable<string>)update.Properties["Output"].Value));
        Assert.Equal("200|27de0f58e076", await project.SqlAsync("SELECT (SELECT count(*) FROM messages), version_num FROM alembic_version"));

        await project.WriteAsync("0.16.2");
        await project.ComposeAsync("up", "--detach", "--no-deps", "letta");
        shell.Run("Start-LettaServer $args[0] -Wait", project.Letta).Succeed();
    }

    /// <summary>The compose file of the story: its command left out the start script, and with it the migrations.</summary>
    [Fact]
    public async Task The_migrations_run_in_the_running_server_and_never_on_a_SQLite_file()
    {
        await using var project = await LettaProject.StartAsync("0.16.2", command: "[\"dotnet\", \"/opt/server/LettaPS.ContainerServer.dll\"]");
        using var shell = new Shell();
        Assert.Equal("BackupRequired", Assert.Single(shell.Run("Update-LettaSchema $args[0]", project.Letta).Errors).FullyQualifiedErrorId.Split(',')[0]);

        Assert.Equal(
            ["", "27de0f58e076", "True"],
            shell.Run("$u = Update-LettaSchema $args[0] -NoBackup; \"$($u.FromRevision)\", $u.ToRevision, $u.IsServerStarted", project.Letta).Succeed().Select(o => o.ToString()));

        Assert.Equal("27de0f58e076", await project.SqlAsync("SELECT version_num FROM alembic_version"));
        Assert.Equal("", await DockerEngine.DockerAsync("exec", project.Letta, "find", "/root", "/app", "-name", "*.db"));
        Assert.Equal("False", shell.Run("(Update-LettaSchema $args[0] -NoBackup).IsChanged", project.Letta).Succeed().Single().ToString());
    }

    /// <summary>The database is on another machine, as far as the engine knows, under a name that only the server's container was given.</summary>
    [Fact]
    public async Task A_database_that_only_the_servers_container_can_resolve_is_migrated_through_its_network()
    {
        await using var engine = await DockerEngine.OpenAsync();
        using var shell = new Shell();
        var postgres = await engine.RunPostgresAsync("db");
        await DockerEngine.SqlAsync(postgres, "letta", LettaProject.OfficialLayout);
        var address = await DockerEngine.DockerAsync("inspect", "--format", "{{.NetworkSettings.IPAddress}}", postgres);
        var letta = await engine.RunContainerAsync(
            "letta", DockerEngine.LettaImage("0.11.3"), "--add-host", $"db.internal:{address}", "--env", "LETTA_PG_URI=postgresql://letta:letta@db.internal:5432/letta", "--publish", "127.0.0.1::8283");
        shell.Run("Start-LettaServer $args[0] -Wait", letta).Succeed();

        // Through the running container.
        Assert.Equal("5fb8bba2c373", shell.Run("(Get-LettaServer $args[0] | Connect-Letta -PassThru | Compare-LettaSchema -Summary).Revision", letta).Succeed().Single().ToString());

        // While it is stopped, and with another image.
        var update = shell.Run("Update-LettaSchema $args[0] -Image letta/letta:0.16.2 -NoBackup -WarningAction SilentlyContinue", letta).Succeed().Single();
        Assert.Equal(("5fb8bba2c373", "27de0f58e076"), ((string)update.Properties["FromRevision"].Value, (string)update.Properties["ToRevision"].Value));
        Assert.Equal("27de0f58e076", await DockerEngine.SqlAsync(postgres, "letta", "SELECT version_num FROM alembic_version"));
    }

    [Fact]
    public async Task A_migration_that_fails_is_told_and_the_server_runs_again_on_what_it_had()
    {
        await using var project = await LettaProject.StartAsync("0.11.3");
        using var shell = new Shell();
        await project.FillAsync(1);
        await project.SqlAsync("CREATE TABLE runs (id int)");

        var error = Assert.Single(shell.Run("Update-LettaSchema $args[0] -Image letta/letta:0.16.2 -NoBackup", project.Letta).Errors);

        Assert.StartsWith("MigrationFailed,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("relation \"runs\" already exists", error.Exception.Message);
        Assert.Equal("5fb8bba2c373|", await project.SqlAsync("SELECT version_num, to_regclass('conversations') FROM alembic_version"));
        shell.Run("Start-LettaServer $args[0] -Wait", project.Letta).Succeed();
    }

    [Fact]
    public async Task An_image_that_was_not_pulled_is_named_before_anything_is_changed()
    {
        await using var project = await LettaProject.StartAsync("0.11.3");
        using var shell = new Shell();
        shell.Run("Start-LettaServer $args[0] -Wait", project.Letta).Succeed();
        var started = await DockerEngine.DockerAsync("inspect", "--format", "{{.State.StartedAt}}", project.Letta);

        var error = Assert.Single(shell.Run("Update-LettaSchema $args[0] -Image letta/letta:9.9.9 -NoBackup", project.Letta).Errors);

        Assert.StartsWith("ImageNotFound,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("docker pull letta/letta:9.9.9", error.ErrorDetails.RecommendedAction);
        Assert.Equal(started, await DockerEngine.DockerAsync("inspect", "--format", "{{.State.StartedAt}}", project.Letta));
    }
}
