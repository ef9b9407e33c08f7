using LettaPS.Core.Compose.Yaml;
using LettaPS.Core.IO;

namespace LettaPS.Core.Compose.Model;

/// <summary>A compose file that was read.</summary>
internal sealed class ComposeFile
{
    /// <summary>File names that compose finds by itself, in its order of preference.</summary>
    public static readonly IReadOnlyList<string> DefaultNames = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

    /// <summary>File names that compose finds by itself beside one of <see cref="DefaultNames"/> and puts on top of it.</summary>
    public static readonly IReadOnlyList<string> DefaultOverrideNames =
        ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

    private ComposeFile(TextFile source, YamlText yaml, IReadOnlyList<YamlMapping> documents)
    {
        Source = source;
        Yaml = yaml;
        Documents = documents;
    }

    /// <summary>The text.</summary>
    public TextFile Source { get; }

    /// <summary>Full path as the user named it.</summary>
    public string Path => Source.Path;

    /// <summary>The folder that relative paths in the file, and its <c>.env</c>, are looked for in.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(Path)!;

    /// <summary>What the reader made of the text.</summary>
    public YamlText Yaml { get; }

    /// <summary>Its documents; of two that say something of a service the later counts, as with override files.</summary>
    public IReadOnlyList<YamlMapping> Documents { get; }

    /// <summary>The override file that compose would put on top of a file by itself.</summary>
    /// <param name="path">Full path of the file.</param>
    /// <returns>Its full path, or <see langword="null"/> where there is none.</returns>
    public static string? FindDefaultOverride(string path) => DefaultNames.Contains(System.IO.Path.GetFileName(path))
        ? DefaultOverrideNames.Select(n => System.IO.Path.Join(System.IO.Path.GetDirectoryName(path), n)).FirstOrDefault(File.Exists)
        : null;

    /// <summary>Reads a text as a compose file.</summary>
    /// <param name="source">The text.</param>
    /// <param name="reader">Reads YAML.</param>
    /// <exception cref="LettaException"><c>InvalidYaml</c>; <c>InvalidComposeFile</c>: it is YAML, but has neither services nor includes.</exception>
    public static ComposeFile Read(TextFile source, IYamlReader reader)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(reader);
        var yaml = reader.Read(source.Text, source.Path);
        YamlMapping[] documents = [.. yaml.Documents.OfType<YamlMapping>()];
        if (!documents.Any(d => d.Find("include") is not null || d.Find("services") is YamlMapping or YamlScalar { IsNull: true }))
        {
            throw new LettaException(
                ErrorIds.InvalidComposeFile,
                LettaErrorKind.InvalidData,
                $"'{source.Path}' is not a compose file: it has no 'services'.",
                "Give the path of a file that docker compose can use.",
                source.Path);
        }

        return new(source, yaml, documents);
    }

    /// <summary>The names of all services of the file.</summary>
    public IEnumerable<string> ServiceNames => Documents
        .SelectMany(d => d.Find("services") is YamlMapping services ? services.Flatten() : [])
        .Select(s => s.Key)
        .Distinct();

    /// <summary>What each document of the file says of a service, in order.</summary>
    /// <param name="service">Name of the service.</param>
    public IEnumerable<YamlMapping> Find(string service) => Documents
        .Select(d => (d.Find("services") as YamlMapping)?.Find(service))
        .OfType<YamlMapping>();
}
