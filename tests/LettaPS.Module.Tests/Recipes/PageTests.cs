using System.Text.RegularExpressions;

namespace LettaPS.Module.Tests.Recipes;

/// <summary>Pages that tell of the repository tell the truth.</summary>
public class PageTests
{
    [Fact]
    public async Task Every_test_that_the_page_of_promises_names_exists()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(Recipe.Repository, "docs", "reliability.md"), TestContext.Current.CancellationToken);
        var named = Regex.Matches(page, "`([A-Z][a-z]*(?:_[A-Za-z0-9]+)+)`").Select(m => m.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        Assert.True(named.Count > 20, "The page names no tests.");
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Recipe.Repository, "tests"), "*Tests.cs", SearchOption.AllDirectories))
        {
            var source = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
            named.RemoveWhere(name => source.Contains($" {name}(", StringComparison.Ordinal));
        }

        Assert.Empty(named);
    }

    [Fact]
    public void Every_link_of_every_page_leads_somewhere()
    {
        string[] folders = ["docs", "docs/cmdlets"];
        var pages = folders.SelectMany(f => Directory.EnumerateFiles(Path.Combine(Recipe.Repository, f), "*.md")).Append(Path.Combine(Recipe.Repository, "README.md"));

        Assert.Empty(
            from page in pages
            from link in Regex.Matches(File.ReadAllText(page), @"\]\((?!https?:|#)([\w./-]+)(?:#[\w-]*)?\)").Select(m => m.Groups[1].Value)
            let target = Path.Combine(Path.GetDirectoryName(page)!, link)
            where !File.Exists(target) && !Directory.Exists(target)
            select $"{page}: {link}");
    }
}
