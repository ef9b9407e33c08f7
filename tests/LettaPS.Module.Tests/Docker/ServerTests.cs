using LettaPS.Hosting;
using LettaPS.Module.Tests.Completion;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Docker;

/// <summary>A project that all tests of the class share; each leaves it running.</summary>
public sealed class RunningProject : SharedFixture<LettaProject>
{
    public LettaProject Project => Resource;

    protected override Task<LettaProject> StartAsync() => LettaProject.StartAsync(lettaEnvironment: "LETTA_SERVER_SECURE: \"true\"\nLETTA_SERVER_PASSWORD: hush-hush");
}

[Collection(DockerCollection.Name)]
public sealed class ServerTests(RunningProject running) : IClassFixture<RunningProject>
{
    private readonly LettaProject _project = running.Project;

    [Fact]
    public async Task A_server_is_shown_with_all_that_matters_and_without_secrets()
    {
        using var shell = new Shell(160);
        shell.Run("Start-LettaServer $args[0] -Wait", _project.Letta).Succeed();

        var told = shell.Run(
            """
            $s = Get-LettaServer $args[0]
            $s.Project, $s.Service, $s.Image, $s.Tag, $s.LettaVersion, $s.State, $s.RestartPolicy, ($s.ComposeFile -join ';')
            $s.Database.Kind, $s.Database.Container, $s.Database.Name, $s.Database.Volume.Name, "published: $($s.Database.Published)"
            $s.Settings['OPENAI_API_KEY'], $s.Settings['LETTA_PG_URI'], $s.BaseUri.Port
            """,
            _project.Letta).Succeed().Select(o => o.ToString());

        Assert.Equal(
            [
                _project.Name, "letta", "letta/letta:0.16.2", "0.16.2", "0.16.2", "Running", "unless-stopped", _project.ComposeFile,
                "Container", _project.Postgres, "letta", _project.Name + "_pgdata", "published: ",
                "****", "postgresql://letta:****@letta-postgres:5432/letta", (await DockerEngine.DockerAsync("port", _project.Letta, "8283")).Split(':')[^1],
            ],
            told);
        Assert.True(shell.Show("Get-LettaServer " + _project.Letta + "; (Get-LettaServer " + _project.Letta + ").Settings"));
        Assert.Contains("letta in " + _project.Postgres, shell.Console.Text);
        Assert.DoesNotContain("hush-hush", shell.Console.Text);
        Assert.DoesNotContain("sk-secret", shell.Console.Text);
    }

    [Fact]
    public void A_server_is_found_by_the_name_of_its_service_and_by_wildcards()
    {
        using var shell = new Shell();

        Assert.Contains(shell.Run("Get-LettaServer letta").Succeed(), s => (string)s.Properties["Name"].Value == _project.Letta);
        Assert.Single(shell.Run("Get-LettaServer $args[0]", _project.Name + "-l*").Succeed());
        Assert.Empty(shell.Run("Get-LettaServer nothing-like-*").Succeed());
        Assert.Equal("ServerNotFound", Assert.Single(shell.Run("Get-LettaServer nothing").Errors).FullyQualifiedErrorId.Split(',')[0]);
    }

    [Fact]
    public async Task A_service_that_several_projects_have_is_not_stopped_by_its_name_alone()
    {
        await using var other = await LettaProject.StartAsync();
        using var shell = new Shell();

        foreach (var command in new[] { "Stop-LettaServer letta", "Restart-LettaServer letta", "Reset-LettaDatabase -Name letta -Force -Confirm:$false", "Backup-LettaDatabase -Name letta -Path $args[0]" })
        {
            var error = Assert.Single(shell.Run(command, Path.GetTempPath()).Errors);
            Assert.StartsWith("ServerAmbiguous,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
            Assert.Contains(other.Letta, error.Exception.Message, StringComparison.Ordinal);
        }

        Assert.Equal("running", await DockerEngine.DockerAsync("inspect", "--format", "{{.State.Status}}", other.Letta));
        Assert.True(shell.Run("Get-LettaServer letta").Succeed().Count >= 2);
    }

    [Fact]
    public void Containers_and_services_of_servers_are_completed_and_their_neighbours_are_not()
    {
        using var shell = new Shell();

        var completions = CompletionTests.Complete(shell, "Stop-LettaServer " + _project.Name);

        Assert.Equal([_project.Letta], completions.Select(c => c.CompletionText));
        Assert.Equal($"{_project.Letta} (letta/letta:0.16.2)", completions[0].ToolTip);
        Assert.Contains(CompletionTests.Complete(shell, "Backup-LettaDatabase -Name let"), c => c is { CompletionText: "letta", ToolTip: "compose service letta" });
    }

    [Fact]
    public async Task Stopping_and_starting_touches_no_neighbour()
    {
        using var shell = new Shell();
        var before = await StartTimesAsync();

        Assert.Equal("Exited", shell.Run("(Get-LettaServer $args[0] | Stop-LettaServer -TimeoutSec 5 -PassThru).State", _project.Letta).Succeed().Single().ToString());
        Assert.Empty(shell.Run("Start-LettaServer $args[0] -Wait", _project.Letta).Succeed());
        Assert.Empty(shell.Run("Restart-LettaServer $args[0] -Wait", _project.Letta).Succeed());
        Assert.Equal(["0.16.2", "0.16.2"], shell.Run("Start-LettaServer $args[0] -Wait -PassThru; Restart-LettaServer $args[0] -Wait -PassThru", _project.Letta).Succeed().Select(s => s.Get<Version>("LettaVersion").ToString()));

        Assert.Equal(before, await StartTimesAsync());
    }

    [Fact]
    public async Task WhatIf_changes_nothing()
    {
        using var shell = new Shell();
        var before = await DockerEngine.DockerAsync("inspect", "--format", "{{.State.StartedAt}}", _project.Letta);

        shell.Run("Restart-LettaServer $args[0] -WhatIf; Stop-LettaServer $args[0] -WhatIf", _project.Letta).Succeed();

        Assert.Equal(before, await DockerEngine.DockerAsync("inspect", "--format", "{{.State.StartedAt}}", _project.Letta));
    }

    [Fact]
    public async Task Waiting_goes_on_until_the_database_can_be_read()
    {
        using var shell = new Shell();
        await DockerEngine.DockerAsync("pause", _project.Postgres);
        try
        {
            var error = Assert.Single(shell.Run("Restart-LettaServer $args[0] -Wait -TimeoutSec 8", _project.Letta).Errors);
            Assert.Contains("did not come up", error.Exception.Message);
        }
        finally
        {
            await DockerEngine.DockerAsync("unpause", _project.Postgres);
        }

        shell.Run("Start-LettaServer $args[0] -Wait", _project.Letta).Succeed();
    }

    private Task<string> StartTimesAsync() => DockerEngine.DockerAsync("inspect", "--format", "{{.State.StartedAt}}", _project.Postgres, _project.Neighbour);
}
