using System.Text.RegularExpressions;
using LettaPS.Core.Compose.Yaml;
using LettaPS.Core.IO;

namespace LettaPS.Core.Compose.Model;

/// <summary>Reads the images that a Dockerfile builds from.</summary>
internal static partial class Dockerfile
{
    /// <summary>Whether a file is a Dockerfile by its name.</summary>
    /// <param name="path">The file.</param>
    public static bool IsNamedSo(string path) => FileName().IsMatch(Path.GetFileName(path));

    /// <summary>The images of Letta's that a Dockerfile names in <c>FROM</c> and <c>COPY --from</c>.</summary>
    /// <param name="source">The file.</param>
    /// <param name="arguments">Build arguments of the compose file that builds it; an image that they decide is named there.</param>
    public static IReadOnlyList<ImagePlace> Read(TextFile source, BuildArguments? arguments = null) =>
        [.. Images(source.Text, source, arguments).Select(i => Given(i, arguments) ?? Place(i, source, (start, length, text) => source.WithText(Splice(source.Text, start, length, text))))];

    /// <summary>The images of Letta's that a Dockerfile inside a compose file names.</summary>
    /// <param name="file">The compose file.</param>
    /// <param name="scalar">The text of <c>dockerfile_inline</c>.</param>
    /// <param name="arguments">Build arguments of the compose file.</param>
    public static IReadOnlyList<ImagePlace> ReadInline(TextFile file, YamlScalar scalar, BuildArguments arguments) =>
        [.. Images(scalar.Value, file, arguments).Select(i => Given(i, arguments) ?? new ImagePlace(LettaImageFormat.Dockerfile, i.Stage ?? string.Empty, file, scalar.Line + i.Line, i.Written, i.Reference)
        {
            Note = "it is in the Dockerfile inside the compose file (dockerfile_inline)",
        })];

    /// <summary>The image that the last stage, or a named one, is built on in the end.</summary>
    /// <param name="text">The Dockerfile.</param>
    /// <param name="source">The file that it is in.</param>
    /// <param name="target">Name of the stage; <see langword="null"/> for the last.</param>
    /// <param name="arguments">Build arguments that win over the Dockerfile's defaults.</param>
    /// <returns>The reference, its 1-based line, and the given argument that decides it; <see langword="null"/> if the Dockerfile has no such stage.</returns>
    public static (ImageReference Reference, int Line, string? Argument)? BaseOf(string text, TextFile source, string? target, IVariableResolver? arguments)
    {
        var stages = All(text, source, arguments).Where(i => i.IsStage).ToList();
        var stage = target is null ? stages.LastOrDefault() : stages.LastOrDefault(s => s.Stage == target);
        for (var steps = 0; stage is not null && steps < stages.Count; steps++)
        {
            if (stages.LastOrDefault(s => s.Stage == stage.Reference.Text && s.Line < stage.Line) is not { } below)
            {
                return (stage.Reference, stage.Line, stage.Given);
            }

            stage = below;
        }

        return null;
    }

    private static IEnumerable<Image> Images(string text, TextFile source, IVariableResolver? arguments) => All(text, source, arguments).Where(i => i.Reference.IsLetta);

    private static ImagePlace? Given(Image image, BuildArguments? arguments) => image.Given is { } name ? arguments?.PlaceOf(name, image.Stage ?? string.Empty, image.Reference) : null;

    private static ImagePlace Place(Image image, TextFile file, Func<int, int, string, TextFile> splice) => new(
        LettaImageFormat.Dockerfile, image.Stage ?? string.Empty, file, image.Line, image.Written, image.Reference)
    {
        Note = image.Argument is { } argument ? $"the build argument {argument.Name} in line {argument.Line} decides" : null,
        Change = target =>
        {
            var (start, end, replacement) = Part(image.Reference, target);
            if (image.ExpandedTemplate?.Locate(start, end) is not var (piece, offset) || piece.Kind != TemplateSegmentKind.Text)
            {
                throw new LettaException(
                    ErrorIds.PinPartsNotSupported,
                    LettaErrorKind.Refused,
                    $"The image '{image.Written}' in line {image.Line} of '{file.Path}' is put together from several build arguments.",
                    $"Write it out: FROM {target.Apply(image.Reference)}",
                    file.Path);
            }

            var at = piece.Assignment is null ? image.Start + piece.Start + offset : piece.Start + offset;
            return splice(at, end - start, replacement);
        },
    };

