using System.IO.Compression;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests;

public class PackageTests
{
    private static readonly string s_module = Path.GetDirectoryName(Shell.ModuleManifest)!;
    private static readonly string s_repository = Path.GetFullPath(Path.Combine(s_module, "..", ".."));

    /// <summary>Whatever is shipped, file by file: a dependency that brings another assembly is seen here first.</summary>
    private static readonly string[] s_files =
    [
        "LICENSE",
        "LettaPS.Core.dll",
        "LettaPS.Format.ps1xml",
        "LettaPS.Types.ps1xml",
        "LettaPS.dll",
        "LettaPS.psd1",
        "THIRD-PARTY-NOTICES.txt",
        "en-US/LettaPS.dll-Help.xml",
        "en-US/about_LettaPS.help.txt",
        "en-US/about_LettaPS_Backup.help.txt",
        "en-US/about_LettaPS_Schema.help.txt",
        "en-US/about_LettaPS_Upgrade.help.txt",
        "lib/Docker.DotNet.Handler.Abstractions.dll",
        "lib/Docker.DotNet.LegacyHttp.dll",
        "lib/Docker.DotNet.NPipe.dll",
        "lib/Docker.DotNet.NativeHttp.dll",
        "lib/Docker.DotNet.Unix.dll",
        "lib/Docker.DotNet.dll",
        "lib/LettaPS.Adapters.dll",
        "lib/Microsoft.Extensions.DependencyInjection.Abstractions.dll",
        "lib/Microsoft.Extensions.Logging.Abstractions.dll",
        "lib/Microsoft.Net.Http.Client.dll",
        "lib/Npgsql.dll",
        "lib/Polly.Core.dll",
        "lib/System.Diagnostics.DiagnosticSource.dll",
        "lib/System.IO.Pipelines.dll",
        "lib/YamlDotNet.dll",
    ];

    [Fact]
    public void The_module_folder_holds_these_files_and_no_others() =>
        Assert.Equal(s_files, Directory.GetFiles(s_module, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(s_module, f).Replace('\\', '/')).Order(StringComparer.Ordinal));

