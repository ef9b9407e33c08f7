using System.Management.Automation;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Docker;

[Collection(DockerCollection.Name)]
public sealed class DatabaseTests
{
    private const string Contents = "SELECT (SELECT count(*) FROM agents), (SELECT count(*) FROM messages), (SELECT count(*) FROM archival_passages), (SELECT max(sequence_id) FROM messages)";
    private const string Layout =
        """
        SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, (SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = d.oid),
               (SELECT string_agg(nspname, ',' ORDER BY nspname) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'),
               (SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'vector')
        FROM pg_database d WHERE datname = 'letta'
        """;

    /// <summary>The middle of the night of January 17, as it should have gone: dump, stop, empty, let the release make its tables; and then the way back.</summary>
    [Theory]
    [InlineData(LettaProject.OfficialLayout)]
    [InlineData(LettaProject.PublicLayout)]
    public async Task The_story_can_be_replayed_forwards_and_back(string layout)
    {
        await using var project = await LettaProject.StartAsync("0.11.3", layout: layout);
        using var folder = new TempFolder();
        using var shell = new Shell();
        await project.FillAsync(16);
        var (before, laidOut, neighbours) = (await project.SqlAsync(Contents), await project.SqlAsync(Layout), await StartTimesAsync(project));
        Assert.Equal("16|1600|16|1600", before);

        // The tag moved to 0.16.2 and the container was made anew.
        var backup = shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1]", project.Letta, folder.Path + "/").Succeed().Single();
        Assert.Equal(("5fb8bba2c373", 16 + 16 + 16 + 16 + 1600 + 1 + 1L), ((string)backup.Properties["AlembicRevision"].Value, (long)backup.Properties["Rows"].Value));
        await project.WriteAsync("0.16.2");
        await project.ComposeAsync("up", "--detach", "--no-deps", "letta");
        shell.Run("Start-LettaServer $args[0] -Wait", project.Letta).Succeed();

        // Forwards: a new database with the schema of 0.16.2.
        shell.Run("Reset-LettaDatabase -Name $args[0] -BackupPath $args[1] -Confirm:$false", project.Letta, folder.Path).Succeed();
        Assert.Equal("0|0|0|", await project.SqlAsync(Contents));
        Assert.Equal("27de0f58e076", await project.SqlAsync("SELECT version_num FROM alembic_version"));
        Assert.Equal(laidOut, await project.SqlAsync(Layout));

        // And back, to the release of the dump.
        await project.WriteAsync("0.11.3");
        await project.ComposeAsync("up", "--no-start", "--no-deps", "letta");
        var restored = shell.Run("$args[1] | Restore-LettaDatabase -Name $args[0] -RemoveOld -Confirm:$false", project.Letta, backup).Succeed().Single();
        Assert.Null(restored.Properties["Previous"].Value);
        shell.Run("Start-LettaServer $args[0] -Wait", project.Letta).Succeed();

