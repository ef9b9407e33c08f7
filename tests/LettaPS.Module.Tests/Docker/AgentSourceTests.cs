using System.Text.Json;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Docker;

/// <summary>Agents from the database of a container, whose port is not published.</summary>
[Collection(DockerCollection.Name)]
public sealed class AgentSourceTests
{
    private const string Agent = "agent-10418b8d-37a5-4923-8f70-69ccc58d66ff";

    [Fact]
    public async Task The_database_of_the_servers_container_is_found_and_a_stopped_one_is_no_reason_to_give_up_on_the_api()
    {
        await using var project = await LettaProject.StartAsync(lettaEnvironment: "LETTA_ENCRYPTION_KEY: the-key");
        using var folder = new TempFolder();
        using var shell = new Shell();
        shell.Run("Start-LettaServer $args[0] -Wait; Connect-Letta (Get-LettaServer $args[0]).BaseUri", project.Letta).Succeed();
        await project.FillAsync(0);
        await project.SqlAsync($"INSERT INTO agents VALUES ('{Agent}', 'Memo', 'org-1', now()); INSERT INTO messages (id, agent_id, content) VALUES ('message-10418b8d-37a5-4923-8f70-69ccc58d66ff', '{Agent}', '[]')");

        var backup = Assert.Single(shell.Run("Get-LettaAgent -Source Database | Export-LettaAgent -Path $args[0] -Source Database", folder.Path).Succeed());
        var warned = shell.Run("Get-LettaAgent", folder.Path).Succeed();

        Assert.Equal(("Memo", 1, "Database"), (backup.Get<string>("AgentName"), backup.Get<int>("MessageCount"), backup.Get<string>("Source")));
        var file = await File.ReadAllTextAsync(backup.Get<string>("Path"), TestContext.Current.CancellationToken);
        Assert.DoesNotContain("the-key", file, StringComparison.Ordinal);
        using var document = JsonDocument.Parse(file);
        Assert.Equal(16, document.RootElement.GetProperty("lettaps").GetProperty("database").GetProperty("encryption_key_fingerprint").GetString()!.Length);

        // The agents of the server that stands in are in its memory, so that the database does not seem to be its own.
        Assert.Equal(16, warned.Count);
        Assert.Contains("another server's", Assert.Single(shell.Console.Warnings), StringComparison.Ordinal);

        await DockerEngine.DockerAsync("stop", "--time", "1", project.Postgres);
        shell.Run("Get-LettaAgent");
        Assert.Contains($"'{project.Postgres}', which runs the database, is not running.", shell.Console.Warnings[^1], StringComparison.Ordinal);
    }
}
