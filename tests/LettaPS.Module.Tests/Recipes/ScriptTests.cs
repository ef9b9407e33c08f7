using System.Management.Automation.Language;

namespace LettaPS.Module.Tests.Recipes;

/// <summary>Every script of the repository. What PSScriptAnalyzer would say is asked in tests/Pester/ScriptAnalyzer.Tests.ps1, where that is installed.</summary>
public class ScriptTests
{
    public static TheoryData<string> Scripts => [.. Find("samples", "*.ps1").Concat(Find("tests/Pester", "*.ps1")).Append("build.ps1").Append("PSScriptAnalyzerSettings.psd1").Order(StringComparer.Ordinal)];

    public static TheoryData<string> Recipes => [.. Find("samples", "*.ps1").Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Scripts))]
    public void Every_script_parses(string script)
    {
        Parser.ParseFile(Full(script), out _, out var errors);

        Assert.Empty(errors.Select(e => $"{e.Extent.StartLineNumber}: {e.Message}"));
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Every_recipe_is_strict_and_tells_every_parameter_with_three_examples(string script)
    {
        var ast = Parser.ParseFile(Full(script), out _, out _);
        var help = ast.GetHelpContent();

        Assert.Contains("Set-StrictMode -Version Latest", ast.Extent.Text, StringComparison.Ordinal);
        Assert.Contains("$ErrorActionPreference = 'Stop'", ast.Extent.Text, StringComparison.Ordinal);
        Assert.Contains(ast.ParamBlock.Attributes.OfType<AttributeAst>(), a => a.Extent.Text.Contains("SupportsShouldProcess", StringComparison.Ordinal));
        Assert.NotEmpty(help.Synopsis);
        Assert.True(help.Examples.Count >= 3, "Fewer than three examples.");
        Assert.Equal(
            ast.ParamBlock.Parameters.Select(p => p.Name.VariablePath.UserPath.ToUpperInvariant()).Order(),
            help.Parameters.Keys.Order());
    }

    /// <summary>Monitoring and the log of a night depend on identifiers, because messages may change.</summary>
    [Theory]
    [MemberData(nameof(Recipes))]
    public async Task Every_failure_of_a_recipe_has_an_identifier_that_the_page_of_errors_lists(string script)
    {
        var page = await File.ReadAllTextAsync(Full("docs/errors.md"), TestContext.Current.CancellationToken);
        var thrown = Parser.ParseFile(Full(script), out _, out _).FindAll(a => a is ThrowStatementAst { IsRethrow: false }, searchNestedScriptBlocks: true).Cast<ThrowStatementAst>().ToList();

        Assert.NotEmpty(thrown);
        Assert.All(thrown, t =>
        {
            var call = Assert.IsType<CommandAst>(t.Find(a => a is CommandAst, searchNestedScriptBlocks: false));
            Assert.Equal("New-Failure", call.GetCommandName());
            if (call.CommandElements[1] is StringConstantExpressionAst id)
            {
                Assert.Contains($"| `{id.Value}` |", page, StringComparison.Ordinal);
            }
        });
    }

    /// <summary>An alias that somebody else does not have, and output that only a console shows.</summary>
    [Theory]
    [MemberData(nameof(Scripts))]
    public void No_script_uses_aliases_or_writes_past_the_pipeline(string script)
    {
        var ast = Parser.ParseFile(Full(script), out _, out _);
        var commands = ast.FindAll(a => a is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>().Select(c => c.GetCommandName()).OfType<string>();

        Assert.DoesNotContain(commands, c => c is "?" or "%" or "select" or "where" or "sort" or "gci" or "ls" or "dir" or "cat" or "echo" or "iex" or "Invoke-Expression" or "Write-Host");
    }

    private static string Full(string script) => Path.Combine(Recipe.Repository, script);

    private static IEnumerable<string> Find(string folder, string pattern) =>
        Directory.EnumerateFiles(Full(folder), pattern).Select(f => Path.GetRelativePath(Recipe.Repository, f).Replace('\\', '/'));
}
