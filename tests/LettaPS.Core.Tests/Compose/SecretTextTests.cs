using LettaPS.Core.Text;

namespace LettaPS.Core.Tests.Compose;

public class SecretTextTests
{
    [Theory]
    [InlineData("OPENAI_API_KEY", "sk-1", "sk-1")]
    [InlineData("POSTGRES_PASSWORD", "hunter2", "hunter2")]
    [InlineData("LETTA_PG_URI", "postgresql://letta:hunter2@db:5432/letta", "hunter2")]
    [InlineData("POSTGRES_PASSWORD", "letta", null)]
    [InlineData("LETTA_PG_URI", "postgresql://letta:letta@db/letta", null)]
    [InlineData("MAX_TOKENS", "4096", null)]
    [InlineData("POSTGRES_PASSWORD_FILE", "/run/secrets/db", null)]
    [InlineData("OPENAI_API_KEY", "", null)]
    public void Secrets_are_known_by_the_name_of_the_variable_or_the_form_of_an_address(string name, string value, string? secret) =>
        Assert.Equal(secret, SecretText.Find(name, value));

    [Theory]
    [InlineData("      - OPENAI_API_KEY=sk-1", "      - OPENAI_API_KEY=***")]
    [InlineData("  POSTGRES_PASSWORD: 'a b'  # x", "  POSTGRES_PASSWORD: ***  # x")]
    [InlineData("{\"API_KEY\": \"sk\", image: letta/letta}", "{\"API_KEY\": ***, image: letta/letta}")]
    [InlineData("-    image: letta/letta:latest", "-    image: letta/letta:latest")]
    [InlineData("LETTA_PG_URI: postgresql://u:p@h/d", "LETTA_PG_URI: postgresql://u:***@h/d")]
    public void Lines_are_shown_without_secrets(string line, string shown) => Assert.Equal(shown, SecretText.Mask(line));
}
