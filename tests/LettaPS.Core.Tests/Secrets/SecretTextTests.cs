using LettaPS.Core.Secrets;

namespace LettaPS.Core.Tests.Secrets;

public class SecretTextTests
{
    [Theory]
    [InlineData("OPENAI_API_KEY", "sk-1", "sk-1")]
    [InlineData("POSTGRES_PASSWORD", "hunter2", "hunter2")]
    [InlineData("PGPASSWORD", "hunter2", "hunter2")]
    [InlineData("letta_pg_password", "hunter2", "hunter2")]
    [InlineData("sslpassword", "hunter2", "hunter2")]
    [InlineData("clientSecret", "hunter2", "hunter2")]
    [InlineData("LETTA_PG_URI", "postgresql://letta:hunter2@db:5432/letta", "hunter2")]
    [InlineData("LETTA_PG_URI", "postgresql://letta:a b/c@db:5432/letta", "a b/c")]
    [InlineData("UPSTREAM", "https://ghp_0123456789abcdef@github.com/x", "ghp_0123456789abcdef")]
    [InlineData("COMMAND", "run ghp_0123456789abcdef", "run ghp_0123456789abcdef")]
    [InlineData("POSTGRES_PASSWORD", "letta", null)]
    [InlineData("LETTA_PG_URI", "postgresql://letta:letta@db/letta", null)]
    [InlineData("MAX_TOKENS", "4096", null)]
    [InlineData("PWD", "/srv/letta", null)]
    [InlineData("POSTGRES_PASSWORD_FILE", "/run/secrets/db", null)]
    [InlineData("OPENAI_API_KEY", "", null)]
    public void Secrets_are_known_by_the_name_of_the_variable_or_the_form_of_the_value(string name, string value, string? secret) =>
        Assert.Equal(secret, SecretText.Find(name, value));

    [Theory]
    [InlineData("      - OPENAI_API_KEY=sk-1", "      - OPENAI_API_KEY=***")]
    [InlineData("  POSTGRES_PASSWORD: 'a b'  # x", "  POSTGRES_PASSWORD: ***  # x")]
    [InlineData("  POSTGRES_PASSWORD: a b c  # x", "  POSTGRES_PASSWORD: ***  # x")]
    [InlineData("{\"API_KEY\": \"sk\", image: letta/letta}", "{\"API_KEY\": ***, image: letta/letta}")]
    [InlineData("-    image: letta/letta:latest", "-    image: letta/letta:latest")]
    [InlineData("image: letta/letta:0.16.8@sha256:0123456789abcdef", "image: letta/letta:0.16.8@sha256:0123456789abcdef")]
    [InlineData("LETTA_PG_URI: postgresql://u:p@h/d", "LETTA_PG_URI: postgresql://u:***@h/d")]
    [InlineData("'postgresql://u:p/w#x@h:5432/d' is down", "'postgresql://u:***@h:5432/d' is down")]
    [InlineData("postgresql://u:p@ss@h/d", "postgresql://u:***@h/d")]
    [InlineData("postgresql://u@h/d?sslmode=require&sslpassword=a b&application_name=x", "postgresql://u@h/d?sslmode=require&sslpassword=***&application_name=x")]
    [InlineData("postgresql://u@h/d?pass%77ord=x", "postgresql://u@h/d?pass%77ord=***")]
    [InlineData("http://user:pass word@host:8283/ is gone", "http://user:***@host:8283/ is gone")]
    [InlineData("http://localhost:8283/v1/agents is gone", "http://localhost:8283/v1/agents is gone")]
    [InlineData("https://mcp.example/sse?token=abc&x=1", "https://mcp.example/sse?token=***&x=1")]
    [InlineData("https://example.com/@scope/package", "https://example.com/@scope/package")]
    [InlineData("connect to admin:hunter2@db:5432 now", "connect to admin:***@db:5432 now")]
    [InlineData("PGPASSWORD=hunter2 psql -h db", "PGPASSWORD=***")]
    [InlineData("run PGPASSWORD=hunter2 psql -h db", "run PGPASSWORD=*** psql -h db")]
    [InlineData("host=db password=hunter2 user=letta", "host=db password=*** user=letta")]
    [InlineData("sslpassword=hunter2", "sslpassword=***")]
    [InlineData("letta_pg_password=hunter2", "letta_pg_password=***")]
    [InlineData("body was {\"user\": \"x\", \"password\": \"hunt\\\"er2\", \"y\": 1}", "body was {\"user\": \"x\", \"password\": ***, \"y\": 1}")]
    [InlineData("detail: {\\\"password\\\": \\\"hunter2\\\"}", "detail: {\\\"password\\\": ***}")]
    [InlineData("npx server --password hunter2 --port 1", "npx server --password *** --port 1")]
    [InlineData("[\"--api-key\", \"hunter2\"]", "[\"--api-key\", ***]")]
    [InlineData("Authorization: Bearer abcdefgh12345678", "Authorization: ***")]
    [InlineData("sent Authorization: Bearer hunter2, then left", "sent Authorization: ***, then left")]
    [InlineData("Incorrect API key provided: sk-proj-abcdefgh12345678.", "Incorrect API key provided: sk-***.")]
    [InlineData("the key sk-proj-abcdefgh12345678 is wrong", "the key sk-*** is wrong")]
    [InlineData("used eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl twice", "used eyJ*** twice")]
    [InlineData("password authentication failed for user \"letta\"", "password authentication failed for user \"letta\"")]
    [InlineData("Key (email)=(x) already exists.", "Key (email)=(x) already exists.")]
    [InlineData("primary_key: id", "primary_key: id")]
    [InlineData("max_tokens=4096", "max_tokens=4096")]
    [InlineData("API_KEY: {", "API_KEY: {")]
    public void Text_is_shown_without_secrets(string text, string shown) => Assert.Equal(shown, SecretText.Mask(text));

