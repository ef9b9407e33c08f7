using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Pinning;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Compose;

public sealed class PinTargetsTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Dictionary<string, string> _digests = [];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("letta/letta:latest", "letta/letta:latest", "0.16.2", "0.16.2")]
    [InlineData("letta/letta:0.16.8", "letta/letta:0.16.2", "0.16.2", "0.16.2")]
    [InlineData("letta/letta", "letta/letta:mine", null, "mine")]
    public void What_runs_is_pinned_by_its_own_tag_or_by_what_the_server_says(string image, string runs, string? version, string tag) =>
        Assert.Equal(new PinTarget(tag, null), Targets().ToRunning(Use(image), Running(runs, version), digest: false));

    [Fact]
    public void What_runs_is_pinned_by_its_digest_even_where_its_version_is_not_known() =>
        Assert.Equal(new PinTarget(null, "sha256:r"), Targets().ToRunning(Use("letta/letta"), Running("letta/letta:latest", null), digest: true));

    [Fact]
    public void A_version_that_no_image_was_tagged_with_is_not_taken_from_the_server() =>
        Assert.Equal("TagMismatch", Refused(t => t.ToRunning(Use("letta/letta"), Running("letta/letta:latest", "0.10.0"), digest: false)));

    [Fact]
    public void Nothing_can_be_taken_from_what_does_not_run() =>
        Assert.Equal("ServiceNotRunning", Refused(t => t.ToRunning(Use("letta/letta"), null, digest: false)));

    [Fact]
    public void A_server_that_does_not_tell_its_version_can_only_be_pinned_by_digest() =>
        Assert.Equal("RunningVersionNotFound", Refused(t => t.ToRunning(Use("letta/letta"), Running("letta/letta:latest", null), digest: false)));

    [Fact]
    public void Another_image_than_the_file_says_is_no_answer() =>
        Assert.Equal("RunningImageMismatch", Refused(t => t.ToRunning(Use("letta/letta"), Running("mine/letta:1", "0.16.8"), digest: false)));

    [Theory]
    [InlineData("0.16.2", "0.16.8", true)]
    [InlineData("0.16.7", "0.16.8", false)]
    [InlineData("0.16.8", "0.16.2", false)]
    public void A_release_older_than_the_schema_of_the_running_one_is_refused_unless_forced(string version, string running, bool refused)
    {
        var use = Use("letta/letta:latest");

        Assert.Equal(refused ? "TagTooOld" : null, Refused(t => t.ToVersion(use, version, digest: false, Running("letta/letta:latest", running), force: false)));
        Assert.Equal(new PinTarget(version, null), Targets().ToVersion(use, version, digest: false, Running("letta/letta:latest", running), force: true));
    }

    [Fact]
    public void The_digest_of_a_release_comes_from_the_engine_or_from_the_container_that_runs_it()
    {
        _digests["registry:5000/letta/letta:0.16.8"] = "sha256:e";

        Assert.Equal(new PinTarget("0.16.8", "sha256:e"), Targets().ToVersion(Use("registry:5000/letta/letta"), "0.16.8", digest: true, null, force: false));
        Assert.Equal(new PinTarget("0.16.2", "sha256:r"), Targets().ToVersion(Use("letta/letta"), "0.16.2", digest: true, Running("letta/letta:latest", "0.16.2"), force: false));
        Assert.Equal("DigestNotFound", Refused(t => t.ToVersion(Use("letta/letta"), "0.16.8", digest: true, Running("letta/letta:latest", "0.16.2"), force: false)));
    }

    [Fact]
    public void A_digest_of_another_repository_is_not_taken() =>
        Assert.Equal("DigestNotFound", Refused(t => t.ToDigest(Use("registry:5000/letta/letta"), Running("letta/letta:latest", "0.16.2"))));

    [Fact]
    public void A_digest_alone_keeps_a_tag_that_lasts_and_drops_one_that_moves()
    {
        _digests["letta/letta:0.16.1"] = "sha256:e";

        Assert.Equal(new PinTarget("0.16.1", "sha256:e"), Targets().ToDigest(Use("letta/letta:0.16.1"), Running("letta/letta:latest", "0.16.2")));
        Assert.Equal(new PinTarget("0.16.2", "sha256:r"), Targets().ToDigest(Use("letta/letta:latest"), Running("letta/letta:latest", "0.16.2")));
        Assert.Equal(new PinTarget(null, "sha256:r"), Targets().ToDigest(Use("letta/letta:latest"), Running("letta/letta:latest", null)));
    }

    [Fact]
    public void The_container_of_a_service_is_known_by_its_compose_file_and_service()
    {
        var use = Use("letta/letta");
        var project = new ComposeWorld(_folder.Path).Project("compose.yml");
        RunningImage[] running =
        [
            new("a", "other", [_folder["compose.yml"]], [], "letta/letta:0.16.1", null, null),
            new("b", "letta", ["/elsewhere/compose.yml"], [], "letta/letta:0.16.2", null, null),
            new("c", "letta", ["/base.yml", _folder["compose.yml"]], [], "letta/letta:0.16.3", null, null),
        ];

        Assert.Equal("c", ImagePins.Running(use, project, running)?.Container);
        Assert.Equal("letta/letta:0.16.3", ImagePins.Describe(use, project, running).Running);
        Assert.Null(ImagePins.Running(use, project, running[..2]));
    }

    [Fact]
    public void The_advice_to_pull_names_the_engine_that_is_used()
    {
        var e = Assert.Throws<LettaException>(() => Targets().ToVersion(Use("letta/letta"), "0.16.8", digest: true, Running("letta/letta:latest", "0.16.2"), force: false));

        Assert.EndsWith(": podman pull letta/letta:0.16.8", e.RecommendedAction, StringComparison.Ordinal);
    }

    private PinTargets Targets() => new(LettaImageTags.Known, r => _digests.GetValueOrDefault(r), () => "podman");

    private string? Refused(Func<PinTargets, PinTarget> decide) => (Record.Exception(() => decide(Targets())) as LettaException)?.ErrorId;

    private ImageUse Use(string image)
    {
        File.WriteAllText(_folder["compose.yml"], $"services:\n  letta:\n    image: {image}\n");
        return Assert.Single(new ComposeWorld(_folder.Path).Pins("compose.yml"));
    }

    private static RunningImage Running(string image, string? version) => new("container", "letta", [], [], image, "sha256:r", version);
}
