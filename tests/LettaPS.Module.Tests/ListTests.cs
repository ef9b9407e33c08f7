using LettaPS.Hosting;
using LettaPS.Sandbox;

namespace LettaPS.Module.Tests;

public class ListTests
{
    [Fact]
    public async Task A_list_of_an_agent_can_be_indexed_and_reads_as_text()
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions());
        var tags = letta.Server.State.Agents.Single(a => a.Name == "thoth_main_orchestrator").Tags;
        var script = "$a = Get-LettaAgent thoth_main_orchestrator; ";

        Assert.Contains((string)letta.Run(script + "$a.Tags[0]").Succeed().Single().BaseObject, tags);
        Assert.Contains((string)letta.Run(script + "$a.Tags[-1]").Succeed().Single().BaseObject, tags);
        Assert.Equal(tags.Order(), ((string)letta.Run(script + "\"$($a.PSObject.Properties['Tags'].Value.ToString())\"").Succeed().Single().BaseObject).Split(", ").Order());
    }

    [Fact]
    public void An_empty_list_reads_as_empty_text()
    {
        using var shell = new Shell();

        Assert.Equal(string.Empty, shell.Run("[LettaPS.LettaBackupTest]::new().Missing.ToString()").Output is [{ BaseObject: string text }] ? text : null);
    }
}
