using System.Text.Json;
using LettaPS.Core.Json;
using LettaPS.Core.Secrets;

namespace LettaPS.Core.Text;

/// <summary>What a server, a file or a user wrote, made fit for a message.</summary>
internal static class UntrustedText
{
    private const int LongestName = 80;

    /// <summary>A name or an identifier, cut where it is too long for a message.</summary>
    public static string Shorten(string? text) => Shorten(text ?? string.Empty, LongestName);

    /// <summary>What an answer says of an error on one line: the text in Letta's own <c>detail</c>, else all of it.</summary>
    /// <param name="body">The answer's body.</param>
    /// <param name="longest">How many characters it may have.</param>
    public static string Detail(string body, int longest)
    {
        var detail = body;
        try
        {
            using var json = JsonDocument.Parse(body);
            detail = json.RootElement.StringOrNull("detail") ?? body;
        }
        catch (JsonException)
        {
            // Not Letta's own error: shown as it is.
        }

        return Shorten(SecretText.Mask(detail.ReplaceLineEndings(" ").Trim()), longest);
    }

    /// <summary>
    /// A text as a console may show it: each control character that could move the cursor, colour or hide something, and each mark that turns the direction of
    /// writing, is replaced. Line breaks and tabs stay.
    /// </summary>
    public static string ForConsole(string text) => text.All(IsHarmless)
        ? text
        : string.Create(text.Length, text, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                // A carriage return alone writes over the line.
                span[i] = IsHarmless(source[i]) || (source[i] == '\r' && i + 1 < source.Length && source[i + 1] == '\n') ? source[i] : '\uFFFD';
            }
        });

    private static bool IsHarmless(char c) => c is '\n' or '\t' || (!char.IsControl(c) && c is not ((>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069')));

    private static string Shorten(string text, int longest)
    {
        text = ForConsole(text);
        if (text.Length <= longest)
        {
            return text;
        }

        // Half a surrogate pair is no character, and nothing that writes UTF-8 takes it.
        var end = char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest;
        return text[..end] + "…";
    }
}
