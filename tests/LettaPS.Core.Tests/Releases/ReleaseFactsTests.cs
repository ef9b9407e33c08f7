using System.Text.RegularExpressions;
using LettaPS.Core.Releases;
using LettaPS.Core.Tests.Kit;

namespace LettaPS.Core.Tests.Releases;

/// <summary>Since which release something is so is written in one place.</summary>
public sealed partial class ReleaseFactsTests
{
    [Fact]
    public void Only_the_catalogue_and_the_matrix_of_clients_name_a_release_in_code()
    {
        var elsewhere = Repository.Sources("src")
            .Where(f => !f.StartsWith("src/LettaPS.Core/Releases/", StringComparison.Ordinal) && f != "src/LettaPS.Core/Compatibility/CompatibilityMatrix.cs")

            // Its versions are the client's.
            .Where(f => !f.StartsWith("src/LettaPS.Core/LettaCode/", StringComparison.Ordinal))
            .SelectMany(f => File.ReadLines(Path.Combine(Repository.Path, f)).Where(l => Release().IsMatch(l)).Select(l => $"{f}: {l.Trim()}"));

        Assert.Empty(elsewhere);
    }

    [Fact]
    public void What_a_release_can_is_told_by_number_and_by_name_alike()
    {
        Assert.True(new ReleaseCapabilities("0.16.2").HasConversations);
        Assert.False(ReleaseCapabilities.Of("0.16.1")!.HasConversations);
        Assert.True(ReleaseCapabilities.Newest.HidesSubagents);
        Assert.Null(ReleaseCapabilities.Of("latest"));
        Assert.Null(ReleaseCapabilities.Of(null));
    }

    /// <summary>A version that is made of numbers of a release.</summary>
    [GeneratedRegex(@"\b(?:new(?: Version)?|Version\.Parse)\(\s*""?0[,.] ?(?:1\d|30)\b")]
    private static partial Regex Release();
}
