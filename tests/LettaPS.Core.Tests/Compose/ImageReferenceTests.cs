using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Pinning;

namespace LettaPS.Core.Tests.Compose;

public class ImageReferenceTests
{
    [Theory]
    [InlineData("letta/letta", "letta/letta", null, null)]
    [InlineData("letta/letta:latest", "letta/letta", "latest", null)]
    [InlineData("letta/letta:", "letta/letta", "", null)]
    [InlineData("registry:5000/letta/letta", "registry:5000/letta/letta", null, null)]
    [InlineData("registry:5000/letta/letta:0.16.8", "registry:5000/letta/letta", "0.16.8", null)]
    [InlineData("letta/letta@sha256:abc", "letta/letta", null, "sha256:abc")]
    [InlineData("r:1/a/b:t@sha256:abc", "r:1/a/b", "t", "sha256:abc")]
    [InlineData("  letta/letta:latest\n", "letta/letta", "latest", null)]
    public void A_reference_comes_apart(string text, string repository, string? tag, string? digest)
    {
        var reference = ImageReference.Parse(text);

        Assert.Equal((repository, tag, digest), (reference.Repository, reference.Tag, reference.Digest));
        Assert.Equal(tag ?? "", reference.Text[reference.TagStart..reference.TagEnd]);
    }

    [Theory]
    [InlineData("letta/letta", true)]
    [InlineData("memgpt/letta:0.6.4", true)]
    [InlineData("docker.io/letta/letta:latest", true)]
    [InlineData("registry:5000/mirror/letta/letta", true)]
    [InlineData("letta/letta-tools", false)]
    [InlineData("myletta/letta", false)]
    [InlineData("letta", false)]
    [InlineData("example/letta:letta/letta", false)]
    public void Letta_is_recognised_by_the_end_of_the_path(string text, bool expected) => Assert.Equal(expected, ImageReference.Parse(text).IsLetta);

    [Theory]
    [InlineData("letta/letta", true)]
    [InlineData("letta/letta:", true)]
    [InlineData("letta/letta:latest", true)]
    [InlineData("letta/letta:nightly", true)]
    [InlineData("letta/letta:0.16.8", false)]
    [InlineData("letta/letta:latest@sha256:abc", false)]
    public void A_reference_floats_where_neither_digest_nor_lasting_tag_holds_it(string text, bool expected) =>
        Assert.Equal(expected, ImageReference.Parse(text).IsFloating);

    [Theory]
    [InlineData("letta/letta", "0.16.8", null, "letta/letta:0.16.8")]
    [InlineData("r:5/letta/letta:latest@sha256:a", "0.16.8", null, "r:5/letta/letta:0.16.8")]
    [InlineData("letta/letta:latest", null, "sha256:b", "letta/letta@sha256:b")]
    [InlineData("letta/letta:0.16.2", "0.16.2", "sha256:b", "letta/letta:0.16.2@sha256:b")]
    public void A_target_replaces_tag_and_digest_and_keeps_the_repository(string text, string? tag, string? digest, string expected) =>
        Assert.Equal(expected, new PinTarget(tag, digest).Apply(ImageReference.Parse(text)));

    [Theory]
    [InlineData("letta/letta:latest", "0.16.2", "sha256:a", "0.16.2", "letta/letta:0.16.2")]
    [InlineData("letta/letta:0.16.1", "0.16.1", "sha256:a", "0.16.1", "letta/letta:0.16.1")]
    [InlineData("letta/letta:0.11.5", "0.10.0", null, "0.11.5", "letta/letta:0.11.5")]
    [InlineData("letta/letta", null, "sha256:a", null, "letta/letta@sha256:a")]
    [InlineData("letta/letta:latest", null, null, null, "letta/letta:latest")]
    public void What_runs_is_named_by_its_tag_if_that_lasts_else_by_what_the_server_says(string image, string? version, string? digest, string? tag, string reference)
    {
        var running = new RunningImage("c", "s", [], [], image, digest, version);

        Assert.Equal((tag, reference), (running.ExactTag, running.ExactReference));
    }
}
