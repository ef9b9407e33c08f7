using System.IO.Compression;
using System.Text.Json.Nodes;

namespace LettaPS.TestKit;

/// <summary>What real servers had in PostgreSQL, recorded: schemas as the catalog had them, and rows.</summary>
public static class LettaFixtures
{
    /// <summary>
    /// The 20 releases whose schemas are known, oldest first: the migrations of 19 were run; that of 0.16.3, which has no tag, follows from them. It is 0.16.4's
    /// without its four migrations, and 0.16.2's with its own four, which give the same.
    /// </summary>
    public static IReadOnlyList<string> Releases { get; } =
    [
        "0.11.3", "0.11.4", "0.11.5", "0.11.6", "0.11.7", "0.12.0", "0.12.1", "0.13.0", "0.14.0", "0.15.0", "0.15.1",
        "0.16.0", "0.16.1", "0.16.2", "0.16.3", "0.16.4", "0.16.5", "0.16.6", "0.16.7", "0.16.8",
    ];

    /// <summary>A recorded schema.</summary>
    /// <param name="name">Such as <c>alembic/0.16.8</c>, <c>create_all/0.16.2</c>, <c>create_all/story-0.16.1-then-0.16.2</c>, <c>official_image/0.11.3</c>.</param>
    public static JsonObject Catalog(string name)
    {
        using var stream = Open($"catalogs/{name}.json.gz");
        return JsonNode.Parse(stream)!.AsObject();
    }

    /// <summary>The statements that build a recorded schema in an empty database, without the revision.</summary>
    /// <param name="name">See <see cref="Catalog"/>.</param>
    public static string Script(string name) => CatalogScript.Make(Catalog(name), stamped: false);

    /// <summary>The tables of which rows were recorded.</summary>
    /// <param name="release">0.11.3, or 0.16.2 and 0.16.8 (the same server upgraded; passages and jobs are those of 0.11.3).</param>
    public static IReadOnlyList<string> Tables(string release)
    {
        var folder = $"data/{release}/";
        return [.. typeof(LettaFixtures).Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(folder, StringComparison.Ordinal))
            .Select(n => n[folder.Length..n.IndexOf(".jsonl", StringComparison.Ordinal)])
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>The rows of a table, one JSON object each.</summary>
    public static IReadOnlyList<string> Rows(string release, string table)
    {
        using var reader = new StreamReader(Open($"data/{release}/{table}.jsonl.gz"));
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static GZipStream Open(string name) => new(
        typeof(LettaFixtures).Assembly.GetManifestResourceStream(name) ?? throw new ArgumentException($"There is no fixture {name}."),
        CompressionMode.Decompress);
}
