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
}
