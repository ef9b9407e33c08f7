using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LettaPS.Core.Schemas.Model;

namespace LettaPS.SchemaCatalogue;

/// <summary>Reads a recorded schema (what the migrations of a release built, as the catalog of PostgreSQL had it) into the module's own form.</summary>
internal static partial class CatalogReader
{
    /// <summary>Reads one.</summary>
    /// <param name="catalog">The recording.</param>
    /// <remarks>Left out: alembic_version (no table of Letta's), PostgreSQL's own language, versions of server and extensions, the schema's name.</remarks>
    public static SchemaModel Read(JsonObject catalog) => new()
    {
        Tables = [.. catalog["tables"]!.AsObject().Where(t => t.Key != "alembic_version").OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => ReadTable(t.Key, t.Value!))],
        Enums = [.. catalog["enums"]!.AsObject().OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => new SchemaEnum { Name = e.Key, Values = Strings(e.Value) })],
        Sequences = [.. Array(catalog["sequences"]).Select(ReadSequence).OrderBy(s => s.Name, StringComparer.Ordinal)],
        Extensions = [.. Array(catalog["extensions"]).Select(e => Text(e["name"])).Where(n => n != "plpgsql").Select(n => new SchemaExtension { Name = n })],
    };

    private static SchemaTable ReadTable(string name, JsonNode facts)
    {
        var keys = Array(facts["unique"]).Select(u => Text(u["name"])).ToHashSet();
        return new SchemaTable
        {
            Name = name,
            Columns = [.. Array(facts["columns"]).OrderBy(c => (int)c["ordinal"]!).Select(ReadColumn)],
            PrimaryKey = facts["primary_key"] is JsonObject key ? new SchemaKey { Name = Text(key["name"]), Columns = Strings(key["columns"]) } : null,
            Uniques = [.. Array(facts["unique"]).Select(u => new SchemaKey
            {
                Name = Text(u["name"]),
                Columns = Strings(u["columns"]),
                NullsNotDistinct = Text(u["def"]).StartsWith("UNIQUE NULLS NOT DISTINCT", StringComparison.Ordinal),
            })],
            ForeignKeys = [.. Array(facts["foreign_keys"]).Select(f => new SchemaForeignKey
            {
                Name = Text(f["name"]),
                Columns = Strings(f["columns"]),
                RefTable = Text(f["ref_table"]),
                RefColumns = Strings(f["ref_columns"]),
                OnDelete = Text(f["on_delete"]),
                OnUpdate = Text(f["on_update"]),
                Deferrable = (bool)f["deferrable"]!,
                Deferred = (bool)f["deferred"]!,
                NotValid = !(bool)f["validated"]!,
            })],
            Indexes = [.. Array(facts["indexes"]).Where(i => !(bool)i["primary"]! && !keys.Contains(Text(i["name"]))).Select(ReadIndex)],
            Checks = [.. Array(facts["checks"]).Select(c => Text(c["name"]))],
        };
    }

    private static SchemaColumn ReadColumn(JsonNode column) => new()
    {
        Name = Text(column["name"]),
        Type = Text(column["type"]),
        NotNull = (bool)column["not_null"]!,
        Default = (string?)column["default"],
        Generated = column["identity"] is not null || column["generated"] is not null,
    };

    private static SchemaIndex ReadIndex(JsonNode index)
    {
        var definition = IndexDefinition().Match(Text(index["def"]));
        return new SchemaIndex
        {
            Name = Text(index["name"]),
            Unique = (bool)index["unique"]!,
            Definition = definition.Groups["definition"].Value,
            Columns = [.. definition.Groups["columns"].Value.Split(", ").Select(c => c.Split(' ')[0].Trim('"'))],
            Invalid = !(bool)index["valid"]!,
        };
    }

    private static SchemaSequence ReadSequence(JsonNode sequence) =>
        (long)sequence["start"]! == 1 && (long)sequence["increment"]! == 1 && (long)sequence["min"]! == 1 && !(bool)sequence["cycle"]!
            ? new SchemaSequence { Name = Text(sequence["name"]), Type = Text(sequence["type"]), OwnedBy = (string?)sequence["owned_by"] }
            : throw new InvalidDataException($"The sequence {sequence["name"]} is not an ordinary one; SchemaSequence must learn to say so.");

    private static IEnumerable<JsonNode> Array(JsonNode? node) => node!.AsArray().Select(n => n!);

    private static string[] Strings(JsonNode? node) => [.. Array(node).Select(Text)];

    private static string Text(JsonNode? node) => (string)node!;

    [GeneratedRegex(@"^CREATE (?:UNIQUE )?INDEX \S+ ON \S+ USING (?<definition>\w+ \((?<columns>[^()]*)\).*)$", RegexOptions.ExplicitCapture)]
    private static partial Regex IndexDefinition();
}
