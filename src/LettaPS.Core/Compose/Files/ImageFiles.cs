using System.Text.RegularExpressions;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Yaml;
using LettaPS.Core.IO;

namespace LettaPS.Core.Compose.Files;

/// <summary>Reads the images that files other than compose files name.</summary>
/// <param name="yaml">Reads YAML.</param>
internal sealed partial class ImageFiles(IYamlReader yaml)
{
    /// <summary>Files that are looked into for images although LettaPS does not change them.</summary>
    private static readonly string[] s_others =
        [".sh", ".bash", ".zsh", ".fish", ".ps1", ".psm1", ".cmd", ".bat", ".service", ".mk", ".py", ".tf", ".hcl", ".nomad", ".nix", ".j2", ".tpl", ".kube", ".toml", ".json", ".env"];

    private static readonly string[] s_otherNames = ["makefile", "justfile", "taskfile", "jenkinsfile", "vagrantfile", "procfile"];

    /// <summary>Whether a file, by its name, may name an image: whoever looks through a folder reads only such.</summary>
    /// <param name="path">The file.</param>
    public static bool MayName(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return IsYaml(path) || Dockerfile.IsNamedSo(path) || Quadlet.IsNamedSo(path)
            || s_others.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase) || s_otherNames.Contains(Path.GetFileName(path), StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Whether a file is YAML by its extension.</summary>
    /// <param name="path">The file.</param>
    public static bool IsYaml(string path) => Path.GetExtension(path).ToUpperInvariant() is ".YML" or ".YAML";

    /// <summary>The images of Letta's that a file names.</summary>
    /// <param name="source">The file.</param>
    /// <exception cref="LettaException"><c>InvalidYaml</c>: it is YAML by its name but not by its text, and names no image.</exception>
    public IReadOnlyList<ImagePlace> Read(TextFile source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (Dockerfile.IsNamedSo(source.Path))
        {
            return Dockerfile.Read(source);
        }

        if (Quadlet.IsNamedSo(source.Path))
        {
            return Quadlet.Read(source);
        }

        if (!IsYaml(source.Path))
        {
            return Others(source, "LettaPS changes no files of this kind");
        }

        try
        {
            var places = new YamlImages(yaml).Read(source);
            var lines = places.SelectMany(p => Enumerable.Range(p.Container?.Line ?? p.Line, Math.Max(1, p.Line - (p.Container?.Line ?? p.Line) + 1))).ToHashSet();
            return [.. places, .. Others(source, "it is inside a text or under a key that LettaPS does not know").Where(o => !lines.Contains(o.Line))];
        }
        catch (LettaException) when (source.Text.Contains("{{", StringComparison.Ordinal) && Others(source, "the file is no plain YAML, as a template of Helm is") is { Count: > 0 } others)
        {
            return others;
        }
    }

    private static List<ImagePlace> Others(TextFile source, string note)
    {
        List<ImagePlace> places = [];
        foreach (Match match in Reference().Matches(source.Text))
        {
            var reference = ImageReference.Parse(match.Value);
            var lineStart = source.Text.LastIndexOf('\n', Math.Max(0, match.Index - 1)) + 1;
            var isComment = source.Text.AsSpan(lineStart, match.Index - lineStart).TrimStart() is ['#', ..] or ['/', '/', ..];
            if (reference.IsLetta && !isComment)
            {
                places.Add(new(LettaImageFormat.Other, string.Empty, source, source.LineAt(match.Index), match.Value, reference) { Note = note });
            }
        }

        return places;
    }

    // Not the repository of the source on GitHub, nor a path or an address.
    [GeneratedRegex(@"(?<![\w./:@-])(?:[\w.-]+(?::\d+)?/)*(?:letta/letta(?:-server)?|memgpt/letta|memgpt/memgpt-server|lettaai/letta|letta-ai/letta)(?::[\w][\w.-]*)?(?:@sha256:[0-9a-f]{64})?(?![\w/-])", RegexOptions.CultureInvariant)]
    private static partial Regex Reference();
}
