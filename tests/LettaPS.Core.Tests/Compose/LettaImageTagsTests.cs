using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Pinning;

namespace LettaPS.Core.Tests.Compose;

public class LettaImageTagsTests
{
    private static readonly LettaImageTags s_tags = LettaImageTags.Known;

    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.8")]
    public void The_tag_of_a_release_is_accepted(string tag) => s_tags.Check(tag, force: false);

    [Theory]
    [InlineData("latest")]
    [InlineData("nightly")]
    [InlineData("")]
    public void A_tag_that_moves_is_refused_even_by_force(string tag)
    {
        var e = Assert.Throws<LettaException>(() => s_tags.Check(tag, force: true));

        Assert.Equal("TagMoves", e.ErrorId);
        Assert.DoesNotContain("latest", e.RecommendedAction!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.10.0", "0.11.5")]
    [InlineData("0.10.1", "0.10.0")]
    [InlineData("0.11.1", "0.11.0")]
    [InlineData("0.11.5", "0.10.0")]
    [InlineData("0.16.3", "never tagged")]
    [InlineData("0.16.9", "never released")]
    public void A_trap_is_explained(string tag, string why)
    {
        var e = Assert.Throws<LettaException>(() => s_tags.Check(tag, force: false));

        Assert.Equal("TagMislabelled", e.ErrorId);
        Assert.Contains(why, e.Message, StringComparison.Ordinal);
        s_tags.Check(tag, force: true);
    }

    [Theory]
    [InlineData("v0.16.8", "0.16.8")]
    [InlineData("0.16.10", "0.16.0")]
    [InlineData("0.16.22", "0.16.2")]
    [InlineData("16.8", "0.16.8")]
    [InlineData("0.17.0", "0.16.0")]
    [InlineData("O.16.2", "0.16.2")]
    public void A_tag_that_no_release_has_is_refused_with_the_nearest(string tag, string nearest)
    {
        var e = Assert.Throws<LettaException>(() => s_tags.Check(tag, force: false));

        Assert.Equal("TagUnknown", e.ErrorId);
        Assert.Contains(nearest, e.RecommendedAction!, StringComparison.Ordinal);
        Assert.DoesNotContain("latest", e.RecommendedAction!, StringComparison.Ordinal);
        s_tags.Check(tag, force: true);
    }

    [Theory]
    [InlineData("0.11.5")]
    [InlineData("0.16.3")]
    [InlineData("0.10.0")]
    public void Traps_are_never_offered(string tag) => Assert.DoesNotContain(s_tags.Nearest(tag), n => LettaImageTags.Trap(n) is not null);

    [Theory]
    [InlineData("0.16.2", "0.16.8", true)]
    [InlineData("0.16.8", "0.16.2", false)]
    [InlineData("0.16.7", "0.16.8", false)]
    [InlineData("0.16.8", "0.16.8", false)]
    [InlineData("0.12.0", "0.12.1", false)]
    [InlineData("mine", "0.16.8", false)]
    [InlineData("0.16.2", "unknown", false)]
    public void An_image_is_older_where_its_migrations_end_earlier(string tag, string release, bool expected) =>
        Assert.Equal(expected, s_tags.IsOlder(tag, release));
}