    [Theory]
    [InlineData("user:pw@host", "***@host")]
    [InlineData("http://user:p/w@host:99999", "http://***@host:99999")]
    [InlineData("user:p@s s@host/x?token=y", "***@host/x?token=***")]
    [InlineData("ftp://host", "ftp://host")]
    public void An_address_that_is_refused_is_repeated_without_whom_it_names(string address, string shown) => Assert.Equal(shown, SecretText.MaskAddress(address));

    /// <summary>The one property that ties the grammar of addresses to that of secrets: what a reader takes for a password, nobody is shown.</summary>
    [Fact]
    public void Whatever_an_address_is_read_with_as_its_password_is_hidden()
    {
        // The sign § is in one place only: where it is part of the password, nobody may see it.
        string[] parts = [":", "/", "@", "?", "#", "&", "=", " ", "%", "%40", "+", "'", "\"", "\\", ";", ",", "a", "5432", ".", "[", "]", "password=", "sslpassword=", "sslmode=require", "host", "postgresql://", "://", "\t", "\u0085", "\u2028", "é", "🦉"];
        string[] schemes = ["postgresql://", "postgres://", "postgresql+asyncpg://", "http://", "https://"];
        var accepted = 0;
        foreach (var seed in TestKit.Fuzz.Seeds(20_000))
        {
            var random = new Random(seed);
            var scheme = schemes[random.Next(schemes.Length)];
            var uri = random.Next(3) switch
            {
                0 => $"{scheme}{Text()}:{Text()}§{Text()}@{Text()}",
                1 => $"{scheme}u:{Text()}§{Text()}@db:5432/letta?{Text()}",
                _ => $"{scheme}u{Text()}@db/letta?{Text()}&pass%77ord={Text()}§{Text()}",
            };
            if (PasswordOf(uri) is not { Length: > 0 } password || !password.Contains('§', StringComparison.Ordinal))
            {
                continue;
            }

            accepted++;
            foreach (var text in (string[])[uri, $"Cannot open '{uri}': it is down.", $"  LETTA_PG_URI: \"{uri}\"", $"a line\n{uri}\nanother"])
            {
                var shown = SecretText.Mask(text);

                Assert.False(shown.Contains('§', StringComparison.Ordinal), $"Seed {seed}: {text} is shown as {shown}, with its password {password}.");
            }

            string Text() => string.Concat(Enumerable.Range(0, random.Next(0, 5)).Select(_ => parts[random.Next(parts.Length)]));
        }

        Assert.True(accepted > 500, $"Only {accepted} addresses had a password.");
    }

    private static string? PasswordOf(string uri)
    {
        if (!uri.StartsWith("postgres", StringComparison.Ordinal))
        {
            return !uri.Any(char.IsWhiteSpace) && Uri.TryCreate(uri, UriKind.Absolute, out var web) && web.UserInfo.Split(':', 2) is [_, var given] ? Uri.UnescapeDataString(given) : null;
        }

        try
        {
            return DatabaseAddress.Parse(uri).RevealPassword();
        }
        catch (LettaException)
        {
            return null;
        }
    }
}
