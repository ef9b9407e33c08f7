using System.Diagnostics;
using LettaPS.Hosting;

namespace LettaPS.Module.Tests;

public class ModuleTests
{
    private const string Alone = "LETTAPS_TEST_ALONE";

    [Fact]
    public void Importing_the_module_loads_nothing_from_lib()
    {
        // In a process of its own: in this one another test may have loaded it.
        if (Environment.GetEnvironmentVariable(Alone) is null)
        {
            var start = new ProcessStartInfo(Path.ChangeExtension(GetType().Assembly.Location, OperatingSystem.IsWindows() ? ".exe" : null))
            {
                ArgumentList = { "-method", $"{GetType().FullName}.{nameof(Importing_the_module_loads_nothing_from_lib)}" },
                Environment = { [Alone] = "1" },
                RedirectStandardOutput = true,
            };
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0 && output.Contains("Total: 1,", StringComparison.Ordinal), output);
            return;
        }

        using var shell = new Shell();

        Assert.Single(shell.Run("Get-Module LettaPS").Succeed());
        Assert.DoesNotContain(AppDomain.CurrentDomain.GetAssemblies(), a => a.GetName().Name == "LettaPS.Adapters");
    }

    [Fact]
    public void A_test_sees_the_errors_of_what_it_runs()
    {
        using var shell = new Shell();

        Assert.StartsWith("CommandNotFoundException", Assert.Single(shell.Run("No-SuchCommand; 'after'").Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => shell.Run("No-SuchCommand; 'after'").Succeed());
    }
}
