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
        Assert.Equal("0.16.8", shell.Run("(Get-LettaServer $args[0]).LettaVersion", project.Letta).Succeed().Single().ToString());
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
        Assert.Equal("0.16.2", shell.Run("(Get-LettaServer $args[0]).LettaVersion", project.Letta).Succeed().Single().ToString());
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
        Assert.Equal("0.16.2", shell.Run("(Get-LettaServer $args[0]).LettaVersion", project.Letta).Succeed().Single().ToString());
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
        Assert.Equal("0.16.2", shell.Run("(Get-LettaServer $args[0]).LettaVersion", project.Letta).Succeed().Single().ToString());
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

    /// <summary>As a project in the field: an env file beside the compose file, another one elsewhere, and the release in a variable.</summary>
    [Theory]
    [InlineData(".env", true)]
    [InlineData(".env", false)]
    [InlineData("elsewhere/letta.env", true)]
    [InlineData("elsewhere/letta.env", false)]
    public async Task A_project_whose_release_is_in_an_env_file_moves_forwards_and_back(string envFile, bool succeeds)
    {
        await using var project = await StartAsync(envFile);
        using var folder = new TempFolder();
        using var shell = new Shell();
        var before = await File.ReadAllTextAsync(project.EnvFile!, TestContext.Current.CancellationToken);
        var compose = await ComposeAsync(project);
        if (!succeeds)
        {
            await project.SqlAsync(MigrationsFail);
            Assert.Contains("failed and was undone", Assert.ThrowsAny<RuntimeException>(() => Update(shell, project, folder)).Message, StringComparison.Ordinal);
        }
        else
        {
            Update(shell, project, folder).Succeed();
        }

        Assert.Equal(succeeds ? before.Replace("0.16.2", "0.16.8", StringComparison.Ordinal) : before, await File.ReadAllTextAsync(project.EnvFile!, TestContext.Current.CancellationToken));
        Assert.Equal(compose, await ComposeAsync(project));
        Assert.Equal(succeeds ? "0.16.8" : "0.16.2", shell.Run("(Get-LettaServer $args[0]).LettaVersion", project.Letta).Succeed().Single().ToString());
        Assert.Equal("from the env file", await DockerEngine.DockerAsync("exec", project.Letta, "printenv", "LETTA_OF_ENV_FILE"));
    }

    [Fact]
    public async Task Without_compose_nothing_is_stopped_and_WhatIf_says_so_too()
    {
        await using var project = await StartAsync();
        using var folder = new TempFolder();
        using var shell = new Shell();
        var started = await DockerEngine.DockerAsync("inspect", "--format", "{{.State.StartedAt}}", project.Letta);

        foreach (var more in new[] { "-WhatIf -Compose /nowhere/compose", "-Compose /nowhere/compose" })
        {
            var error = Assert.ThrowsAny<RuntimeException>(() => Update(shell, project, folder, more: more));
            Assert.Contains("Compose cannot be run: '/nowhere/compose'", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(started, await DockerEngine.DockerAsync("inspect", "--format", "{{.State.StartedAt}}", project.Letta));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task Compose_that_fails_before_it_has_recreated_the_container_leaves_the_old_one_which_is_started()
    {
        await using var project = await StartAsync();
        using var folder = new TempFolder();
        using var tools = new TempFolder();
        using var shell = new Shell();
        var container = await DockerEngine.DockerAsync("inspect", "--format", "{{.Id}}", project.Letta);
        var compose = await ComposeAsync(project);
        await File.WriteAllTextAsync(tools["compose"], "#!/bin/sh\nfor a; do [ \"$a\" = up ] && { echo 'compose is broken' >&2; exit 7; }; done\nexec docker-compose \"$@\"\n", TestContext.Current.CancellationToken);
        await DockerEngine.RunAsync("chmod", ["755", tools["compose"]]);

        var error = Assert.ThrowsAny<RuntimeException>(() => Update(shell, project, folder, more: $"-Compose {tools["compose"]}"));

        Assert.Contains("failed and was undone", error.Message, StringComparison.Ordinal);
        Assert.Contains("compose is broken", error.Message, StringComparison.Ordinal);
        Assert.Equal(container, await DockerEngine.DockerAsync("inspect", "--format", "{{.Id}}", project.Letta));
        Assert.Equal("true", await DockerEngine.DockerAsync("inspect", "--format", "{{.State.Running}}", project.Letta));
        Assert.Equal((compose, "1|1|27de0f58e076"), (await ComposeAsync(project), await project.SqlAsync(Contents)));
    }

    [Fact]
    public async Task A_compose_file_that_would_change_more_than_the_image_is_refused_with_what_differs()
    {
        await using var project = await StartAsync();
        using var folder = new TempFolder();
        using var shell = new Shell();
        await project.WriteAsync("0.16.2", lettaEnvironment: "LETTA_DEBUG: \"true\"");

        var error = Assert.ThrowsAny<RuntimeException>(() => Update(shell, project, folder));

        Assert.Contains("more than the image would change: variable 'LETTA_DEBUG'", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task Sessions_of_others_are_named_before_and_terminated_when_the_upgrade_is_rolled_back()
    {
        await using var project = await StartAsync();
        using var folder = new TempFolder();
        using var shell = new Shell();
        await project.SqlAsync(MigrationsFail);
        await DockerEngine.DockerAsync("exec", "--detach", "--env", "PGAPPNAME=reporting", project.Neighbour, "psql", "postgresql://letta:letta@letta-postgres/letta", "-c", "SELECT pg_sleep(600)");
        await project.SqlAsync("DO $$ BEGIN FOR i IN 1..600 LOOP PERFORM pg_sleep(0.05); PERFORM pg_stat_clear_snapshot(); EXIT WHEN EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'reporting'); END LOOP; END $$");

        var error = Assert.ThrowsAny<RuntimeException>(() => Update(shell, project, folder, more: "-WarningVariable global:shown -WarningAction SilentlyContinue"));

        Assert.Contains("failed and was undone", error.Message, StringComparison.Ordinal);
        Assert.Contains(shell.Run("$global:shown").Output, w => w.ToString().Contains("reporting from", StringComparison.Ordinal));
        Assert.Equal("1|1|27de0f58e076", await project.SqlAsync(Contents));
    }

    private static ShellResult Update(Shell shell, LettaProject project, TempFolder folder, string version = "0.16.8", string more = "") =>
        shell.RunRecipe("Update-Letta", $"{version} $args[0] -Name $args[1] -NoPull -TimeoutSec 60 -Confirm:$false {more}", folder.Path, project.Letta);

    private static Task<string> ComposeAsync(LettaProject project) => File.ReadAllTextAsync(project.ComposeFile, TestContext.Current.CancellationToken);

    /// <summary>A server of 0.16.2 on the whole schema of that release, with an agent in it.</summary>
    private async Task<LettaProject> StartAsync(string? envFile = null)
    {
        var project = await LettaProject.StartAsync("0.16.2", layout: "SELECT 1", images: images.Repository, envFile: envFile);
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
