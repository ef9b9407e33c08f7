using LettaPS.Sandbox;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Recipes;

/// <summary>What a scheduled task finds: no HOME, no PATH, no language.</summary>
public sealed class EmptyEnvironmentTests
{
    [Fact]
    public async Task The_nightly_backup_works_without_any_variable()
    {
        await using var server = await SandboxServer.StartAsync();
        using var folder = new TempFolder();
        using var process = ConsoleProcess.StartWithEmptyEnvironment($"& '{Recipe.Path("Backup-LettaNightly")}' '{folder.Path}' -NoDump", server.BaseUri);

        var (_, output) = await process.FinishAsync(TestContext.Current.CancellationToken);

        Assert.Contains($" OK server={server.BaseUri} agents=16 ", output, StringComparison.Ordinal);
    }
}
