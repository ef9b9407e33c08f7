using LettaPS.Hosting;

namespace LettaPS.Module.Tests;

public class ModuleTests
{
    private static readonly string s_folder = Path.GetDirectoryName(Shell.ModuleManifest)!;

    [Fact]
    public async Task Importing_the_module_loads_nothing_from_lib()
    {
        var (loaded, unloaded) = ("[AppDomain]::CurrentDomain.GetAssemblies() | Where-Object Location -like '*LettaPS/lib/*' | ForEach-Object { $_.GetName().Name }", "'imported'");
        using var process = ConsoleProcess.Start($"{unloaded}; {loaded}");

        var (exitCode, output) = await process.FinishAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, exitCode);
        Assert.Contains("imported", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Adapters", output[output.LastIndexOf("imported", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Third_party_assemblies_live_in_a_load_context_of_their_own()
    {
        await using var letta = await Connected.ToAsync();
        letta.Run("Get-LettaAgent Memo").Succeed();

        var contexts = AppDomain.CurrentDomain.GetAssemblies()
            .Where(a => !a.IsDynamic && a.Location.StartsWith(s_folder, StringComparison.Ordinal))
            .ToLookup(a => System.Runtime.Loader.AssemblyLoadContext.GetLoadContext(a)!.Name, a => a.GetName().Name);

        Assert.Equal(["LettaPS", "LettaPS.Core"], contexts["Default"].Order());
        Assert.Contains("Polly.Core", contexts["LettaPS"]);
        Assert.Contains("LettaPS.Adapters", contexts["LettaPS"]);
    }

    [Fact]
    public void Every_cmdlet_is_exported_and_nothing_else()
    {
        using var shell = new Shell();
        var module = Assert.Single(shell.Run("Get-Module LettaPS").Succeed());
        var classes = AppDomain.CurrentDomain.GetAssemblies().Single(a => a.GetName().Name == "LettaPS").GetExportedTypes()
            .SelectMany(t => t.GetCustomAttributes(typeof(System.Management.Automation.CmdletAttribute), false).Cast<System.Management.Automation.CmdletAttribute>())
            .Select(c => $"{c.VerbName}-{c.NounName}");

        Assert.Equal(classes.Order(), module.Get<Dictionary<string, System.Management.Automation.CmdletInfo>>("ExportedCmdlets").Keys.Order());
        Assert.Equal(module.Get<Dictionary<string, System.Management.Automation.CmdletInfo>>("ExportedCmdlets").Count, shell.Run("Get-Command -Module LettaPS").Succeed().Count);
    }

    [Fact]
    public void Every_parameter_of_every_cmdlet_has_its_heading_on_the_page()
    {
        using var shell = new Shell();
        var common = System.Management.Automation.Cmdlet.CommonParameters;
        var pages = Path.Combine(s_folder, "..", "..", "docs", "cmdlets");

        var missing = shell.Run("Get-Command -Module LettaPS").Succeed()
            .Select(c => (System.Management.Automation.CmdletInfo)c.BaseObject)
            .SelectMany(c => c.Parameters.Keys.Except(common).Except(File.ReadLines(Path.Combine(pages, c.Name + ".md")).Select(l => l.Replace("### -", "", StringComparison.Ordinal)))
                .Select(p => $"{c.Name} -{p}"));

        Assert.Empty(missing);
    }

    [Fact]
    public void Importing_again_by_force_keeps_the_module_working()
    {
        using var shell = new Shell();

        shell.Run("Import-Module $args[0] -Force; Import-Module $args[0] -Force", Shell.ModuleManifest).Succeed();

        Assert.NotEmpty(shell.Run("Get-Command -Module LettaPS").Succeed());
    }

    [Fact]
    public void Every_view_is_of_a_type_that_exists_and_shows_properties_that_it_has()
    {
        using var shell = new Shell();
        var views = System.Xml.Linq.XDocument.Load(Path.Combine(s_folder, "LettaPS.Format.ps1xml"));

        foreach (var view in views.Descendants("View"))
        {
            var type = AppDomain.CurrentDomain.GetAssemblies().Where(a => a.GetName().Name is "LettaPS" or "LettaPS.Core")
                .Select(a => a.GetType(view.Descendants("TypeName").Single().Value)).OfType<Type>().SingleOrDefault();
            Assert.NotNull(type);
            Assert.All(view.Descendants("PropertyName"), p => Assert.NotNull(type.GetProperty(p.Value)));
        }
    }
}
