using System.Text.Json.Nodes;

namespace LettaPS.TestKit;

/// <summary>
/// Turns a recorded schema into the statements that build it. Knows nothing of the module's own code, so that the module can be held to it.
/// </summary>
internal static class CatalogScript
{
    /// <summary>The schema that it was recorded in.</summary>
    public static string Schema(JsonObject catalog) => (string)catalog["schema"]!;

    /// <summary>The statements.</summary>
    public static string Make(JsonObject catalog, bool stamped)
    {
        var schema = Schema(catalog);
        var script = new List<string>();
        script.Add($"CREATE SCHEMA IF NOT EXISTS {schema}; ALTER SCHEMA {schema} OWNER TO letta;");
        script.Add($"CREATE EXTENSION vector WITH SCHEMA {schema};");
        if (schema != "public")
        {
            script.Add("DROP SCHEMA public CASCADE;");
        }

        script.Add($"SET search_path TO {schema}; SET ROLE letta;");
        foreach (var (name, values) in catalog["enums"]!.AsObject())
        {
            script.Add($"CREATE TYPE {name} AS ENUM ({string.Join(", ", values!.AsArray().Select(v => $"'{v}'"))});");
        }

        foreach (var sequence in Objects(catalog["sequences"]))
        {
            script.Add($"CREATE SEQUENCE {sequence["name"]} AS {sequence["type"]};");
        }

        var tables = catalog["tables"]!.AsObject().Where(t => stamped || t.Key != "alembic_version").Select(t => (Name: t.Key, Facts: t.Value!.AsObject())).ToList();
        foreach (var (name, facts) in tables)
        {
            var columns = Objects(facts["columns"]).OrderBy(c => (int)c["ordinal"]!).Select(c =>
                $"{Id(c["name"])} {c["type"]}{(c["default"] is { } d ? $" DEFAULT {d}" : "")}{((bool)c["not_null"]! ? " NOT NULL" : "")}");
            script.Add($"CREATE TABLE {Id(name)} ({string.Join(", ", columns)});");
            if (facts["primary_key"] is JsonObject key)
            {
                script.Add($"ALTER TABLE {Id(name)} ADD CONSTRAINT {Id(key["name"])} PRIMARY KEY ({Ids(key["columns"])});");
            }

            foreach (var unique in Objects(facts["unique"]))
            {
                script.Add($"ALTER TABLE {Id(name)} ADD CONSTRAINT {Id(unique["name"])} {unique["def"]};");
            }

            var constraints = Objects(facts["unique"]).Select(u => (string)u["name"]!).ToHashSet();
            foreach (var index in Objects(facts["indexes"]).Where(i => !(bool)i["primary"]! && !constraints.Contains((string)i["name"]!)))
            {
                script.Add($"{index["def"]};");
            }
        }

        foreach (var (name, facts) in tables)
        {
            foreach (var foreign in Objects(facts["foreign_keys"]))
            {
                var deferrable = (bool)foreign["deferrable"]! ? (bool)foreign["deferred"]! ? " DEFERRABLE INITIALLY DEFERRED" : " DEFERRABLE" : "";
                script.Add(
                    $"ALTER TABLE {Id(name)} ADD CONSTRAINT {Id(foreign["name"])} FOREIGN KEY ({Ids(foreign["columns"])}) "
                    + $"REFERENCES {Id(foreign["ref_table"])} ({Ids(foreign["ref_columns"])}) "
                    + $"ON UPDATE {foreign["on_update"]} ON DELETE {foreign["on_delete"]}{deferrable};");
            }
        }

        foreach (var sequence in Objects(catalog["sequences"]).Where(s => s["owned_by"] is not null))
        {
            script.Add($"ALTER SEQUENCE {sequence["name"]} OWNED BY {sequence["owned_by"]};");
        }

        if (stamped)
        {
            script.Add($"INSERT INTO alembic_version VALUES ('{catalog["alembic_version"]![0]}');");
        }

        return string.Join('\n', script);
    }

    private static IEnumerable<JsonObject> Objects(JsonNode? array) => array!.AsArray().Select(n => n!.AsObject());

    private static string Ids(JsonNode? names) => string.Join(", ", names!.AsArray().Select(Id));

    private static string Id(JsonNode? name) => Id((string)name!);

    private static string Id(string name) => $"\"{name}\"";
}
