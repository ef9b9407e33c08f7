using LettaPS.Hosting;

namespace LettaPS.Module.Tests;

/// <summary>The console of the README's second command, for machines without PowerShell.</summary>
public class ConsoleTests
{
    [Theory]
    [InlineData("Connect-Letta http://127.0.0.1:1", "Connect-Letta: Nothing listens at 'http://127.0.0.1:1/'")]
    [InlineData("Get-Nothing", "'Get-Nothing'")]
    [InlineData("if (", "Missing condition in if statement")]
    public async Task An_error_is_shown_and_makes_the_exit_code(string command, string shown)
    {
        using var console = ConsoleProcess.Start(command);
        var (exitCode, output) = await console.FinishAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, exitCode);
        Assert.Contains(shown, output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_comes_after_an_error_is_shown_too()
    {
        using var shell = new Shell();

        Assert.False(shell.Show("Get-LettaBackup '/nowhere'; 'after'"));
        Assert.Contains("after", shell.Console.Text, StringComparison.Ordinal);
        Assert.NotEmpty(shell.Console.Errors);
    }
}