    [Fact]
    public async Task The_package_holds_the_module_says_what_it_is_and_is_the_same_each_time()
    {
        using var folder = new TempFolder();
        var (first, second) = (await PackAsync(folder["first"]), await PackAsync(folder["second"]));

        Assert.Equal(await File.ReadAllBytesAsync(first), await File.ReadAllBytesAsync(second));
        await using var package = await ZipFile.OpenReadAsync(first);
        var names = package.Entries.Select(e => e.FullName).ToList();
        Assert.Equal(s_files, names.Where(n => !n.StartsWith("_rels/", StringComparison.Ordinal) && !n.StartsWith("package/", StringComparison.Ordinal) && n is not ("[Content_Types].xml" or "LettaPS.nuspec")).Order(StringComparer.Ordinal));
        foreach (var file in s_files)
        {
            await using var packed = await package.GetEntry(file)!.OpenAsync();
            using var bytes = new MemoryStream();
            await packed.CopyToAsync(bytes);
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(s_module, file)), bytes.ToArray());
        }

        // What PowerShellGet and PSResourceGet look at.
        using var shell = new Shell();
        var module = shell.Run("Get-Module LettaPS").Succeed().Single();
        var changes = (await File.ReadAllTextAsync(Path.Combine(s_repository, "CHANGELOG.md"))).ReplaceLineEndings("\n").Split("\n## ");
        Assert.Equal("## " + changes[1].Trim(), module.Get<string>("ReleaseNotes").ReplaceLineEndings("\n"));
        await using var nuspec = await package.GetEntry("LettaPS.nuspec")!.OpenAsync();
        var metadata = (await XDocument.LoadAsync(nuspec, LoadOptions.None, CancellationToken.None)).Root!.Elements().First().Elements().ToDictionary(e => e.Name.LocalName, e => e.Value);
        Assert.Equal(("LettaPS", module.Get<Version>("Version").ToString(), "MIT"), (metadata["id"], metadata["version"], metadata["license"]));
        Assert.Equal($"LettaPS.{metadata["version"]}.nupkg", Path.GetFileName(first));
        var tags = metadata["tags"].Split(' ');
        Assert.Contains("PSModule", tags);
        Assert.Contains("PSEdition_Core", tags);
        Assert.Equal(shell.Run("Get-Command -Module LettaPS").Succeed().Select(c => c.Get<string>("Name")).Order(), tags.Where(t => t.StartsWith("PSCmdlet_", StringComparison.Ordinal)).Select(t => t["PSCmdlet_".Length..]).Order());
    }

    [Fact]
    public async Task The_unpacked_package_is_a_module_that_works()
    {
        using var folder = new TempFolder();
        await ZipFile.ExtractToDirectoryAsync(await PackAsync(folder["packed"]), folder["LettaPS/0.1.0"]);
        await using var letta = await Sandbox.SandboxServer.StartAsync();
        using var process = ConsoleProcess.Start(
            $"Remove-Module LettaPS; $env:PSModulePath = '{folder.Path}'; Import-Module LettaPS; (Get-Module LettaPS).ModuleBase; (Get-LettaAgent Memo).Name; (Get-Help Get-LettaAgent).Synopsis", letta.BaseUri);

        var (exitCode, output) = await process.FinishAsync(TestContext.Current.CancellationToken);

        Assert.True(exitCode == 0, output);
        Assert.Contains(folder["LettaPS/0.1.0"], output, StringComparison.Ordinal);
        Assert.Matches("(?m)^Memo\r?$", output);
        Assert.Contains("Gets the agents of Letta servers", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_package_in_lib_is_named_in_the_notices_with_its_licence()
    {
        var notices = File.ReadAllText(Path.Combine(s_module, "THIRD-PARTY-NOTICES.txt")).ReplaceLineEndings("\n");
        var packages = Packages().ToList();

        Assert.Contains(packages, p => p.Name == "Npgsql");
        foreach (var (name, version, folder) in packages)
        {
            var metadata = XDocument.Load(Path.Combine(folder, name.ToLowerInvariant() + ".nuspec")).Root!.Elements().First().Elements().ToLookup(e => e.Name.LocalName, e => e.Value);
            var licence = metadata["license"].Single();
            Assert.Contains($"\n{name} {version}\n    Licence: {licence}\n    {metadata["copyright"].Single()}\n", notices, StringComparison.Ordinal);
            Assert.Contains($"\n{new string('-', 80)}\n{licence}\n{new string('-', 80)}\n", notices, StringComparison.Ordinal);
        }

        Assert.Equal(
            s_files.Where(f => f.StartsWith("lib/", StringComparison.Ordinal) && !f.Contains("LettaPS", StringComparison.Ordinal)).Select(Path.GetFileName).Order(),
            Libraries().SelectMany(l => l.Files).Order());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_works_beside_a_module_that_ships_an_older_Npgsql_whichever_comes_first(bool otherFirst)
    {
        var other = Metadata("OtherModule");
        var ours = "try { Compare-LettaSchema -Version 0.16.2 -DatabaseUri 'postgresql://letta:letta@127.0.0.1:1/letta' -ErrorAction Stop } catch { \"ours: $($_.FullyQualifiedErrorId)\" }";
        var theirs = $"Import-Module '{other}'; \"theirs: $(Get-OtherNpgsql)\"";
        using var process = ConsoleProcess.Start(
            $"{(otherFirst ? theirs : ours)}; {(otherFirst ? ours : theirs)}; {(otherFirst ? theirs : ours)}; "
            + "[AppDomain]::CurrentDomain.GetAssemblies() | ForEach-Object { if ($_.GetName().Name -eq 'Npgsql') { \"$($_.GetName().Version) in $([System.Runtime.Loader.AssemblyLoadContext]::GetLoadContext($_).Name)\" } }");

        var (_, output) = await process.FinishAsync(TestContext.Current.CancellationToken);

        Assert.Contains("theirs: 8.0.5.0", output, StringComparison.Ordinal);
        Assert.Contains("ours: DatabaseUnreachable,LettaPS.Cmdlets.CompareLettaSchemaCommand", output, StringComparison.Ordinal);
        Assert.Contains("8.0.5.0 in Default", output, StringComparison.Ordinal);
        Assert.Contains("10.0.3.0 in LettaPS", output, StringComparison.Ordinal);
    }

    private static async Task<string> PackAsync(string folder)
    {
        var (exitCode, output, error) = await DockerEngine.RunAsync(
            "dotnet", ["pack", Path.Combine(s_repository, "src", "LettaPS"), "--no-build", "--configuration", Metadata("Configuration"), "--output", folder]);
        Assert.True(exitCode == 0, output + error);
        return Assert.Single(Directory.GetFiles(folder, "*.nupkg"));
    }

    /// <summary>The packages whose assemblies are in lib/, and where NuGet keeps them.</summary>
    private static IEnumerable<(string Name, string Version, string Folder)> Packages()
    {
        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        return Libraries().Select(l => l.Name.Split('/')).Select(p => (p[0], p[1], Path.Combine(cache, p[0].ToLowerInvariant(), p[1])));
    }

    private static IEnumerable<(string Name, IEnumerable<string> Files)> Libraries()
    {
        var dependencies = JsonNode.Parse(File.ReadAllText(Path.Combine(s_repository, "src", "LettaPS.Adapters", "bin", Metadata("Configuration"), "net8.0", "LettaPS.Adapters.deps.json")))!;
        return dependencies["targets"]!.AsObject().Single().Value!.AsObject()
            .Where(l => dependencies["libraries"]![l.Key]!["type"]!.GetValue<string>() == "package" && l.Value!["runtime"] is not null)
            .Select(l => (l.Key, l.Value!["runtime"]!.AsObject().Select(f => Path.GetFileName(f.Key))));
    }

    private static string Metadata(string key) => typeof(PackageTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;
}
