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
        // What Letta's API cannot carry over is named, with the way that can.
        var gaps = Assert.Single(results, r => r.Get<object>("Status").ToString() != "Restored");
        Assert.Equal(("Memo", "RestoredWithGaps"), (gaps.Get<string>("AgentName"), gaps.Get<object>("Status").ToString()));
        Assert.Equal(
            "2 conversations: Letta's API cannot restore them. Their messages are in the agent's history. An export and a restore with -Source Database keep the conversations.",
            Assert.Single(gaps.Get<System.Collections.IEnumerable>("Missing").Cast<object>()).ToString());
        Assert.Equal(16, from.Run("Get-LettaAgent -Connection $script:to -IncludeHidden").Succeed().Count);
    }
}