        Assert.Equal(before, await project.SqlAsync(Contents));
        Assert.Equal("5fb8bba2c373", await project.SqlAsync("SELECT version_num FROM alembic_version"));
        Assert.Equal(laidOut, await project.SqlAsync(Layout));
        Assert.Equal("1601", await project.SqlAsync("SELECT nextval('message_seq_id')"));
        Assert.Equal("On Letters", await project.SqlAsync("SELECT title FROM papers", "thoth"));
        Assert.Equal("letta\npostgres\nthoth", await project.SqlAsync("SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1"));
        Assert.Equal(neighbours, await StartTimesAsync(project));
    }

    [Fact]
    public async Task A_restore_keeps_the_old_database_and_refuses_what_cannot_be_trusted()
    {
        await using var project = await LettaProject.StartAsync();
        using var folder = new TempFolder();
        using var shell = new Shell();
        await project.FillAsync(3);
        shell.Run("Start-LettaServer $args[0] -Wait", project.Letta).Succeed();
        var dump = (string)shell.Run("(Backup-LettaDatabase -Name $args[0] -Path $args[1]).Path", project.Letta, folder["a.dump"]).Succeed().Single().BaseObject;
        await project.SqlAsync("DELETE FROM messages WHERE agent_id = 'agent-2'");
        var started = await StartTimeAsync(project.Letta);

        // Nothing is touched by what is refused.
        var good = await File.ReadAllBytesAsync(dump, TestContext.Current.CancellationToken);
        var bad = (byte[])good.Clone();
        bad[good.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(dump, bad, TestContext.Current.CancellationToken);
        Refused(shell, "DumpDamaged", "Restore-LettaDatabase -Name $args[0] -Path $args[1] -Confirm:$false", project.Letta, dump);
        await File.WriteAllBytesAsync(dump, good, TestContext.Current.CancellationToken);
        await EditManifestAsync(dump, "\"server_version\": 17", "\"server_version\": 99");
        Refused(shell, "DumpIsNewer", "Restore-LettaDatabase -Name $args[0] -Path $args[1] -Confirm:$false", project.Letta, dump);
        await EditManifestAsync(dump, "\"server_version\": 99", "\"server_version\": 17");
        await EditManifestAsync(dump, "\"name\": \"vector\"", "\"name\": \"timescaledb\"");
        Refused(shell, "ExtensionMissing", "Restore-LettaDatabase -Name $args[0] -Path $args[1] -Confirm:$false", project.Letta, dump);
        await EditManifestAsync(dump, "\"name\": \"timescaledb\"", "\"name\": \"vector\"");
        shell.Run("Restore-LettaDatabase -Name $args[0] -Path $args[1] -WhatIf", project.Letta, dump).Succeed();
        Assert.Equal(started, await StartTimeAsync(project.Letta));

        // The user is asked, and may say no.
        shell.Console.Answers.Enqueue(2);
        Assert.Empty(shell.Run("Restore-LettaDatabase -Name $args[0] -Path $args[1]", project.Letta, dump).Succeed());
        Assert.Contains("database letta of " + project.Letta, Assert.Single(shell.Console.Prompts));

        var previous = (string)shell.Run("(Restore-LettaDatabase -Name $args[0] -Path $args[1] -Confirm:$false).Previous", project.Letta, dump).Succeed().Single().BaseObject;

        Assert.Matches("^letta_before_[0-9]{8}_[0-9]{6}$", previous);
        Assert.Equal("300", await project.SqlAsync("SELECT count(*) FROM messages"));
        Assert.Equal("200", await project.SqlAsync("SELECT count(*) FROM letta.messages", previous));
        Assert.Equal("", await project.SqlAsync("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'letta'"));
    }

    [Fact]
    public async Task A_dump_of_a_newer_form_than_the_servers_programs_read_is_refused_before_anything_is_touched()
    {
        await using var project = await LettaProject.StartAsync();
        using var folder = new TempFolder();
        using var shell = new Shell();
        await project.FillAsync(1);
        shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1]", project.Letta, folder["a.dump"]).Succeed();
        var started = await StartTimeAsync(project.Letta);

        // Behind "PGDMP" come major and minor version of the form: this is one that a PostgreSQL of the future would write.
        var bytes = await File.ReadAllBytesAsync(folder["a.dump"], TestContext.Current.CancellationToken);
        bytes[6] = 200;
        await File.WriteAllBytesAsync(folder["a.dump"], bytes, TestContext.Current.CancellationToken);
        var hash = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(bytes)).ToLowerInvariant();
        var manifest = await File.ReadAllTextAsync(folder["a.dump.json"], TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            folder["a.dump.json"], System.Text.RegularExpressions.Regex.Replace(manifest, "\"sha256\": \"[0-9a-f]+\"", $"\"sha256\": \"{hash}\""), TestContext.Current.CancellationToken);

        Refused(shell, "DumpUnreadable", "Restore-LettaDatabase -Name $args[0] -Path $args[1] -Confirm:$false", project.Letta, folder["a.dump"]);

        Assert.Equal(started, await StartTimeAsync(project.Letta));
    }

    [Fact]
    public async Task A_plain_dump_is_readable_SQL_and_restores_the_same()
    {
        await using var project = await LettaProject.StartAsync();
        using var folder = new TempFolder();
        using var shell = new Shell();
        await project.FillAsync(2);
        var before = await project.SqlAsync(Contents);

        shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1] -Format Plain", project.Letta, folder["a.sql"]).Succeed();
        Assert.Contains("CREATE TABLE letta.agents", await File.ReadAllTextAsync(folder["a.sql"], TestContext.Current.CancellationToken));
        await project.SqlAsync("DROP TABLE archival_passages; DELETE FROM messages");
        shell.Run("Restore-LettaDatabase -Name $args[0] -Path $args[1] -RemoveOld -Confirm:$false", project.Letta, folder["a.sql"]).Succeed();

        Assert.Equal(before, await project.SqlAsync(Contents));
    }

    [Fact]
    public async Task A_dump_that_shrank_is_refused_and_leaves_nothing_behind()
    {
        await using var project = await LettaProject.StartAsync();
        using var folder = new TempFolder();
        using var shell = new Shell();
        await project.FillAsync(20);
        shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1]", project.Letta, folder["1.dump"]).Succeed();
        await project.SqlAsync("DELETE FROM messages WHERE agent_id <> 'agent-1'");

        Refused(shell, "DumpShrank", "Backup-LettaDatabase -Name $args[0] -Path $args[1]", project.Letta, folder["2.dump"]);
        Assert.Equal(["1.dump", "1.dump.json"], Directory.EnumerateFiles(folder.Path).Select(Path.GetFileName).Order());
        shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1] -Force", project.Letta, folder["2.dump"]).Succeed();
        Refused(shell, "DumpExists", "Backup-LettaDatabase -Name $args[0] -Path $args[1]", project.Letta, folder["2.dump"]);

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder["2.dump"]));
        }
    }

    [Fact]
    public async Task Emptying_a_database_takes_a_dump_that_is_good_new_and_its_own()
    {
        await using var project = await LettaProject.StartAsync();
        using var folder = new TempFolder();
        using var shell = new Shell();
        await project.FillAsync(2);
        shell.Run("Start-LettaServer $args[0] -Wait", project.Letta).Succeed();
        var started = await StartTimeAsync(project.Letta);

        Refused(shell, "BackupRequired", "Reset-LettaDatabase -Name $args[0] -Confirm:$false", project.Letta);
        Refused(shell, "BackupMissing", "Reset-LettaDatabase -Name $args[0] -BackupPath $args[1] -Confirm:$false", project.Letta, folder.Path);
        shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1]", project.Letta, folder["a.dump"]).Succeed();
        Refused(shell, "BackupTooOld", "Reset-LettaDatabase -Name $args[0] -BackupPath $args[1] -MaxBackupAge 0:0:0 -Confirm:$false", project.Letta, folder.Path);
        await EditManifestAsync(folder["a.dump"], "\"name\": \"letta\",\n    \"owner\"", "\"name\": \"other\",\n    \"owner\"");
        Refused(shell, "BackupOfAnother", "Reset-LettaDatabase -Name $args[0] -BackupPath $args[1] -Confirm:$false", project.Letta, folder["a.dump"]);
        Assert.Equal(started, await StartTimeAsync(project.Letta));

        shell.Run("Reset-LettaDatabase -Name $args[0] -Force -KeepOld -Confirm:$false", project.Letta).Succeed();

        Assert.Equal("0", await project.SqlAsync("SELECT count(*) FROM agents"));
        var kept = await project.SqlAsync("SELECT datname FROM pg_database WHERE datname LIKE 'letta\\_before\\_%'");
        Assert.Equal("2", await project.SqlAsync("SELECT count(*) FROM letta.agents", kept));
    }

    [Fact]
    public async Task An_interrupted_restore_leaves_the_old_database_and_a_running_server()
    {
        await using var project = await LettaProject.StartAsync();
        using var folder = new TempFolder();
        using var shell = new Shell();
        await project.FillAsync(2);
        shell.Run("Start-LettaServer $args[0] -Wait; Backup-LettaDatabase -Name $args[0] -Path $args[1]", project.Letta, folder["a.dump"]).Succeed();
        await project.SqlAsync("DELETE FROM messages");

        // Loading the dump hangs at the first table that it makes, until it is interrupted.
        await project.SqlAsync(
            """
            CREATE FUNCTION hang() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(600); END $$;
            CREATE EVENT TRIGGER hang ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION hang()
            """,
            "template1");
        using var restore = shell.Create("Restore-LettaDatabase -Name $args[0] -Path $args[1] -Confirm:$false -Verbose");
        restore.AddArgument(project.Letta).AddArgument(folder["a.dump"]);
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
        Assert.Equal("exited", await StateAsync(project.Letta));

        restore.Stop();

        Assert.Throws<PipelineStoppedException>(() => restore.EndInvoke(running));
        Assert.Equal("running", await StateAsync(project.Letta));
        Assert.Equal("letta\npostgres\nthoth", await project.SqlAsync("SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1", "postgres"));
        Assert.Equal("0", await project.SqlAsync("SELECT count(*) FROM messages"));
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

    private static Task<string> StartTimesAsync(LettaProject project) =>
        DockerEngine.DockerAsync("inspect", "--format", "{{.State.StartedAt}}", project.Postgres, project.Neighbour);
}
