using System.Management.Automation;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Docker;

[Collection(DockerCollection.Name)]
public sealed class DatabaseTests(RunningProject running) : IClassFixture<RunningProject>
{
    private readonly LettaProject _project = running.Project;

    [Fact]
    public async Task Whoever_else_is_connected_is_not_thrown_out_without_Force()
    {
        using var folder = new TempFolder();
        using var shell = new Shell();
        shell.Run("Start-LettaServer $args[0] -Wait", _project.Letta).Succeed();
        await _project.FillAsync(1);
        shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1]", _project.Letta, folder["a.dump"]).Succeed();
        await DockerEngine.DockerAsync("exec", "--detach", _project.Postgres, "psql", "-U", "letta", "-d", "letta", "-c", "SELECT pg_sleep(600)");

        var error = Assert.Single(shell.Run("Restore-LettaDatabase -Name $args[0] -Path $args[1] -Confirm:$false", _project.Letta, folder["a.dump"]).Errors);

        Assert.StartsWith("DatabaseInUse,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("psql from", error.Exception.Message, StringComparison.Ordinal);
        Assert.Equal("1", await _project.SqlAsync("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'"));
        shell.Run("Start-LettaServer $args[0] -Wait", _project.Letta).Succeed();
        shell.Run("Restore-LettaDatabase -Name $args[0] -Path $args[1] -Force -RemoveOld -Confirm:$false", _project.Letta, folder["a.dump"]).Succeed();
        Assert.Equal("100", await _project.SqlAsync("SELECT count(*) FROM messages"));
    }

    [Fact]
    public void A_server_is_compared_through_the_pipeline_with_the_release_that_it_runs()
    {
        using var shell = new Shell();
        shell.Run("Start-LettaServer $args[0] -Wait", _project.Letta).Succeed();

        var report = shell.Run("Get-LettaServer $args[0] | Compare-LettaSchema -Summary", _project.Letta).Succeed().Single();

        Assert.Equal(("0.16.2", "letta"), (report.Get<object>("Release").ToString(), report.Get<string>("Schema")));
    }

