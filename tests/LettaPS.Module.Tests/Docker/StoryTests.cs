using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Docker;

[Collection(DockerCollection.Name)]
public sealed class StoryTests
{
    internal const string Contents = "SELECT (SELECT count(*) FROM agents), (SELECT count(*) FROM messages), (SELECT count(*) FROM archival_passages), (SELECT max(sequence_id) FROM messages)";
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
        Assert.Equal(("5fb8bba2c373", 16 + 16 + 16 + 16 + 1600 + 1 + 1L), ((string)backup.Properties["AlembicRevision"].Value, (long)backup.Properties["RowCount"].Value));
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

    private static Task<string> StartTimesAsync(LettaProject project) =>
        DockerEngine.DockerAsync("inspect", "--format", "{{.State.StartedAt}}", project.Postgres, project.Neighbour);
}
