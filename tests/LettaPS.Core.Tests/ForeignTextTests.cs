using LettaPS.Core.Text;

namespace LettaPS.Core.Tests;

public class ForeignTextTests
{
    [Theory]
    [InlineData(null, "")]
    [InlineData("agent", "agent")]
    public void A_short_text_stays_as_it_is(string? text, string shown) => Assert.Equal(shown, UntrustedText.Shorten(text));

    [Fact]
    public void A_long_text_is_cut_after_80_characters()
    {
        Assert.Equal(new string('a', 80), UntrustedText.Shorten(new string('a', 80)));
        Assert.Equal(new string('a', 80) + "…", UntrustedText.Shorten(new string('a', 81)));
    }

    [Fact]
    public void No_emoji_is_cut_in_half() => Assert.Equal(new string('a', 79) + "…", UntrustedText.Shorten(new string('a', 79) + "🦉 and more"));

    [Theory]
    [InlineData("""{"detail": "no such\n table "}""", "no such  table")]
    [InlineData("""{"detail": ["of another form"]}""", """{"detail": ["of another form"]}""")]
    [InlineData("<html>\n</html>", "<html> </html>")]
    [InlineData("  ", "")]
    [InlineData("""{"detail": "12345678901"}""", "1234567890…")]
    public void The_detail_of_an_answer_is_one_line(string body, string detail) => Assert.Equal(detail, UntrustedText.Detail(body, detail.EndsWith('…') ? 10 : 100));

    [Theory]
    [InlineData("plain\r\n\ttext 🦉", "plain\r\n\ttext 🦉")]
    [InlineData("a\u001b[31mred\u001b]0;title\u0007", "a\uFFFD[31mred\uFFFD]0;title\uFFFD")]
    [InlineData("over\rwritten \u009b1A \u202Edesrever \b", "over\uFFFDwritten \uFFFD1A \uFFFDdesrever \uFFFD")]
    public void What_would_steer_a_console_is_replaced(string text, string shown)
    {
        Assert.Equal(shown, UntrustedText.ForConsole(text));
        Assert.Equal(shown, new LettaException("X", LettaErrorKind.NotFound, text, "Act.").Message);
    }

    [Fact]
    public void No_failure_repeats_a_password()
    {
        var e = new LettaException("X", LettaErrorKind.NotFound, "The server says: connection to postgresql://letta:hunter2@db/letta with password=hunter2 failed", "Act.");

        Assert.DoesNotContain("hunter2", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", UntrustedText.Detail("""{"detail": "login failed: {\"password\": \"hunter2\"}"}""", 100), StringComparison.Ordinal);
    }
}
