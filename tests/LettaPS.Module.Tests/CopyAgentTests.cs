using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;

namespace LettaPS.Module.Tests;

/// <summary>The line of docs/restore.md that copies agents from one server to another.</summary>
public sealed class CopyAgentTests
{
    [Fact]
    public async Task A_pipeline_copies_every_agent_with_a_verified_set_in_between()
    {
        await using var from = await Connected.ToAsync();
        await using var to = await SandboxServer.StartAsync(new SandboxOptions { Fleet = Fleet.Empty });
        from.Run("$script:from = Get-LettaConnection; $script:to = Connect-Letta $args[0] -PassThru", to.BaseUri).Succeed();

        var results = from.Run(
            "Export-LettaAgent -Connection $script:from -Path $args[0] | Test-LettaBackup | Where-Object IsValid | Restore-LettaAgent -Connection $script:to",
            from.Folder.Path).Succeed();

        Assert.Equal(16, results.Count);
        Assert.All(results, r => Assert.StartsWith("Restored", r.Get<object>("Status").ToString(), StringComparison.Ordinal));
        Assert.Equal(16, from.Run("Get-LettaAgent -Connection $script:to -IncludeHidden").Succeed().Count);
    }
}
