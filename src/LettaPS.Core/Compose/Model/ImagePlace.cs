using LettaPS.Core.Compose.Yaml;
using LettaPS.Core.IO;

namespace LettaPS.Core.Compose.Model;

/// <summary>A place in a file, other than a compose file, that names an image.</summary>
/// <param name="Format">The format of the file.</param>
/// <param name="Name">What uses the image: a container, a stage of a build, a unit.</param>
/// <param name="Line">1-based line.</param>
/// <param name="Written">The reference as it is written.</param>
/// <param name="Reference">The reference that results.</param>
internal sealed record ImagePlace(LettaImageFormat Format, string Name, TextFile File, int Line, string Written, ImageReference Reference)
{
    /// <summary>Gives the file as it is with another image there; <see langword="null"/> if LettaPS does not change such a place.</summary>
    public Func<PinTarget, TextFile>? Change { get; init; }

    /// <summary>What there is to know about the place, as a clause; <see langword="null"/> for nothing.</summary>
    public string? Note { get; init; }

    /// <summary>The document that describes what runs there; <see langword="null"/> if the format has none.</summary>
    public YamlMapping? Container { get; init; }

    /// <summary>The document's root above <see cref="Container"/>.</summary>
    public YamlMapping? Document { get; init; }

    /// <summary>The error for a place that cannot be changed.</summary>
    public LettaException NotEditable() => new(
        ErrorIds.ImageFileNotSupported,
        LettaErrorKind.Refused,
        $"LettaPS does not change line {Line} of '{File.Path}', which names the image '{Written}'{(Note is null ? string.Empty : $": {Note}")}.",
        $"Change the line by hand; it is to name a release: {Reference.Repository}:{LettaImageTags.Known.Newest}",
        File.Path);
}
