using System.Management.Automation;
using LettaPS.Hosting;

namespace LettaPS.Module.Tests;

public sealed class ProgressTests
{
    [Theory]
    [InlineData("Connect-Letta $args[0] -Timeout 3", "asking http://127.0.0.1:")]
    [InlineData("Test-LettaHealth $args[0] -Timeout 3 -Quick", "asking http://127.0.0.1:")]
    [InlineData("Test-LettaUpgrade -To 0.16.8 $args[0] -Timeout 3", "asking http://127.0.0.1:")]
    [InlineData("Get-LettaAgent -Source Api -Connection ([LettaPS.LettaConnection]::new($args[0], $null, '0:0:3', $false))", "0 agents")]
    public async Task Whatever_waits_longer_than_a_second_shows_one_bar_and_takes_it_away(string command, string status)
    {
        await using var silent = await OtherServer.StartAsync(string.Empty);
        using var shell = new Shell();

        shell.Run(command, silent.BaseUri);

        var progress = shell.Console.Progress;
        Assert.StartsWith(status, progress[0].StatusDescription, StringComparison.Ordinal);
        Assert.Single(progress.Select(p => p.ActivityId).Distinct());
        Assert.Single(progress, p => p.RecordType == ProgressRecordType.Completed);
        Assert.Equal(ProgressRecordType.Completed, progress[^1].RecordType);
    }
}
