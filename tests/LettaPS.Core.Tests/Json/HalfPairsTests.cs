using System.Text;
using System.Text.Json;
using LettaPS.Core.Json;

namespace LettaPS.Core.Tests.Json;

public class HalfPairsTests
{
    [Theory]
    [InlineData("""["\ud83d"]""", """["\ufffd"]""")]
    [InlineData("""["\uD83D x", "\udE00"]""", """["\ufffd x", "\ufffd"]""")]
    [InlineData("""["\ud83d\ude00", "\ude00\ud83d"]""", """["\ud83d\ude00", "\ufffd\ufffd"]""")]
    [InlineData("""["\ud83d\ud83d\ude00\n"]""", """["\ufffd\ud83d\ude00\n"]""")]
    [InlineData("""["\\ud83d", "\\\ud83d"]""", """["\\ud83d", "\\\ufffd"]""")]
    [InlineData("""{"a": "\u00e9 😀 \"\ud800"}""", """{"a": "\u00e9 😀 \"\ufffd"}""")]
    public void Halves_are_replaced_and_nothing_else(string json, string expected)
    {
        var replaced = Encoding.UTF8.GetString(LoneSurrogates.Replace(Encoding.UTF8.GetBytes(json)));

        Assert.Equal(expected, replaced);
        Assert.NotNull(JsonSerializer.Deserialize<object>(replaced));
    }
}
