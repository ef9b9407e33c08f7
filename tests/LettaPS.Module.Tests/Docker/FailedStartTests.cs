using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Docker;

[Collection(DockerCollection.Name)]
public sealed class FailedStartTests
{
    [Fact]
    public Task A_wrong_password_is_told_from_the_log() => ExpectAsync("DatabaseDenied", "does not accept the server's password", "LETTA_PG_URI", password: "wrong");

    [Fact]
    public Task A_port_that_is_taken_is_told_from_the_log() =>
        ExpectAsync("AddressInUse", "uses the port of the server", "publish another port", environment: "SANDBOX_OCCUPIED_PORT: \"8283\"");

    [Fact]
    public Task A_migration_that_fails_is_told_from_the_log() => ExpectAsync(
        "MigrationFailed", "an object that it creates exists", "Compare-LettaSchema", layout: LettaProject.OfficialLayout + "; CREATE TABLE letta.runs (id int)");

    [Fact]
    public Task A_database_without_the_extension_is_told_from_the_log() => ExpectAsync("ExtensionNotFound", "lacks the extension vector", "pgvector", layout: "SELECT 1");

    private static async Task ExpectAsync(string errorId, string meaning, string advice, string password = "letta", string? layout = null, string environment = "")
    {
        await using var project = await LettaProject.StartAsync(password: password, layout: layout, lettaEnvironment: environment);
        using var shell = new Shell();

        var error = Assert.Single(shell.Run("Start-LettaServer $args[0] -Wait", project.Letta).Errors);

        Assert.Equal(errorId + ",LettaPS.Cmdlets.StartLettaServerCommand", error.FullyQualifiedErrorId);
        Assert.Contains(meaning, error.Exception.Message);
        Assert.Contains("The end of its log:", error.Exception.Message);
        Assert.DoesNotContain(":letta@", error.Exception.Message);
        Assert.DoesNotContain(":wrong@", error.Exception.Message);
        Assert.Contains(advice, error.ErrorDetails.RecommendedAction);
    }
}
