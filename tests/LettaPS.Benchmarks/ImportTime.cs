using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Benchmarks;

/// <summary>Import-Module in a fresh process, after a first import has warmed PowerShell up: an empty manifest, then LettaPS.</summary>
internal sealed class ImportTime() : Measurement("import", "Import-Module LettaPS over importing an empty manifest, fresh processes")
{
    private const int Samples = 21;

    private static readonly string s_probe = typeof(ImportTime).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "ImportProbe").Value!;

    public override async Task RunAsync()
    {
        var empty = new List<double>();
        var module = new List<double>();
        using var folder = new TempFolder();
        foreach (var name in (string[])["Warm", "Empty"])
        {
            Directory.CreateDirectory(folder[name]);
            await File.WriteAllTextAsync(folder[$"{name}/{name}.psd1"], "@{ ModuleVersion = '1.0'; GUID = '00000000-0000-4000-8000-000000000000'; CmdletsToExport = @(); FunctionsToExport = @(); AliasesToExport = @(); VariablesToExport = @() }");
        }

        await PublishAsync(folder["probe"]);
        for (var i = 0; i < Samples; i++)
        {
            var times = await RunProgramAsync([folder["probe/LettaPS.ImportProbe.dll"], folder["Warm/Warm.psd1"], folder["Empty/Empty.psd1"], Shell.ModuleManifest]);
            empty.Add(times[1]);
            module.Add(times[2]);
        }

        Print($"empty manifest {Median(empty):0.0} ms, LettaPS {Median(module):0.0} ms, difference {Median(module.Zip(empty, (m, e) => m - e)):0.0} ms (medians of {Samples}; at most 25)");
    }

    private static async Task PublishAsync(string output)
    {
        string[] arguments =
        [
            "publish", s_probe, "--configuration", "Release", "--runtime", RuntimeInformation.RuntimeIdentifier, "--self-contained", "false",
            "-p:PublishReadyToRun=true", "--output", output, "--verbosity", "quiet",
        ];
        using var publish = Process.Start("dotnet", arguments);
        await publish.WaitForExitAsync();
        if (publish.ExitCode != 0)
        {
            throw new InvalidOperationException("The probe could not be published.");
        }
    }
}
