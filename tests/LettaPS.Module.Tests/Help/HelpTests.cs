using System.Management.Automation;
using System.Reflection;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Help;

public sealed class HelpTests : IDisposable
{
    private readonly Shell _shell = new();

    public static TheoryData<string> Cmdlets => [.. HelpPages.Cmdlets];

    public static TheoryData<string> Topics => [.. HelpPages.Topics];

    [Fact]
    public void Every_cmdlet_has_a_page_and_no_page_is_of_another() =>
        Assert.Equal(HelpPages.Cmdlets, _shell.Run("Get-Command -Module LettaPS").Succeed().Select(c => c.Get<string>("Name")).Order());

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void Get_Help_has_words_for_the_cmdlet_and_every_parameter(string cmdlet)
    {
        var help = _shell.Run("Get-Help $args[0] -Full", cmdlet).Succeed().Single();
        var command = (CmdletInfo)_shell.Run("Get-Command $args[0]", cmdlet).Succeed().Single().BaseObject;

        // What PowerShell makes up by itself, where there is no help, has neither.
        Assert.NotEmpty(Text(help, "description"));
        Assert.True(List(help, "examples", "example").Count >= 3);
        Assert.DoesNotContain(cmdlet, Value(help, "Synopsis"), StringComparison.Ordinal);

        var parameters = List(help, "parameters", "parameter").ToDictionary(p => Value(p, "name"));
        Assert.Equal(command.Parameters.Keys.Except(Cmdlet.CommonParameters).Order(), parameters.Keys.Order());
        Assert.All(parameters.Values, p => Assert.NotEmpty(Text(p, "description")));
        Assert.Equal(command.ParameterSets.Count, List(help, "syntax", "syntaxItem").Count);
        Assert.NotEmpty(List(help, "inputTypes", "inputType"));
        Assert.NotEmpty(List(help, "returnValues", "returnValue"));

        // The first link is what Get-Help -Online opens.
        var links = List(help, "relatedLinks", "navigationLink");
        Assert.True(links.Count > 1, "The page names no other cmdlet and no topic.");
        Assert.EndsWith($"/docs/cmdlets/{cmdlet}.md", Value(links[0], "uri"), StringComparison.Ordinal);
        Assert.All(links.Skip(1), link => Assert.Contains(Value(link, "linkText"), HelpPages.Cmdlets.Concat(HelpPages.Topics)));
    }

    [Fact]
    public void Facts_of_parameters_come_from_the_cmdlet_itself()
    {
        var path = _shell.Run("Get-Help Export-LettaAgent -Parameter Path").Succeed().Single();
        var id = _shell.Run("Get-Help Export-LettaAgent -Parameter Id").Succeed().Single();
        var limit = _shell.Run("Get-Help Export-LettaAgent -Parameter ThrottleLimit").Succeed().Single();
        var name = _shell.Run("Get-Help Get-LettaAgent -Parameter Name").Succeed().Single();

        Assert.Equal(("true", "0", "False"), (Value(path, "required"), Value(path, "position"), Value(path, "pipelineInput")));
        Assert.Equal(("true", "named", "True (ByPropertyName, ByValue)", "AgentId"), (Value(id, "required"), Value(id, "position"), Value(id, "pipelineInput"), Value(id, "aliases")));
        Assert.Equal(("4", "Int32"), (Value(limit, "defaultValue"), Value((PSObject)limit.Properties["type"].Value, "name")));
        Assert.Equal("true", Value(name, "globbing"));
    }

    [Fact]
    public void Get_Help_shows_the_page_on_a_console()
    {
        Assert.True(_shell.Show("Get-Help Export-LettaAgent -Full"));

        var shown = _shell.Console.Text;
        Assert.Contains("Backs agents up whole, one file an agent, into a backup set.", shown, StringComparison.Ordinal);
        Assert.Contains("Export-LettaAgent [-Path] <String>", shown, StringComparison.Ordinal);
        Assert.Contains("Example 1: Back everything up", shown, StringComparison.Ordinal);
        Assert.Contains("Export-LettaAgent -Path ~/backup -Resume", shown, StringComparison.Ordinal);
        Assert.Contains("LettaPS.LettaAgentBackup", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("`", shown, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Topics))]
    public void Get_Help_finds_the_topic(string topic)
    {
        var text = Assert.Single(_shell.Run("Get-Help $args[0]", topic).Succeed()).ToString();

        Assert.StartsWith($"TOPIC\n    {topic}\n\nSHORT DESCRIPTION\n    ", text.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains("SEE ALSO", text, StringComparison.Ordinal);
        Assert.EndsWith(".", _shell.Run("(Get-Help about_LettaPS* | Where-Object Name -eq $args[0]).Synopsis", topic).Succeed().Single().ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void No_line_of_a_topic_that_is_not_a_command_is_longer_than_80_columns()
    {
        var folder = Path.Combine(Path.GetDirectoryName(Shell.ModuleManifest)!, "en-US");

        var lines = Directory.GetFiles(folder, "about_*.help.txt").SelectMany(File.ReadLines).Where(l => !l.StartsWith("        ", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(lines);
        Assert.All(lines, l => Assert.InRange(l.Length, 0, 80));
    }

    [Theory]
    [InlineData("### -Id\n", "### -Idd\n", "lacks '### -Id'")]
    [InlineData("## Notes", "### -Nothing\n\nWords.\n\n## Notes", "an example is a heading, a fenced powershell block and a sentence")]
    [InlineData("### -Resume\n", "### -Nothing\n\nWords.\n\n### -Resume\n", "has no parameter -Nothing")]
    [InlineData("## Inputs", "## Input", "no section 'Input'")]
    [InlineData("# Export-LettaAgent", "# Export-LettaAgents", "There is no cmdlet 'Export-LettaAgents'")]
    public async Task The_build_refuses_a_page_that_does_not_fit_and_names_it(string right, string wrong, string message)
    {
        using var folder = new TempFolder();
        foreach (var file in Directory.GetFiles(HelpPages.Docs, "*.md", SearchOption.AllDirectories))
        {
            var copy = folder[Path.GetRelativePath(HelpPages.Docs, file)];
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        var page = folder["cmdlets/Export-LettaAgent.md"];
        var text = await File.ReadAllTextAsync(page);
        Assert.Contains(right, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(page, text.Replace(right, wrong, StringComparison.Ordinal));

        var builder = typeof(HelpTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "HelpBuilder").Value!;
        var module = Path.ChangeExtension(Shell.ModuleManifest, ".dll");
        var (exitCode, output, error) = await DockerEngine.RunAsync("dotnet", [builder, module, folder.Path, folder["en-US"]]);

        Assert.True(exitCode == 1, output + error);
        Assert.Contains("Export-LettaAgent.md(", output, StringComparison.Ordinal);
        Assert.Contains(message, output, StringComparison.Ordinal);
    }

    public void Dispose() => _shell.Dispose();

    private static string Value(PSObject item, string name) => item.Properties[name].Value.ToString()!;

    private static string Text(PSObject item, string name) =>
        string.Join('\n', item.Properties[name]?.Value is { } value ? LanguagePrimitives.GetEnumerable(value).Cast<PSObject>().Select(p => p.Properties["Text"]?.Value) : []);

    private static List<PSObject> List(PSObject item, string list, string name)
    {
        var value = item.Properties[list]?.Value is PSObject inner ? inner.Properties[name]?.Value : null;
        return value is null ? [] : LanguagePrimitives.GetEnumerable(value) is { } several ? [.. several.Cast<PSObject>()] : [(PSObject)value];
    }
}
