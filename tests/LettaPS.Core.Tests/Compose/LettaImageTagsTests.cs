using LettaPS.Core.Compose.Model;

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

        Assert.Equal("FloatingTagNotSupported", e.ErrorId);
        Assert.DoesNotContain("latest", e.RecommendedAction!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.10.0", "0.11.5")]
    [InlineData("0.10.1", "0.10.0")]
    [InlineData("0.11.1", "0.11.0")]
    [InlineData("0.11.5", "0.10.0")]
    [InlineData("0.16.9", "never released")]
    public void A_trap_is_explained(string tag, string why)
    {
        var e = Assert.Throws<LettaException>(() => s_tags.Check(tag, force: false));

        Assert.Equal("TagMismatch", e.ErrorId);
        Assert.Contains(why, e.Message, StringComparison.Ordinal);
        s_tags.Check(tag, force: true);
    }

    [Theory]
    [InlineData("v0.16.8", "0.16.8")]
    [InlineData("O.16.2", "0.16.2")]
    [InlineData("0.16", "0.16.0")]
    public void A_tag_that_no_release_has_is_refused_with_the_nearest(string tag, string nearest)
    {
        var e = Assert.Throws<LettaException>(() => s_tags.Check(tag, force: false));

        Assert.Equal("TagNotFound", e.ErrorId);
        Assert.Contains(nearest, e.RecommendedAction!, StringComparison.Ordinal);
        Assert.DoesNotContain("latest", e.RecommendedAction!, StringComparison.Ordinal);
        s_tags.Check(tag, force: true);
    }

    [Theory]
    [InlineData("0.16.10", "TagNotFound", "0.16.0")]
    [InlineData("0.16.22", "TagNotFound", "0.16.2")]
    [InlineData("16.8", "TagNotFound", "0.16.8")]
    [InlineData("0.17.0", "TagNotFound", "0.16.0")]
    [InlineData("1.0.0", "TagNotFound", "0.16.8")]
    [InlineData("0.30.0", "LettaCodeNotSupported", "0.16.8")]
    [InlineData("0.34.4-arm64", "LettaCodeNotSupported", "0.16.8")]
    public void Nothing_above_the_last_release_is_accepted_even_by_force(string tag, string errorId, string nearest)
    {
        var e = Assert.Throws<LettaException>(() => s_tags.Check(tag, force: true));

        Assert.Equal(errorId, e.ErrorId);
        Assert.Contains("0.16.8", e.Message, StringComparison.Ordinal);
        if (errorId == "TagNotFound" && tag != "1.0.0")
        {
            Assert.Contains(nearest, e.RecommendedAction!, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_release_whose_image_is_likely_is_accepted_but_not_offered()
    {
        s_tags.Check("0.16.3", force: false);

        Assert.Null(LettaImageTags.Trap("0.16.3"));
        Assert.DoesNotContain("0.16.3", s_tags.Nearest("0.16.33"));
    }

    [Theory]
    [InlineData("letta/letta:0.11.3", "V1")]
    [InlineData("letta/letta:0.16.8", "V1")]
    [InlineData("letta/letta:0.16.9", "V1")]
    [InlineData("docker.io/letta/letta:0.16.3", "V1")]
    [InlineData("memgpt/letta:0.16.2", "V1")]
    [InlineData("ghcr.io/letta-ai/letta:0.16.2", "V1")]
    [InlineData("registry:5000/letta/letta:0.16.2@sha256:a", "V1")]
    [InlineData("letta/letta:0.30", "LettaCode")]
    [InlineData("letta/letta:0.30.0", "LettaCode")]
    [InlineData("letta/letta:0.34.4", "LettaCode")]
    [InlineData("mirror.example.net/letta/letta:0.32.19", "LettaCode")]
    [InlineData("letta/letta", "Floating")]
    [InlineData("letta/letta:", "Floating")]
    [InlineData("letta/letta:latest", "Floating")]
    [InlineData("letta/letta:nightly", "Floating")]
    [InlineData("memgpt/letta:latest", "Floating")]
    [InlineData("letta/letta:0.11.2", "TooOld")]
    [InlineData("letta/letta:0.6.0", "TooOld")]
    [InlineData("lettaai/letta:latest", "TooOld")]
    [InlineData("letta/letta-server", "TooOld")]
    [InlineData("memgpt/memgpt-server:0.3.5", "TooOld")]
    [InlineData("letta/letta:v0.16.8", "Unknown")]
    [InlineData("letta/letta:0.16", "Unknown")]
    [InlineData("letta/letta:1.0.0", "Unknown")]
    [InlineData("letta/letta:0.17.0", "Unknown")]
    [InlineData("letta/letta:0.16.10", "Unknown")]
    [InlineData("letta/letta:0.12.7", "Unknown")]
    [InlineData("memgpt/letta:0.32.0", "Unknown")]
    [InlineData("letta/letta@sha256:a", "Unknown")]
    [InlineData("letta-ai/letta:0.16.8", "None")]
    [InlineData("my-letta/letta-ui:0.16.8", "None")]
    [InlineData("someone/letta:latest", "None")]
    public void A_reference_tells_the_product(string image, string product) =>
        Assert.Equal(product, ImageReference.Parse(image).Product.ToString());

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
