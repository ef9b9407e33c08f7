using System.IO.Compression;
using System.Text.Json;

namespace LettaPS.Core.Schemas.Model;

/// <summary>
/// The schemas that the real migrations of the 20 releases from 0.11.3 to 0.16.8 build, recorded from PostgreSQL's catalog and embedded.
/// </summary>
internal static class SchemaCatalogue
{
    private static readonly Lazy<SchemaCatalogueData> s_data = new(Load);
    private static readonly Lazy<IReadOnlyList<ReleaseSchema>> s_schemas = new(() =>
        [.. s_data.Value.Schemas.Select((releases, i) => new ReleaseSchema(releases, s_data.Value.Schema(i)))]);

    /// <summary>The distinct schemas, oldest first.</summary>
    public static IReadOnlyList<ReleaseSchema> All => s_schemas.Value;

    /// <summary>The schema of a release, or <see langword="null"/> where it was not recorded.</summary>
    /// <param name="release">Such as <c>0.16.2</c>.</param>
    public static ReleaseSchema? Of(string release) => All.FirstOrDefault(s => s.Releases.Contains(release));

    private static SchemaCatalogueData Load()
    {
        using var file = typeof(SchemaCatalogue).Assembly.GetManifestResourceStream("schemas.json.br")!;
        using var json = new BrotliStream(file, CompressionMode.Decompress);
        return (SchemaCatalogueData)JsonSerializer.Deserialize(json, typeof(SchemaCatalogueData), SchemaJson.Default)!;
    }
}

/// <summary>A schema and the releases that have it.</summary>
/// <param name="Releases">The releases, oldest first.</param>
/// <param name="Model">The schema.</param>
internal sealed record ReleaseSchema(IReadOnlyList<string> Releases, SchemaModel Model);
