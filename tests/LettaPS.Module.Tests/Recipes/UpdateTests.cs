using System.Management.Automation;
using LettaPS.Hosting;
using LettaPS.Module.Tests.Docker;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Recipes;

/// <summary>The guarded upgrade from end to end, on the real engine with real PostgreSQL; only Letta itself is a stand-in.</summary>
[Collection(DockerCollection.Name)]
public sealed class UpdateTests(SchemaImages images) : IClassFixture<SchemaImages>
{
    private const string Contents = "SELECT (SELECT count(*) FROM agents), (SELECT count(*) FROM organizations), (SELECT version_num FROM alembic_version)";

    /// <summary>Lets the migrations of the new release fail, as those of f6cd5a1e519d do after an interruption: a column is there already.</summary>
    private const string MigrationsFail =
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN IF current_query() ~ 'last_message_at' THEN RAISE 'disk full'; END IF; END $$; "
        + "CREATE EVENT TRIGGER refuse ON ddl_command_end EXECUTE FUNCTION refuse()";

    [Fact]
    public async Task An_upgrade_that_succeeds_is_verified_against_the_backup()
    {
        await using var project = await StartAsync();
        using var folder = new TempFolder();
        using var shell = new Shell();

        var result = Assert.Single(Update(shell, project, folder).Succeed());

        Assert.Equal(("0.16.2", "0.16.8", 16), (result.Get<string>("From"), result.Get<string>("To"), result.Get<int>("Agents")));
        Assert.Equal("1|1|1c28e167b74f", await project.SqlAsync(Contents));
        Assert.Contains($"{images.Repository}:0.16.8", await ComposeAsync(project), StringComparison.Ordinal);
        Assert.Equal("0.16.8", shell.Run("(Get-LettaServer $args[0]).Version", project.Letta).Succeed().Single().ToString());
        Assert.Equal(2, Directory.GetDirectories(folder.Path).Length);
        Assert.NotEqual(result.Get<string>("Backup"), result.Get<string>("BackupAfter"));
        Assert.True(File.Exists(result.Get<string>("Dump")));
    }

    [Fact]
    public async Task An_upgrade_that_fails_puts_the_pin_the_database_and_the_server_back()
    {
        await using var project = await StartAsync();
        using var folder = new TempFolder();
        using var shell = new Shell();
        await project.SqlAsync(MigrationsFail);
        var compose = await ComposeAsync(project);

        var error = Assert.ThrowsAny<RuntimeException>(() => Update(shell, project, folder));

        Assert.Contains("failed and was undone", error.Message, StringComparison.Ordinal);
        Assert.Contains("0.16.2 again", error.Message, StringComparison.Ordinal);
        Assert.Equal(compose, await ComposeAsync(project));
        Assert.Equal("1|1|27de0f58e076", await project.SqlAsync(Contents));
        Assert.Equal("0.16.2", shell.Run("(Get-LettaServer $args[0]).Version", project.Letta).Succeed().Single().ToString());
        Assert.Equal(16, shell.Run("Get-LettaServer $args[0] | Connect-Letta -PassThru | Get-LettaAgent", project.Letta).Succeed().Count);
        Assert.Equal("On Letters", await project.SqlAsync("SELECT title FROM papers", "thoth"));
    }

    /// <summary>As after somebody has changed the tag by hand, or after a run of the script that was killed.</summary>
    [Fact]
    public async Task A_compose_file_that_names_the_new_release_already_is_no_reason_to_stay_on_it()
    {
        await using var project = await StartAsync();
        using var folder = new TempFolder();
        using var shell = new Shell();
        await project.SqlAsync(MigrationsFail);
        await project.WriteAsync("0.16.8");

        var error = Assert.ThrowsAny<RuntimeException>(() => Update(shell, project, folder));

        Assert.Contains("failed and was undone", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{images.Repository}:0.16.2", await ComposeAsync(project), StringComparison.Ordinal);
        Assert.Equal("1|1|27de0f58e076", await project.SqlAsync(Contents));
        Assert.Equal("0.16.2", shell.Run("(Get-LettaServer $args[0]).Version", project.Letta).Succeed().Single().ToString());
    }

    [Fact]
    public async Task An_image_that_is_not_there_leaves_the_old_release_running()
    {
        await using var project = await StartAsync();
        using var folder = new TempFolder();
        using var shell = new Shell();
        var compose = await ComposeAsync(project);

        // 0.16.7 is a release, but there is no image of it here, and none can be pulled.
        var error = Assert.ThrowsAny<RuntimeException>(() => Update(shell, project, folder, "0.16.7"));

        Assert.Contains("failed and was undone", error.Message, StringComparison.Ordinal);
        Assert.Equal(compose, await ComposeAsync(project));
        Assert.Equal("0.16.2", shell.Run("(Get-LettaServer $args[0]).Version", project.Letta).Succeed().Single().ToString());
    }

    [Fact]
    public async Task WhatIf_and_a_blocked_upgrade_change_nothing()
    {
        await using var project = await StartAsync();
        using var folder = new TempFolder();
        using var shell = new Shell();
        var started = await DockerEngine.DockerAsync("inspect", "--format", "{{.State.StartedAt}}", project.Letta);

        Assert.Empty(Update(shell, project, folder, more: "-WhatIf").Succeed());
        await project.SqlAsync("DROP TABLE alembic_version");
        var blocked = Assert.ThrowsAny<RuntimeException>(() => Update(shell, project, folder));

        Assert.Contains("is blocked", blocked.Message, StringComparison.Ordinal);
        Assert.Equal(started, await DockerEngine.DockerAsync("inspect", "--format", "{{.State.StartedAt}}", project.Letta));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    private static ShellResult Update(Shell shell, LettaProject project, TempFolder folder, string version = "0.16.8", string more = "") =>
        shell.RunRecipe("Update-Letta", $"{version} $args[0] -Name $args[1] -NoPull -TimeoutSec 60 -Confirm:$false {more}", folder.Path, project.Letta);

    private static Task<string> ComposeAsync(LettaProject project) => File.ReadAllTextAsync(project.ComposeFile, TestContext.Current.CancellationToken);

    /// <summary>A server of 0.16.2 on the whole schema of that release, with an agent in it.</summary>
    private async Task<LettaProject> StartAsync()
    {
        var project = await LettaProject.StartAsync("0.16.2", layout: "SELECT 1", images: images.Repository);
        using var shell = new Shell();
        shell.Run("Start-LettaServer $args[0] -Wait", project.Letta).Succeed();
        await project.SqlAsync(
            """
            INSERT INTO organizations (id, name, is_deleted, privileged_tools) VALUES ('org-00000000-0000-4000-8000-000000000000', 'default_org', false, false);
            INSERT INTO agents (id, name, organization_id, is_deleted, message_ids, message_buffer_autoclear)
                VALUES ('agent-11111111-1111-4111-8111-111111111111', 'Memo', 'org-00000000-0000-4000-8000-000000000000', false, '["message-1"]', false)
            """);
        return project;
    }
}