    [Fact]
    public async Task A_restore_keeps_the_old_database_and_refuses_what_cannot_be_trusted()
    {
        using var folder = new TempFolder();
        using var shell = new Shell();
        await _project.FillAsync(3);
        shell.Run("Start-LettaServer $args[0] -Wait", _project.Letta).Succeed();
        var dump = (string)shell.Run("(Backup-LettaDatabase -Name $args[0] -Path $args[1]).Path", _project.Letta, folder["a.dump"]).Succeed().Single().BaseObject;
        await _project.SqlAsync("DELETE FROM messages WHERE agent_id = 'agent-2'");
        var started = await StartTimeAsync(_project.Letta);

        // Nothing is touched by what is refused.
        var good = await File.ReadAllBytesAsync(dump, TestContext.Current.CancellationToken);
        var bad = (byte[])good.Clone();
        bad[good.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(dump, bad, TestContext.Current.CancellationToken);
        Refused(shell, "DumpDamaged", "Restore-LettaDatabase -Name $args[0] -Path $args[1] -Confirm:$false", _project.Letta, dump);
        await File.WriteAllBytesAsync(dump, good, TestContext.Current.CancellationToken);
        await EditManifestAsync(dump, "\"server_version\": 17", "\"server_version\": 99");
        Refused(shell, "DumpTooNew", "Restore-LettaDatabase -Name $args[0] -Path $args[1] -Confirm:$false", _project.Letta, dump);
        await EditManifestAsync(dump, "\"server_version\": 99", "\"server_version\": 17");
        await EditManifestAsync(dump, "\"name\": \"vector\"", "\"name\": \"timescaledb\"");
        Refused(shell, "ExtensionNotFound", "Restore-LettaDatabase -Name $args[0] -Path $args[1] -Confirm:$false", _project.Letta, dump);
        await EditManifestAsync(dump, "\"name\": \"timescaledb\"", "\"name\": \"vector\"");
        shell.Run("Restore-LettaDatabase -Name $args[0] -Path $args[1] -WhatIf", _project.Letta, dump).Succeed();
        Assert.Equal(started, await StartTimeAsync(_project.Letta));

        // The user is asked, and may say no.
        shell.Console.Answers.Enqueue(2);
        Assert.Empty(shell.Run("Restore-LettaDatabase -Name $args[0] -Path $args[1]", _project.Letta, dump).Succeed());
        Assert.Contains($"database 'letta' of server '{_project.Letta}' with ", Assert.Single(shell.Console.Prompts));

        var previous = (string)shell.Run("(Restore-LettaDatabase -Name $args[0] -Path $args[1] -Confirm:$false).Previous", _project.Letta, dump).Succeed().Single().BaseObject;

        Assert.Matches("^letta_before_[0-9]{8}_[0-9]{6}$", previous);
        Assert.Equal("300", await _project.SqlAsync("SELECT count(*) FROM messages"));
        Assert.Equal("200", await _project.SqlAsync("SELECT count(*) FROM letta.messages", previous));
        Assert.Equal("", await _project.SqlAsync("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'letta'"));
    }

    [Fact]
    public async Task A_dump_of_a_newer_form_than_the_servers_programs_read_is_refused_before_anything_is_touched()
    {
        using var folder = new TempFolder();
        using var shell = new Shell();
        await _project.FillAsync(1);
        shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1]", _project.Letta, folder["a.dump"]).Succeed();
        var started = await StartTimeAsync(_project.Letta);

        // Behind "PGDMP" come major and minor version of the form: this is one that a PostgreSQL of the future would write.
        var bytes = await File.ReadAllBytesAsync(folder["a.dump"], TestContext.Current.CancellationToken);
        bytes[6] = 200;
        await File.WriteAllBytesAsync(folder["a.dump"], bytes, TestContext.Current.CancellationToken);
        var hash = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(bytes)).ToLowerInvariant();
        var manifest = await File.ReadAllTextAsync(folder["a.dump.json"], TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            folder["a.dump.json"], System.Text.RegularExpressions.Regex.Replace(manifest, "\"sha256\": \"[0-9a-f]+\"", $"\"sha256\": \"{hash}\""), TestContext.Current.CancellationToken);

        Refused(shell, "DumpReadFailed", "Restore-LettaDatabase -Name $args[0] -Path $args[1] -Confirm:$false", _project.Letta, folder["a.dump"]);

