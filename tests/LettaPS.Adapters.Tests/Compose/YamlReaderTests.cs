namespace LettaPS.Adapters.Tests.Compose;

public sealed class YamlReaderTests
{
    private const string Sound = "services:\n  letta:\n    image: letta/letta:0.16.8\n    ports: [\"8283:8283\"]\n    environment:\n      - A=1\n      - B=2\n    volumes:\n      - pg:/var/lib/postgresql/data\nvolumes:\n  pg:\n";

    [Theory]
    [InlineData("image: letta", "image letta", 3)]
    [InlineData("image: letta", "image:letta", 3)]
    [InlineData("image: letta/letta:0.16.8", "image: \"letta/letta:0.16.8", 3)]
    [InlineData("image: letta/letta:0.16.8", "image: 'letta/letta:0.16.8", 3)]
    [InlineData("image: letta/letta:0.16.8", "image: \"letta/letta:0.16.8\" x", 3)]
    [InlineData("image: letta/letta:0.16.8", "image: letta/letta: 0.16.8", 3)]
    [InlineData("image: letta/letta:0.16.8", "image: @letta", 3)]
    [InlineData("image: letta/letta:0.16.8", "image: *letta", 3)]
    [InlineData("    ports", "\tports", 4)]
    [InlineData("[\"8283:8283\"]", "[\"8283:8283\"", 4)]
    [InlineData("[\"8283:8283\"]", "[\"8283:8283]", 4)]
    [InlineData("[\"8283:8283\"]", "\"8283:8283\"]", 4)]
    [InlineData("    ports", "   ports", 4)]
    [InlineData("    ports", "      ports", 4)]
    [InlineData("    ports", "    image", 4)]
    [InlineData("      - B=2", "      B: 2", 7)]
    [InlineData("      - B=2", "     - B=2", 7)]
    [InlineData("    environment:", "    environment", 5)]
    [InlineData("    volumes:", "  volumes", 8)]
    public void An_error_names_the_line_that_is_wrong(string right, string wrong, int line)
    {
        var text = Sound.Replace(right, wrong, StringComparison.Ordinal);
        Assert.NotEqual(Sound, text);

        var e = Assert.Throws<LettaException>(() => ComposeWorld.Yaml.Read(text, "compose.yml"));

        Assert.Equal("InvalidYaml", e.ErrorId);
        Assert.Matches($"^'compose.yml' is not YAML: line {line}[,:] ", e.Message);
    }
}
