using System.Text.Json;
using System.Text.Json.Serialization;

namespace LettaPS.Core.Upgrades;

/// <summary>What was recorded of one of the server's migrations: the form of <c>migrations.json</c>.</summary>
internal sealed record MigrationFacts
{
    /// <summary>Rows of the tables of the database that the times were recorded on (PostgreSQL 15, two cores).</summary>
    public static IReadOnlyDictionary<string, long> RecordedRows { get; } =
        new Dictionary<string, long> { ["messages"] = 306_000, ["steps"] = 101_000, ["step_metrics"] = 101_000, ["jobs"] = 101_000, ["archival_passages"] = 10_000 };

    private static readonly Lazy<IReadOnlyDictionary<string, MigrationFacts>> s_all = new(Load);

    /// <summary>All that were recorded, 0.11.4 to 0.16.8, by their revision.</summary>
    public static IReadOnlyDictionary<string, MigrationFacts> All => s_all.Value;

    /// <summary>Alembic's identifier of it.</summary>
    public required string Revision { get; init; }

    /// <summary>Tables that it changes, those left out that it makes.</summary>
    public required IReadOnlyList<string> Tables { get; init; }

    /// <summary>Tables and columns that it drops with all that is in them.</summary>
    public required IReadOnlyList<string> Drops { get; init; }

    /// <summary>Constraints that it drops by their name, and so fails without: <c>table.name</c>.</summary>
    public required IReadOnlyList<string> DropsConstraints { get; init; }

    /// <summary>Whether it commits what came before it, so that a later failure does not take that back.</summary>
    public required bool Commits { get; init; }

    /// <summary>Whether it builds an index beside the running server, which leaves an invalid one when interrupted.</summary>
    public required bool Concurrently { get; init; }

    /// <summary>How long it took, in seconds, on a database with <see cref="RecordedRows"/>.</summary>
    public required double Seconds { get; init; }

    private static Dictionary<string, MigrationFacts> Load()
    {
        using var json = typeof(MigrationFacts).Assembly.GetManifestResourceStream("migrations.json")!;
        return JsonSerializer.Deserialize(json, MigrationJson.Default.IReadOnlyListMigrationFacts)!.ToDictionary(m => m.Revision);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<MigrationFacts>))]
internal sealed partial class MigrationJson : JsonSerializerContext
{
    /// <summary>Writes the document, a line a migration.</summary>
    public static string Write(IReadOnlyList<MigrationFacts> facts) =>
        "[\n" + string.Join(",\n", facts.Select(f => JsonSerializer.Serialize(f, Default.MigrationFacts))) + "\n]\n";
}
