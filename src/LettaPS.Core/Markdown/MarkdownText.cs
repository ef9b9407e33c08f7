using System.Globalization;
using System.Text;

namespace LettaPS.Core.Markdown;

/// <summary>Text of strangers in CommonMark and in file names: whatever it is, it stays text.</summary>
internal static class MarkdownText
{
    private const string Punctuation = "\\`*_[]{}()#~!|:@$^=+";

    // In bytes of UTF-8: file systems take 255 for the name with its number and extension.
    private const int LongestName = 200;

    private static readonly HashSet<string> s_reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9",
    };

    /// <summary>A text within a line: no markup, no HTML, no line break.</summary>
    public static string Inline(string? text)
    {
        var result = new StringBuilder();
        foreach (var c in text ?? string.Empty)
        {
            _ = c switch
            {
                '<' => result.Append("&lt;"),
                '>' => result.Append("&gt;"),
                '&' => result.Append("&amp;"),
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' => result.Append(' '),
                _ when Punctuation.Contains(c, StringComparison.Ordinal) => result.Append('\\').Append(c),
                _ => result.Append(c),
            };
        }

        return result.ToString();
    }

    /// <summary>A time in a heading.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>A text of any length, word for word, in a block that it cannot end.</summary>
    /// <param name="language">What it is: <c>text</c>, <c>json</c>, …</param>
    public static string Fence(string text, string language = "text")
    {
        var (longest, run) = (2, 0);
        foreach (var c in text)
        {
            run = c == '`' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        var fence = new string('`', longest + 1);
        return $"{fence}{language}\n{text}{(text.EndsWith('\n') ? "" : "\n")}{fence}\n\n";
    }

    /// <summary>A link to a file in the same folder or below.</summary>
    /// <param name="text">What is shown.</param>
    /// <param name="path">Path with slashes.</param>
    public static string Link(string text, string path) => $"[{Inline(text)}](<{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}>)";

    /// <summary>A name that every file system takes, and that no other of the folder has in any case.</summary>
    /// <param name="name">The true name.</param>
    /// <param name="extension">What follows it, with the dot.</param>
    /// <param name="taken">The names of the folder so far; the new one is added.</param>
    public static string FileName(string? name, string extension, HashSet<string> taken)
    {
        var safe = new StringBuilder();
        var length = 0;

        // Normalized first: some characters become several, and the name would grow after it was cut. A lone surrogate cannot be normalized.
        foreach (var rune in string.Concat((name ?? string.Empty).EnumerateRunes()).Normalize().EnumerateRunes())
        {
            var category = Rune.GetUnicodeCategory(rune);
            if (category is UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse)
            {
                continue;
            }

            length += rune.Utf8SequenceLength;
            if (length > LongestName)
            {
                break;
            }

            _ = category is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator || rune.Value is '<' or '>' or ':' or '"' or '/' or '\\' or '|' or '?' or '*' or '`' or '#' or '%'
                ? safe.Append('-')
                : safe.Append(rune.ToString());
        }

        // Windows drops dots and blanks at the end; a dot at the beginning hides the file elsewhere.
        var stem = safe.ToString().Trim(' ', '.');
        stem = extension.Length > 0 && stem.EndsWith(extension, StringComparison.OrdinalIgnoreCase) ? stem[..^extension.Length].Trim(' ', '.') : stem;
        stem = stem.Length == 0 ? "unnamed" : stem;
        stem = s_reserved.Contains(stem.Split('.')[0].TrimEnd()) ? "_" + stem : stem;
        for (var i = 1; ; i++)
        {
            var candidate = i == 1 ? stem + extension : string.Create(CultureInfo.InvariantCulture, $"{stem} {i}{extension}");
            if (taken.Add(candidate))
            {
                return candidate;
            }
        }
    }
}
