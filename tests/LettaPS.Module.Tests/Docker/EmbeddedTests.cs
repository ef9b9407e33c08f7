using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Docker;

/// <summary>One container with both: PostgreSQL stops when Letta does, and its port is not published.</summary>
[Collection(DockerCollection.Name)]
public sealed class EmbeddedTests : IAsyncLifetime
{
    private DockerEngine _engine = null!;

    public async ValueTask InitializeAsync() => _engine = await DockerEngine.OpenAsync();

    public ValueTask DisposeAsync() => _engine?.DisposeAsync() ?? default;

    /// <summary>The volume has no name, as that of the official image has none where nobody gives one.</summary>
    [Fact]
    public async Task A_database_in_the_servers_own_container_is_dumped_restored_and_emptied()
    {
        using var folder = new TempFolder();
        using var shell = new Shell();
        var letta = await RunAsync("0.16.2");
        shell.Run("Start-LettaServer $args[0] -Wait", letta).Succeed();
        Assert.Equal(
            ["Embedded", letta, "letta (embedded)", "True"],
            shell.Run("$d = (Get-LettaServer $args[0]).Database; $d.Kind, $d.Container, \"$d\", $d.Volume.IsAnonymous", letta).Succeed().Select(o => o.ToString()));
        await LettaProject.FillAsync(letta, 3);

        var backup = shell.Run("Get-LettaServer $args[0] | Backup-LettaDatabase -Path $args[1]", letta, folder["a.dump"]).Succeed().Single();
        Assert.Equal("27de0f58e076", backup.Properties["AlembicRevision"].Value);
        await CountAsync(letta, "DELETE FROM messages");
        shell.Run("Restore-LettaDatabase -Name $args[0] -Path $args[1] -RemoveOld -Confirm:$false", letta, folder["a.dump"]).Succeed();
        Assert.Equal("300", await CountAsync(letta));

        shell.Run("Reset-LettaDatabase -Name $args[0] -BackupPath $args[1] -Confirm:$false", letta, folder["a.dump"]).Succeed();
        Assert.Equal("0", await CountAsync(letta));
        Assert.Equal("letta|letta", await CountAsync(letta, "SELECT current_schema(), extnamespace::regnamespace FROM pg_extension WHERE extname = 'vector'"));

        // A server that the user has stopped stays so, and its database can still be had.
        shell.Run("Stop-LettaServer $args[0]", letta).Succeed();
        var shrunk = Assert.Single(shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1]", letta, folder["b.dump"]).Errors);
        Assert.StartsWith("DumpTooSmall,", shrunk.FullyQualifiedErrorId, StringComparison.Ordinal);
        shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1] -Force", letta, folder["b.dump"]).Succeed();
        shell.Run("Restore-LettaDatabase -Name $args[0] -Path $args[1] -RemoveOld -Confirm:$false", letta, folder["a.dump"]).Succeed();
        Assert.Equal("exited", await StateAsync(letta));
        shell.Run("Start-LettaServer $args[0] -Wait", letta).Succeed();
        Assert.Equal("300", await CountAsync(letta));
    }

    [Fact]
    public async Task A_server_that_cannot_start_is_still_dumped_and_comes_back_by_a_restore()
    {
        using var folder = new TempFolder();
        using var shell = new Shell();
        var letta = await RunAsync("0.16.2", "--restart", "unless-stopped");
        shell.Run("Start-LettaServer $args[0] -Wait", letta).Succeed();
        await LettaProject.FillAsync(letta, 2);
        shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1]", letta, folder["good.dump"]).Succeed();

        // As after a newer release has run on it: the server ends, and is started again and again.
        await CountAsync(letta, "UPDATE alembic_version SET version_num = '1c28e167b74f'");
        var error = Assert.Single(shell.Run("Restart-LettaServer $args[0] -Wait", letta).Errors);
        Assert.StartsWith("DatabaseTooNew,", error.FullyQualifiedErrorId, StringComparison.Ordinal);

        var backup = shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1]", letta, folder["bad.dump"]).Succeed().Single();
        Assert.Equal("1c28e167b74f", backup.Properties["AlembicRevision"].Value);
        Assert.Matches("^(running|restarting)$", await StateAsync(letta));

        shell.Run("Restore-LettaDatabase -Name $args[0] -Path $args[1] -Confirm:$false", letta, folder["good.dump"]).Succeed();
        Assert.Equal("200", await CountAsync(letta));
    }

    [Fact]
    public async Task What_a_server_that_ends_by_itself_needs_mended_is_reached_in_the_way_that_the_error_tells()
    {
        using var shell = new Shell();
        var port = FreePort.Next();
        var letta = await _engine.RunContainerAsync("letta", DockerEngine.LettaImage("0.16.2"), ["--publish", $"127.0.0.1:{port}:8283"]);
        shell.Run("Start-LettaServer $args[0] -Wait", letta).Succeed();
        await CountAsync(letta, "UPDATE alembic_version SET version_num = '1c28e167b74f'");
        await DockerEngine.DockerAsync("stop", letta);

        var error = Assert.Single(shell.Run("$c = [LettaPS.LettaConnection]::new($args[0]); Compare-LettaSchema -Summary -Connection $c", $"http://127.0.0.1:{port}").Errors);

        Assert.StartsWith("DatabaseContainerNotRunning,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        var told = error.ErrorDetails.RecommendedAction;
        var run = told[told.IndexOf("docker run", StringComparison.Ordinal)..told.IndexOf(". It is then", StringComparison.Ordinal)].Split(' ')[1..];
        await DockerEngine.DockerAsync(run.Select(word => word.Replace("127.0.0.1:5433", "127.0.0.1:", StringComparison.Ordinal)));
        await DockerEngine.WaitForPostgresAsync(letta + "-postgres");
        var published = (await DockerEngine.DockerAsync("port", letta + "-postgres", "5432")).Split(':')[^1];
        Assert.Contains("-DatabaseUri postgresql://letta:<password>@127.0.0.1:5433/letta until: docker stop " + letta + "-postgres", told, StringComparison.Ordinal);
        Assert.Equal("1c28e167b74f", shell.Run("(Compare-LettaSchema -Summary -DatabaseUri $args[0]).Revision", $"postgresql://letta:letta@127.0.0.1:{published}/letta").Succeed().Single().ToString());
    }

    [Fact]
    public async Task Data_in_the_containers_own_layer_is_dumped_and_never_put_at_risk()
    {
        using var folder = new TempFolder();
        using var shell = new Shell();
        var letta = await RunAsync("0.16.2", "--env", "PGDATA=/pgdata");
        shell.Run("Start-LettaServer $args[0] -Wait", letta).Succeed();
        await LettaProject.FillAsync(letta, 2);
        Assert.Equal("True", shell.Run("$null -eq (Get-LettaServer $args[0]).Database.Volume", letta).Succeed().Single().ToString());

        shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1]", letta, folder["a.dump"]).Succeed();
        var error = Assert.Single(shell.Run("Restore-LettaDatabase -Name $args[0] -Path $args[1] -Confirm:$false", letta, folder["a.dump"]).Errors);

        Assert.StartsWith("DataVolumeNotFound,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        shell.Run("Start-LettaServer $args[0] -Wait", letta).Succeed();
        Assert.Equal("200", await CountAsync(letta));
    }

    [Fact]
    public async Task The_migrations_of_another_image_reach_a_database_in_the_servers_container()
    {
        using var shell = new Shell();
        var letta = await RunAsync("0.11.3");
        shell.Run("Start-LettaServer $args[0] -Wait", letta).Succeed();

        Assert.Equal(
            ["5fb8bba2c373", "27de0f58e076", "False"],
            shell.Run("$u = Update-LettaSchema $args[0] -Image letta/letta:0.16.2 -NoBackup -WarningAction SilentlyContinue; $u.FromRevision, $u.ToRevision, $u.IsServerStarted", letta)
                .Succeed().Select(o => o.ToString()));
    }

    private Task<string> RunAsync(string release, params IEnumerable<string> options) =>
        _engine.RunContainerAsync("letta", DockerEngine.LettaImage(release), ["--publish", "127.0.0.1::8283", .. options]);

    private static Task<string> CountAsync(string container, string sql = "SELECT count(*) FROM messages") => DockerEngine.SqlAsync(container, "letta", sql);

    private static Task<string> StateAsync(string container) => DockerEngine.DockerAsync("inspect", "--format", "{{.State.Status}}", container);
}
