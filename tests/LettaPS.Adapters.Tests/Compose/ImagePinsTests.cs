using LettaPS.Core.Compose.Pinning;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Compose;

public sealed class ImagePinsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("letta/letta:latest", null, "letta/letta:latest", true, "'latest' is floating: today it is Letta Code")]
    [InlineData("letta/letta", null, "letta/letta", true, "no tag, which means latest")]
    [InlineData("letta/letta:0.16.8", null, "letta/letta:0.16.8", false, "pinned")]
    [InlineData("letta/letta:0.10.0", null, "letta/letta:0.10.0", false, "pushed again by release 0.11.5")]
    [InlineData("letta/letta@sha256:a", null, "letta/letta@sha256:a", false, "pinned by digest")]
    [InlineData("memgpt/letta:0.6.4", null, "memgpt/letta:0.6.4", false, "older name")]
    [InlineData("letta/letta:${V:-latest}", null, "letta/letta:latest", true, "V is not set, so that its default decides")]
    [InlineData("letta/letta:${V:-latest}", "V=0.16.2\n", "letta/letta:0.16.2", false, "V in line 1 of .env decides; without that it would be 'latest'")]
    [InlineData("letta/letta:${V}", null, "letta/letta:", true, "V is not set")]
    [InlineData("letta/letta:${V:?}", null, null, true, "compose refuses to run without the variable V")]
    [InlineData("letta/letta:$", null, null, false, "compose refuses the '$'")]
    public void A_pin_tells_what_compose_makes_of_the_reference(string image, string? env, string? resolved, bool floating, string comment)
    {
        var pin = Describe($"services:\n  letta:\n    # here\n    image: {image}\n", env);

        Assert.Equal((resolved, floating, image, 4, "letta"), (pin.Resolved, pin.IsFloating, pin.Image, pin.Line, pin.Service));
        Assert.Contains(comment, pin.Comment, StringComparison.Ordinal);
    }

    [Fact]
    public void A_variable_of_the_session_wins_and_is_named()
    {
        Write("services:\n  letta:\n    image: letta/letta:${V:-latest}\n", "V=0.16.2\n");
        var project = new ComposeWorld(_folder.Path, new Dictionary<string, string> { ["V"] = "0.16.1" }).Project("compose.yml");

        var pin = ImagePins.Describe(Assert.Single(project.Pins), project, []);

        Assert.Equal(("letta/letta:0.16.1", "0.16.1"), (pin.Resolved, pin.Tag));
        Assert.Contains("V of this session decides", pin.Comment, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_shares_the_text_inherits_or_builds_is_told()
    {
        Write("services:\n  base: &base\n    image: letta/letta\n    build: .\n  two: *base\n  three: {extends: base}\n", null);
        var project = new ComposeWorld(_folder.Path).Project("compose.yml");

        var pins = project.Pins.Select(p => ImagePins.Describe(p, project, [])).ToDictionary(p => p.Service);

        Assert.All(pins.Values, p => Assert.Equal(3, p.Line));
        Assert.Contains("the same text serves two, three", pins["base"].Comment, StringComparison.Ordinal);
        Assert.Contains("built from the build section", pins["two"].Comment, StringComparison.Ordinal);
        Assert.Contains("inherited from service 'base'", pins["three"].Comment, StringComparison.Ordinal);
    }

    [Fact]
    public void An_override_file_that_wins_is_told()
    {
        File.WriteAllText(_folder["compose.override.yml"], "services:\n  letta:\n    image: letta/letta:0.16.2\n");

        Assert.Contains("line 3 of compose.override.yml sets another image", Describe("services:\n  letta:\n    image: letta/letta\n", null).Comment, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("services:\n  letta:\n    image: >-\n\n      letta/letta\n", 5)]
    [InlineData("x: &i\n  # c\n  letta/letta\nservices:\n  letta:\n    image: *i\n", 3)]
    public void The_line_is_that_of_the_text_itself(string text, int line) => Assert.Equal(line, Describe(text, null).Line);

    private LettaImagePin Describe(string compose, string? env)
    {
        Write(compose, env);
        var project = new ComposeWorld(_folder.Path).Project("compose.yml");
        return ImagePins.Describe(Assert.Single(project.Pins), project, []);
    }

    private void Write(string compose, string? env)
    {
        File.WriteAllText(_folder["compose.yml"], compose);
        if (env is not null)
        {
            File.WriteAllText(_folder[".env"], env);
        }
    }
}
