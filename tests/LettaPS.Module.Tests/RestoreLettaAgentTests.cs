using System.Management.Automation;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;

namespace LettaPS.Module.Tests;

public class RestoreLettaAgentTests
{
    [Theory]
    [InlineData("0.11.3", "0.11.3")]
    [InlineData("0.11.3", "0.16.2")]
    [InlineData("0.11.3", "0.16.8")]
    [InlineData("0.16.2", "0.11.3")]
    [InlineData("0.16.2", "0.16.2")]
    [InlineData("0.16.2", "0.16.8")]
    [InlineData("0.16.8", "0.11.3")]
    [InlineData("0.16.8", "0.16.2")]
    [InlineData("0.16.8", "0.16.8")]
    public async Task Sixteen_of_sixteen_come_back(string from, string to)
    {
        await using var source = await Connected.ToAsync(new SandboxOptions { Release = from });
        await using var target = await Connected.ToAsync(new SandboxOptions { Release = to, Fleet = Fleet.Empty });
        source.Run($"Export-LettaAgent {source.Path}").Succeed();

        var results = target.Run("Restore-LettaAgent $args[0]", source.Set).Succeed();

        Assert.Equal(16, results.Count);
        File.WriteAllLines($"/tmp/restore-gaps-{from}-{to}.txt", results.SelectMany(Gaps));
        Assert.Equal([], results.SelectMany(Gaps));
    }

    private static IEnumerable<string> Gaps(PSObject result) => result.Get<IReadOnlyList<string>>("Gaps").Select(g => $"{result.Get<string>("Name")}: {g}");
}
