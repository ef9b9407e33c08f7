using System.Text.Json;
using LettaPS.Core.Json;
using LettaPS.Core.Upgrades;

namespace LettaPS.SchemaCatalogue;

/// <summary>Takes from the recorded migrations what an upgrade has to know of them.</summary>
internal static class MigrationWriter
{
    /// <summary>Migrations whose work is a statement in words, with the tables that it is about (letta/alembic/versions).</summary>
    private static readonly Dictionary<string, string> s_statements = new()
    {
        ["887a4367b560"] = "steps",
        ["5d27a719b24d"] = "jobs",
        ["b888f21b151f"] = "sources",
        ["f6cd5a1e519d"] = "archives",
        ["45402909a46b"] = "messages",
        ["9fa274fb0b83"] = "agents",
        ["a08c972e781b"] = "agents",
    };

    /// <summary>Reads a recording.</summary>
    /// <param name="recorded">The JSON.</param>
    public static IReadOnlyList<MigrationFacts> Condense(Stream recorded)
    {
        using var json = JsonDocument.Parse(recorded);
        return [.. json.RootElement.EnumerateArray().Select(Condense)];
    }

    private static MigrationFacts Condense(JsonElement migration)
    {
        var revision = migration.GetProperty("revision").GetString()!;
        var operations = migration.Items("operations").ToList();
        var made = operations.Where(o => Is(o, "CreateTableOp")).Select(Table).ToHashSet();
        return new MigrationFacts
        {
            Revision = revision,
            Tables = [.. operations.Select(Table).Append(s_statements.GetValueOrDefault(revision)).OfType<string>().Where(t => !made.Contains(t)).Distinct().Order(StringComparer.Ordinal)],
            Drops =
            [
                .. operations.Where(o => Is(o, "DropTableOp")).Select(o => Table(o)!),
                .. operations.Where(o => Is(o, "DropColumnOp")).Select(o => $"{Table(o)}.{o.StringOrNull("column") ?? o.GetProperty("column").StringOrNull("name")}"),
            ],
            DropsConstraints = [.. operations.Where(o => Is(o, "DropConstraintOp")).Select(o => $"{Table(o)}.{o.StringOrNull("constraint")}")],
            Commits = migration.GetProperty("committed_alone").GetBoolean(),
            Concurrently = migration.GetProperty("flags").GetProperty("concurrently").GetBoolean(),
            Seconds = migration.GetProperty("seconds_with_306k_messages_101k_steps_101k_jobs_10k_passages").GetDouble(),
        };
    }

    private static string? Table(JsonElement operation) => operation.StringOrNull("table");

    private static bool Is(JsonElement operation, string kind) => operation.StringOrNull("op") == kind;
}
