using System.Reflection;
using System.Text.RegularExpressions;
using LettaPS.Core.Tests.Kit;

namespace LettaPS.Core.Tests.Output;

/// <summary>Identifiers of errors are promised to scripts: each is in one place of the code, in a family and on the page.</summary>
public sealed partial class ErrorIdsTests
{
    private static readonly string[] s_ids = [.. typeof(ErrorIds).GetFields(BindingFlags.Static | BindingFlags.Public).Select(f => f.Name)];

    [Fact]
    public void The_page_of_errors_has_a_row_for_each_identifier_and_no_other()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Path, "docs", "errors.md")).Split("\n## Scripts")[0];

        Assert.Equal(s_ids.Order(StringComparer.Ordinal), Row().Matches(page).Select(m => m.Groups[1].Value).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_code_names_an_identifier_by_its_constant()
    {
        var written = Directory.EnumerateFiles(Path.Combine(Repository.Path, "src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(f => Word().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value).Where(s_ids.Contains).Select(id => $"{Path.GetFileName(f)}: \"{id}\""));

        Assert.Empty(written);
    }

    [Fact]
    public void Every_identifier_is_of_a_family()
    {
        // The operating system's and HTTP's own terms, and the one for what nobody foresaw.
        string[] alone = ["DiskFull", "OutOfMemory", "TooManyRequests", "Unexpected"];

        Assert.DoesNotContain(s_ids.Except(alone), id => !Family().IsMatch(id));
    }

    [GeneratedRegex(@"^\| `(\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"""([A-Z]\w+)""")]
    private static partial Regex Word();

    [GeneratedRegex("^Invalid|(NotFound|Exists|InUse|Denied|NotSupported|Required|Conflict|Ambiguous|Mismatch|Changed|TooOld|TooNew|TooLarge|TooSmall|Damaged|Incomplete|Uncertain|Unreachable|Unavailable|Lost|Timeout|NotRunning|Refused|Failed)$")]
    private static partial Regex Family();
}
