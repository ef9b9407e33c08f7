using System.Text.RegularExpressions;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.IO;

namespace LettaPS.Core.Compose.Files;

/// <summary>Reads Podman's Quadlet units.</summary>
internal static partial class Quadlet
{
    private static readonly string[] s_extensions = [".container", ".image", ".volume"];

    /// <summary>Whether a file is a Quadlet that can name an image, by its extension.</summary>
    /// <param name="path">The file.</param>
    public static bool IsNamedSo(string path) => s_extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>The settings of a unit in order. An empty assignment takes back those before it, as systemd has it.</summary>
    /// <param name="source">The file.</param>
    public static IReadOnlyList<QuadletSetting> Settings(TextFile source)
    {
        List<QuadletSetting> settings = [];
        var section = string.Empty;
        foreach (Match match in Line().Matches(source.Text))
        {
            if (match.Groups["section"].Success)
            {
                section = match.Groups["section"].Value;
                continue;
            }

            var (key, value) = (match.Groups["key"].Value, match.Groups["value"]);
            if (value.Length == 0)
            {
                settings.RemoveAll(s => s.Section == section && s.Key == key);
                continue;
            }

            settings.Add(new(section, key, value.Value, source.LineAt(match.Index), value.Index));
        }

        return settings;
    }

    /// <summary>The images of Letta's that a unit names.</summary>
    /// <param name="source">The file.</param>
    public static IReadOnlyList<ImagePlace> Read(TextFile source)
    {
        // Of two the last counts. 'letta.image' and 'letta.build' are units of their own.
        var last = Settings(source).LastOrDefault(s => s is { Section: "Container" or "Image" or "Volume", Key: "Image" });
        if (last is null || last.Value.EndsWith(".image", StringComparison.Ordinal) || last.Value.EndsWith(".build", StringComparison.Ordinal))
        {
            return [];
        }

        var reference = ImageReference.Parse(last.Value);
        return reference.IsLetta
            ? [new(LettaImageFormat.Quadlet, Path.GetFileNameWithoutExtension(source.Path), source, last.Line, last.Value, reference)
            {
                Change = target =>
                {
                    var (start, end, text) = Dockerfile.Part(reference, target);
                    return source.WithText(string.Concat(source.Text.AsSpan(0, last.Start + start), text, source.Text.AsSpan(last.Start + end)));
                },
            }]
            : [];
    }

    [GeneratedRegex(@"^[ \t]*(?:\[(?<section>[^\]\r\n]+)\]|(?<key>[A-Za-z]\w*)[ \t]*=[ \t]*(?<value>[^\r\n]*?))[ \t]*\r?$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Line();
}

/// <summary>A setting of a unit.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Line">1-based line.</param>
/// <param name="Start">Where the value begins in the text.</param>
internal sealed record QuadletSetting(string Section, string Key, string Value, int Line, int Start);
