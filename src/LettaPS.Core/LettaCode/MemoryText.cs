using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace LettaPS.Core.LettaCode;

/// <summary>Markdown files of a memory as the client's own hook accepts them and its parser reads them.</summary>
internal static partial class MemoryText
{
    private const string Rule = "---";

    private static readonly string[] s_keys = ["description", "read_only", "limit"];

    /// <summary>A file with front matter.</summary>
    /// <param name="description">What it is; never empty.</param>
    /// <param name="body">Its text.</param>
    /// <param name="readOnly">Whether the agent may not change it.</param>
    /// <param name="limit">How long V1 let it become; <see langword="null"/> where it did not say.</param>
    public static byte[] Write(string description, string body, bool readOnly = false, long? limit = null)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Rule}\ndescription: {Line(description)}\n");
        if (readOnly)
        {
            text.Append("read_only: true\n");
        }

        if (limit is { } characters)
        {
            text.Append(CultureInfo.InvariantCulture, $"limit: {characters}\n");
        }

        return Encoding.UTF8.GetBytes(text.Append(Rule).Append('\n').Append(body).Append(body.EndsWith('\n') ? "" : "\n").ToString());
    }

    /// <summary>A text as the value of one line of front matter, which the client does not take for the beginning of a longer one.</summary>
    public static string Line(string text)
    {
        var line = Spaces().Replace(text, " ").Trim();
        return BlockScalar().IsMatch(line) ? $"'{line}'" : line;
    }

    /// <summary>What the client's hook says against a file, by its rules; nothing where it accepts the file.</summary>
    /// <param name="content">The file.</param>
    public static string? Problem(string content)
    {
        var lines = content.Split('\n');
        var closing = lines[0] == Rule ? Array.IndexOf(lines, Rule, 1) : -1;
        if (closing < 0)
        {
            return "it has no front matter";
        }

        var described = false;
        foreach (var line in lines[1..closing].Where(l => l.Length > 0 && l[0] is not (' ' or '\t')))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var key = (colon < 0 ? line : line[..colon]).Replace(" ", "", StringComparison.Ordinal);
            if (!s_keys.Contains(key, StringComparer.Ordinal))
            {
                return $"its front matter has the key '{key}'";
            }

            described |= key == "description" && colon >= 0 && line[(colon + 1)..].Trim(' ').Length > 0;
        }

        return described ? null : "its front matter has no description";
    }

    /// <summary>The text of a file as the client reads it.</summary>
    /// <param name="content">The file.</param>
    public static string Body(string content)
    {
        var text = Normalize(content);
        var closing = text.StartsWith("---\n", StringComparison.Ordinal) ? text.IndexOf("\n---\n", 3, StringComparison.Ordinal) : -1;
        return closing < 0 ? text : text[(closing + 5)..].Trim();
    }

    /// <summary>A text with the line ends that the client gives it.</summary>
    public static string Normalize(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');

    /// <summary>Whether the client spoils a text where it puts it into the prompt: a dollar sign and what JavaScript's replacement takes for a pattern.</summary>
    public static bool IsSpoilt(string text) => Replacement().IsMatch(text);

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Spaces();

    [GeneratedRegex(@"^[|>][+-]?$", RegexOptions.CultureInvariant)]
    private static partial Regex BlockScalar();

    [GeneratedRegex(@"\$[$&`']", RegexOptions.CultureInvariant)]
    private static partial Regex Replacement();
}
