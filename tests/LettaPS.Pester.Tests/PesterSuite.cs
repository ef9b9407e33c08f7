using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using System.Xml.Linq;
using LettaPS.TestKit;

namespace LettaPS.Pester.Tests;

/// <summary>
/// The Pester suite in the PowerShell that the tool manifest names. PowerShell and Pester come from NuGet, and the module is the package, so that nothing
/// has to be installed first.
/// </summary>
internal static class PesterSuite
{
    private static readonly string s_repository = Metadata("RepositoryRoot");
    private static readonly string s_pester = Path.Combine(s_repository, "tests", "Pester", "Restore", "PesterRestore.csproj");

    /// <summary>Restores PowerShell and Pester.</summary>
    /// <returns>Why the suite cannot run on this machine; null if it can.</returns>
    /// <exception cref="InvalidOperationException">The restore failed for another reason than a registry out of reach.</exception>
    public static async Task<string?> FindLackAsync()
    {
        foreach (var arguments in (string[][])[["tool", "restore", "--tool-manifest", Path.Combine(s_repository, ".config", "dotnet-tools.json")], ["restore", s_pester]])
        {
            var (exitCode, output, error) = await ProgramAsync("dotnet", arguments);
            if (exitCode != 0)
            {
                return Explain(output + error) ?? throw new InvalidOperationException($"dotnet {string.Join(' ', arguments)}: {output}{error}");
            }
        }

        return null;
    }

    /// <summary>Why PowerShell or Pester could not be restored, if no registry was within reach.</summary>
    /// <param name="output">What the command wrote.</param>
    public static string? Explain(string output) => output.Contains("NU1301", StringComparison.Ordinal) || output.Contains("Unable to load the service index", StringComparison.Ordinal)
        ? "PowerShell and Pester are not in NuGet's cache, and no NuGet registry can be reached. Connect to the network and run 'dotnet tool restore'."
        : null;

    /// <summary>Packs the module, installs the package and runs the suite on it.</summary>
    public static async Task<IReadOnlyList<PesterResult>> RunAsync()
    {
        using var folder = new TempFolder();
        await SucceedAsync("dotnet", ["pack", Path.Combine(s_repository, "src", "LettaPS"), "--no-build", "--configuration", Metadata("Configuration"), "--output", folder["packages"]]);
        var packages = (await SucceedAsync("dotnet", ["nuget", "locals", "global-packages", "--list"])).Split(": ", 2)[1].Trim();
        var pester = Directory.GetFiles(Path.Combine(packages, "pester"), "Pester.psd1", SearchOption.AllDirectories).Single(f => f.Contains(PesterVersion, StringComparison.Ordinal));

        // The user's module path and the list of package repositories are below the home folder.
        Directory.CreateDirectory(folder["home/.local/share"]);
        await SucceedAsync(
            "dotnet",
            [
                "tool", "run", "pwsh", "--", "-NoProfile", "-NonInteractive", "-File", Path.Combine(s_repository, "tests", "Pester", "Invoke-Suite.ps1"),
                "-PackagePath", folder["packages"], "-PesterPath", pester, "-ResultPath", folder["results.json"], "-ExcludeTag", "PSScriptAnalyzer",
            ],
            start =>
            {
                // Where the SDK restored the tool.
                start.Environment.TryAdd("DOTNET_CLI_HOME", Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));
                start.Environment["NUGET_PACKAGES"] = packages;
                start.Environment["HOME"] = folder["home"];
                start.Environment.Remove("XDG_DATA_HOME");
                start.Environment.Remove("XDG_CONFIG_HOME");
            });
        await using var results = File.OpenRead(folder["results.json"]);
        var read = await JsonSerializer.DeserializeAsync<List<PesterResult>>(results);
        return read is { Count: > 0 } ? read : throw new InvalidOperationException("The Pester suite has no tests.");
    }

    /// <summary>The version that the restored project names.</summary>
    public static string PesterVersion { get; } =
        XDocument.Load(s_pester).Descendants("PackageDownload").Single().Attribute("Version")!.Value.Trim('[', ']');

    private static async Task<string> SucceedAsync(string program, IEnumerable<string> arguments, Action<ProcessStartInfo>? configure = null)
    {
        var (exitCode, output, error) = await ProgramAsync(program, arguments, configure);
        return exitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {output}\n{error}");
    }

    /// <summary>Runs a program in the repository, where the tool manifest is.</summary>
    private static Task<(int ExitCode, string Output, string Error)> ProgramAsync(string program, IEnumerable<string> arguments, Action<ProcessStartInfo>? configure = null) =>
        DockerEngine.RunAsync(program, arguments, start =>
        {
            start.WorkingDirectory = s_repository;
            configure?.Invoke(start);
        });

    private static string Metadata(string key) => typeof(PesterSuite).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;
}
