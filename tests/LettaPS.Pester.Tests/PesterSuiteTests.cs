namespace LettaPS.Pester.Tests;

public sealed class PesterSuiteTests
{
    [Theory]
    [InlineData("error NU1301: Unable to load the service index for source https://api.nuget.org/v3/index.json.")]
    [InlineData("Unable to load the service index for source https://api.nuget.org/v3/index.json.\nConnection refused (127.0.0.1:1)")]
    public void A_registry_out_of_reach_is_a_reason_to_skip(string output) =>
        Assert.EndsWith("run 'dotnet tool restore'.", PesterSuite.Explain(output), StringComparison.Ordinal);

    [Fact]
    public void Any_other_failure_of_the_restore_is_a_failure() =>
        Assert.Null(PesterSuite.Explain("error NU1102: Unable to find package Pester with version (= 5.9.9)"));
}