        Assert.Equal(started, await StartTimeAsync(_project.Letta));
    }

    /// <summary>Its port is not published, and nothing but the connection to the server says where it is.</summary>
    [Fact]
    public void The_schema_of_a_database_in_a_container_is_compared_through_the_engine()
    {
        using var shell = new Shell();
        shell.Run("Start-LettaServer $args[0] -Wait", _project.Letta).Succeed();

        var report = shell.Run(
            "Get-LettaServer $args[0] | Connect-Letta -ApiKey (& { $s = [securestring]::new(); 'hush-hush'.ToCharArray() | % { $s.AppendChar($_) }; $s }); Compare-LettaSchema -Summary",
            _project.Letta).Succeed().Single();

        Assert.Equal("letta", report.Properties["Schema"].Value);
    }

    [Fact]
    public async Task A_kept_database_is_removed_unless_a_server_has_its_address_even_one_that_does_not_run()
    {
        using var shell = new Shell();
        shell.Run("Start-LettaServer $args[0] -Wait", _project.Letta).Succeed();
        var previous = shell.Run("Reset-LettaDatabase -Name $args[0] -Force -KeepOld", _project.Letta).Succeed().Single().Get<string>("Previous");
        var kept = shell.Run("Get-LettaKeptDatabase -Name $args[0] | Where-Object Previous -EQ $args[1]", _project.Letta, previous).Succeed().Single();
        Assert.Equal((_project.Letta, "letta"), (kept.Get<string>("Server"), kept.Get<string>("Database")));
        var other = _project.Name + "-other";
        var image = (await DockerEngine.DockerAsync("inspect", "--format", "{{.Config.Image}}", _project.Letta)).Trim();
        await DockerEngine.DockerAsync(
            "create", "--name", other, "--network", _project.Name + "_default", "--env", $"LETTA_PG_URI=postgresql://letta:letta@letta-postgres:5432/{previous}", image);
        try
        {
            var refused = Assert.Single(shell.Run("$args[0] | Remove-LettaKeptDatabase -Confirm:$false", kept).Errors);
            Assert.StartsWith("DatabaseInUse,", refused.FullyQualifiedErrorId, StringComparison.Ordinal);
            Assert.Contains(other, refused.Exception.Message, StringComparison.Ordinal);
        }
        finally
        {
            await DockerEngine.DockerAsync("rm", other);
        }

        Assert.Equal(previous, shell.Run("$args[0] | Remove-LettaKeptDatabase -Confirm:$false", kept).Succeed().Single().Get<string>("Previous"));
        Assert.Equal("0", await _project.SqlAsync($"SELECT count(*) FROM pg_database WHERE datname = '{previous}'"));
        Assert.StartsWith("DatabaseNotFound,", Assert.Single(shell.Run("Remove-LettaKeptDatabase $args[1] -Name $args[0] -Confirm:$false", _project.Letta, previous).Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_dump_is_readable_SQL_and_restores_the_same()
    {
        using var folder = new TempFolder();
        using var shell = new Shell();
        await _project.FillAsync(2);
        var before = await _project.SqlAsync(StoryTests.Contents);

        shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1] -Format Plain", _project.Letta, folder["a.sql"]).Succeed();
        Assert.Contains("CREATE TABLE letta.agents", await File.ReadAllTextAsync(folder["a.sql"], TestContext.Current.CancellationToken));
        await _project.SqlAsync("ALTER TABLE archival_passages ADD COLUMN more text; DELETE FROM messages");
        shell.Run("Restore-LettaDatabase -Name $args[0] -Path $args[1] -RemoveOld -Confirm:$false", _project.Letta, folder["a.sql"]).Succeed();

        Assert.Equal(before, await _project.SqlAsync(StoryTests.Contents));
    }

    [Fact]
    public async Task A_dump_that_shrank_is_refused_and_leaves_nothing_behind()
    {
        using var folder = new TempFolder();
        using var shell = new Shell();
        await _project.FillAsync(20);
        shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1]", _project.Letta, folder["1.dump"]).Succeed();
        await _project.SqlAsync("DELETE FROM messages WHERE agent_id <> 'agent-1'");

        Refused(shell, "DumpTooSmall", "Backup-LettaDatabase -Name $args[0] -Path $args[1]", _project.Letta, folder["2.dump"]);
        Assert.Equal(["1.dump", "1.dump.json"], Directory.EnumerateFiles(folder.Path).Select(Path.GetFileName).Order());
        shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1] -Force", _project.Letta, folder["2.dump"]).Succeed();
        Refused(shell, "DumpExists", "Backup-LettaDatabase -Name $args[0] -Path $args[1]", _project.Letta, folder["2.dump"]);

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder["2.dump"]));
        }
    }

    [Fact]
    public async Task Emptying_a_database_takes_a_dump_that_is_good_new_and_its_own()
    {
        using var folder = new TempFolder();
        using var shell = new Shell();
        await _project.FillAsync(2);
        shell.Run("Start-LettaServer $args[0] -Wait", _project.Letta).Succeed();
        var started = await StartTimeAsync(_project.Letta);

        Refused(shell, "BackupRequired", "Reset-LettaDatabase -Name $args[0] -Confirm:$false", _project.Letta);
        Refused(shell, "DumpNotFound", "Reset-LettaDatabase -Name $args[0] -BackupPath $args[1] -Confirm:$false", _project.Letta, folder.Path);
        shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1]", _project.Letta, folder["a.dump"]).Succeed();
        Refused(shell, "DumpTooOld", "Reset-LettaDatabase -Name $args[0] -BackupPath $args[1] -MaxBackupAge 0:0:0 -Confirm:$false", _project.Letta, folder.Path);
        await EditManifestAsync(folder["a.dump"], "\"name\": \"letta\",\n    \"owner\"", "\"name\": \"other\",\n    \"owner\"");
        Refused(shell, "DumpMismatch", "Reset-LettaDatabase -Name $args[0] -BackupPath $args[1] -Confirm:$false", _project.Letta, folder["a.dump"]);
        Assert.Equal(started, await StartTimeAsync(_project.Letta));

        shell.Run("Reset-LettaDatabase -Name $args[0] -Force -KeepOld -Confirm:$false", _project.Letta).Succeed();

        Assert.Equal("0", await _project.SqlAsync("SELECT count(*) FROM agents"));
        var kept = await _project.SqlAsync("SELECT max(datname) FROM pg_database WHERE datname LIKE 'letta\\_before\\_%'");
        Assert.Equal("2", await _project.SqlAsync("SELECT count(*) FROM letta.agents", kept));
    }

    [Fact]
    public async Task An_interrupted_restore_leaves_the_old_database_and_a_running_server()
    {
        using var folder = new TempFolder();
        using var shell = new Shell();
        await _project.FillAsync(2);

        // Loading the dump takes ten minutes, unless it is interrupted.
        await _project.SqlAsync(
            """
            CREATE FUNCTION nap(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS
                $$ BEGIN IF current_database() LIKE '%lettaps%' THEN PERFORM pg_sleep(600); END IF; RETURN $1; END $$;
            CREATE INDEX ON agents (nap(id))
            """);
        shell.Run("Start-LettaServer $args[0] -Wait; Backup-LettaDatabase -Name $args[0] -Path $args[1]", _project.Letta, folder["a.dump"]).Succeed();
        await _project.SqlAsync("DELETE FROM messages; DROP FUNCTION nap CASCADE");

        using var restore = shell.Create("Restore-LettaDatabase -Name $args[0] -Path $args[1] -Confirm:$false -Verbose");
        restore.AddArgument(_project.Letta).AddArgument(folder["a.dump"]);
        var filling = new TaskCompletionSource();
        restore.Streams.Verbose.DataAdded += (_, e) =>
        {
            if (restore.Streams.Verbose[e.Index].Message.Contains("filling", StringComparison.Ordinal))
            {
                filling.TrySetResult();
            }
        };
        var running = restore.BeginInvoke();
        await filling.Task;
        await DockerEngine.DockerAsync(
            "exec", _project.Postgres, "bash", "-c", "until psql -XAtU letta -c \"SELECT wait_event FROM pg_stat_activity WHERE datname LIKE '%lettaps%'\" | grep -q PgSleep; do sleep 0.1; done");
        Assert.Equal("exited", await StateAsync(_project.Letta));

        restore.Stop();

        Assert.Throws<PipelineStoppedException>(() => restore.EndInvoke(running));
        Assert.Equal("running", await StateAsync(_project.Letta));
        Assert.Equal("0", await _project.SqlAsync("SELECT count(*) FROM pg_database WHERE datname LIKE '%lettaps%'", "postgres"));
        Assert.Equal("0", await _project.SqlAsync("SELECT count(*) FROM messages"));
        Assert.DoesNotContain("pg_restore", await DockerEngine.DockerAsync("top", _project.Postgres));
    }

    private static void Refused(Shell shell, string errorId, string script, params object?[] arguments) =>
        Assert.StartsWith(errorId + ",", Assert.Single(shell.Run(script, arguments).Errors).FullyQualifiedErrorId, StringComparison.Ordinal);

    private static async Task EditManifestAsync(string dump, string text, string replacement)
    {
        var manifest = await File.ReadAllTextAsync(dump + ".json");
        Assert.Contains(text, manifest);
        await File.WriteAllTextAsync(dump + ".json", manifest.Replace(text, replacement, StringComparison.Ordinal));
    }

    private static Task<string> StateAsync(string container) => DockerEngine.DockerAsync("inspect", "--format", "{{.State.Status}}", container);

    private static Task<string> StartTimeAsync(string container) => DockerEngine.DockerAsync("inspect", "--format", "{{.State.StartedAt}}", container);
}
