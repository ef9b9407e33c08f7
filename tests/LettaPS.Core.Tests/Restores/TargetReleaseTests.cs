using LettaPS.Core.Releases;

namespace LettaPS.Core.Tests.Restores;

public class TargetReleaseTests
{
    [Theory]
    [InlineData("0.12.1", "AI/ML Expert", "AI_ML Expert")]
    [InlineData("0.12.1", "O'Brien", "O_Brien")]
    [InlineData("0.12.1", "Ünï", "_n_")]
    [InlineData("0.13.0", "O'Brien", "O'Brien")]
    [InlineData("0.16.8", "Ünï 日本語", "Ünï 日本語")]
    [InlineData("0.16.8", "🦉.\n", "___")]
    [InlineData("0.16.8", "", "")]
    public void A_safe_name_is_as_near_to_the_true_one_as_the_release_allows(string release, string name, string safe) =>
        Assert.Equal(safe, new ReleaseCapabilities(release).SafeName(name));

    [Theory]
    [InlineData("0.11.3", true)]
    [InlineData("0.11.7", true)]
    [InlineData("0.12.0", false)]
    [InlineData("0.16.8-dev", false)]
    [InlineData("unknown", false)]
    public void Releases_up_to_011_import_the_legacy_file(string release, bool legacy) => Assert.Equal(legacy, new ReleaseCapabilities(release).ImportsLegacy);
}
