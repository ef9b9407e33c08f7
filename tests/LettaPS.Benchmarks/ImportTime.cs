using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Benchmarks;

/// <summary>Import-Module in a fresh process, after a first import has warmed PowerShell up: an empty manifest, then LettaPS.</summary>
internal sealed class ImportTime() : Measurement("import", "Import-Module LettaPS over importing an empty manifest, fresh processes")
{
    private const int Samples = 21;

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

        for (var i = 0; i < Samples; i++)
        {
            var times = await ChildAsync(folder["Warm/Warm.psd1"], folder["Empty/Empty.psd1"], Shell.ModuleManifest);
            empty.Add(times[0]);
            module.Add(times[1]);
        }

        Print($"empty manifest {Median(empty):0.0} ms, LettaPS {Median(module):0.0} ms, difference {Median(module.Zip(empty, (m, e) => m - e)):0.0} ms (medians of {Samples}; at most 25)");
    }

    public override Task<int> RunChildAsync(string[] arguments)
    {
        using var runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());
        runspace.Open();
        var times = arguments.Select(Import).ToList();
        Console.WriteLine(string.Join(' ', times.Skip(1).Select(t => t.ToString(CultureInfo.InvariantCulture))));
        return Task.FromResult(0);

        double Import(string path)
        {
            using var powershell = PowerShell.Create();
            powershell.Runspace = runspace;
            powershell.AddCommand("Import-Module").AddParameter("Name", path);
            var begun = Stopwatch.GetTimestamp();
            powershell.Invoke();
            var time = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
            return powershell.HadErrors ? throw powershell.Streams.Error[0].Exception : time;
        }
    }
}
