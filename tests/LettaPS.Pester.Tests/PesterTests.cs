namespace LettaPS.Pester.Tests;

/// <summary>What a user would type, in a real PowerShell, on the installed package. Each Pester test is a test of its own name.</summary>
public sealed class PesterTests
{
    /// <summary>Runs the suite.</summary>
    public static async Task<IReadOnlyCollection<ITheoryDataRow>> RunAsync()
    {
        if (await PesterSuite.FindLackAsync() is { } lack)
        {
            return [new TheoryDataRow<PesterResult>(new PesterResult("Pester", "NotRun", lack))];
        }

        return [.. (await PesterSuite.RunAsync()).Select(result => new TheoryDataRow<PesterResult>(result) { TestDisplayName = result.Name, Label = string.Empty })];
    }

    /// <summary>The rows are the results of a run, so they are not made before the tests run.</summary>
    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(RunAsync))]
    public void The_Pester_suite_passes(PesterResult result)
    {
        if (result.Outcome is "Skipped" or "NotRun")
        {
            TestKit.Needs.Missing(result.Message);
        }

        Assert.True(result.Outcome == "Passed", result.Message);
    }
}
