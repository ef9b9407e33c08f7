using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Benchmarks;

/// <summary>
/// Import-Module in a fresh process, after a first import has warmed PowerShell up: an empty manifest, then LettaPS; and, in processes of their own, the
/// smallest module that has a cmdlet and a view.
/// </summary>
internal sealed class ImportTime() : Measurement("import", "Import-Module LettaPS over importing an empty manifest, fresh processes")
{
    private const int Samples = 21;

    private const string Manifest = "@{{ {0} ModuleVersion = '1.0'; GUID = '00000000-0000-4000-8000-000000000000'; FunctionsToExport = @(); AliasesToExport = @(); VariablesToExport = @() }}";

    private const string View = """
        <Configuration><ViewDefinitions><View><Name>Nothing</Name><ViewSelectedBy><TypeName>Nothing</TypeName></ViewSelectedBy>
        <ListControl><ListEntries><ListEntry><ListItems><ListItem><PropertyName>Name</PropertyName></ListItem></ListItems></ListEntry></ListEntries></ListControl>
        </View></ViewDefinitions></Configuration>
        """;

    private static readonly CompositeFormat s_manifest = CompositeFormat.Parse(Manifest);

    private static readonly string s_probe = typeof(ImportTime).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "ImportProbe").Value!;

    public override async Task RunAsync()
    {
        using var folder = new TempFolder();
        await PublishAsync(folder["probe"]);
        await WriteAsync("Warm", "CmdletsToExport = @();");
        await WriteAsync("Empty", "CmdletsToExport = @();");
        await WriteAsync("Smallest", "RootModule = 'LettaPS.ImportProbe.dll'; FormatsToProcess = 'Smallest.ps1xml'; CmdletsToExport = 'Get-Nothing';");
        File.Copy(folder["probe/LettaPS.ImportProbe.dll"], folder["Smallest/LettaPS.ImportProbe.dll"]);
        await File.WriteAllTextAsync(folder["Smallest/Smallest.ps1xml"], View);

        var empty = new List<double>();
        var smallest = new List<double>();
        var module = new List<double>();
        for (var i = 0; i < Samples; i++)
        {
            smallest.Add(await OverEmptyAsync(folder["Smallest/Smallest.psd1"]));
            module.Add(await OverEmptyAsync(Shell.ModuleManifest));
        }

        Print($"empty manifest {Median(empty):0.0} ms; above it: LettaPS {Median(module):0.0} ms (at most 25), the smallest module with a cmdlet and a view {Median(smallest):0.0} ms (medians of {Samples})");

        Task WriteAsync(string name, string what)
        {
            Directory.CreateDirectory(folder[name]);
            return File.WriteAllTextAsync(folder[$"{name}/{name}.psd1"], string.Format(CultureInfo.InvariantCulture, s_manifest, what));
        }

        async Task<double> OverEmptyAsync(string manifest)
        {
            var times = await RunProgramAsync([folder["probe/LettaPS.ImportProbe.dll"], folder["Warm/Warm.psd1"], folder["Empty/Empty.psd1"], manifest]);
            empty.Add(times[1]);
            return times[2] - times[1];
        }
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