    /// <summary>The part of a reference that a pin replaces, and by what.</summary>
    internal static (int Start, int End, string Text) Part(ImageReference reference, PinTarget target)
    {
        var tagged = reference.Tag is not null && target.Tag is not null;
        var start = tagged ? reference.TagStart : reference.Repository.Length;
        var end = reference.Digest == target.Digest ? reference.TagEnd : reference.Text.Length;
        var tag = target.Tag is null ? string.Empty : (tagged ? string.Empty : ":") + target.Tag;
        return (start, end, tag + (end == reference.TagEnd && reference.Digest is not null || target.Digest is null ? string.Empty : "@" + target.Digest));
    }

    private static string Splice(string text, int start, int length, string replacement) => string.Concat(text.AsSpan(0, start), replacement, text.AsSpan(start + length));

    private static IEnumerable<Image> All(string text, TextFile source, IVariableResolver? given)
    {
        var arguments = new Arguments(given);
        var inStage = false;
        foreach (Match match in Instruction().Matches(text))
        {
            var line = text.AsSpan(0, match.Index).Count('\n') + 1;
            switch (match.Groups["name"].Value.ToUpperInvariant())
            {
                case "ARG" when !inStage && match.Groups["argument"] is { Success: true } argument:
                    var value = match.Groups["value"];
                    arguments.Add(new(source, argument.Value, line, value.Index, value.Length, value.Success ? value.Value : null, IsLiteral: false));
                    break;
                case "FROM":
                    inStage = true;
                    yield return Make(match.Groups["image"], match.Groups["stage"] is { Success: true } stage ? stage.Value : null, true, line);
                    break;
                case "COPY" when match.Groups["from"] is { Success: true } from:
                    yield return Make(from, null, false, line);
                    break;
            }
        }

        Image Make(Group group, string? stage, bool isStage, int line)
        {
            var expansion = ComposeTemplate.TryParse(group.Value)?.Expand(arguments);
            return new(stage, isStage, line, group.Index, group.Value, expansion, ImageReference.Parse(expansion?.Text ?? group.Value));
        }
    }

    // An instruction begins a line; a line that ends with a backslash goes on in the next.
    [GeneratedRegex(
        """^[ \t]*(?:(?<name>FROM)(?:[ \t]|\\\r?\n)+(?:--\S+(?:[ \t]|\\\r?\n)+)*(?<quote>["']?)(?<image>[^\s"'\\]+)\k<quote>(?:(?:[ \t]|\\\r?\n)+AS(?:[ \t]|\\\r?\n)+(?<stage>\S+))?|(?<name>ARG)[ \t]+(?<argument>\w+)(?:=(?<q>["']?)(?<value>[^\s"']*)\k<q>)?|(?<name>COPY)[ \t][^\n]*?--from=(?<from>[^\s"']+))""",
        RegexOptions.Multiline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Instruction();

    [GeneratedRegex(@"^(Dockerfile|Containerfile)([.-].*)?$|\.(Dockerfile|Containerfile)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex FileName();

    private sealed record Image(string? Stage, bool IsStage, int Line, int Start, string Written, ExpandedTemplate? ExpandedTemplate, ImageReference Reference)
    {
        /// <summary>The argument from outside that decides the image, or a part of it.</summary>
        public string? Given => ExpandedTemplate?.Pieces.FirstOrDefault(p => p.Kind == TemplateSegmentKind.Environment)?.Variable;

        public EnvAssignment? Argument => ExpandedTemplate?.Pieces.Select(p => p.Assignment).FirstOrDefault(a => a is not null);
    }

    /// <summary>Build arguments: those that are given, else the Dockerfile's defaults.</summary>
    private sealed class Arguments(IVariableResolver? given) : IVariableResolver
    {
        private readonly Dictionary<string, EnvAssignment> _defaults = new(StringComparer.Ordinal);

        public void Add(EnvAssignment argument) => _defaults[argument.Name] = argument;

        public IReadOnlyList<TemplateSegment>? Find(string name) => !_defaults.TryGetValue(name, out var assignment) ? null
            : given?.Find(name) is { } said ? [new(TemplateSegmentKind.Environment, string.Concat(said.Select(p => p.Text)), 0, 0, null, name)]
            : assignment.Value is { } value ? [new(TemplateSegmentKind.Text, value, assignment.Start, assignment.Length, assignment, name)] : null;
    }
}
