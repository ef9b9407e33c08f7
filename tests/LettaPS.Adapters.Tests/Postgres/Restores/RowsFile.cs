using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres.Restores;

/// <summary>Writes an agent file with the rows of a database.</summary>
internal static class RowsFile
{
    /// <summary>Where an agent's rows are, table by table.</summary>
    private static string Where(string table, string agent) => table switch
    {
        "organizations" or "users" => "true",
        "agents" => $"id = '{agent}'",
        "jobs" => $"EXISTS (SELECT FROM agents WHERE id = '{agent}' AND name LIKE 'AI%')",
        "mcp_server" or "tools" or "mcp_tools" or "identities" or "sources" or "files" or "file_contents" or "source_passages" or "archives" or "archival_passages" or "passage_tags" or "groups" or "groups_blocks" => "true",
        "block" => $"id IN (SELECT block_id FROM blocks_agents WHERE agent_id = '{agent}')",
        "block_history" or "blocks_tags" or "identities_blocks" => $"block_id IN (SELECT block_id FROM blocks_agents WHERE agent_id = '{agent}')",
        "blocks_conversations" => $"conversation_id IN (SELECT id FROM conversations WHERE agent_id = '{agent}')",
        _ => $"agent_id = '{agent}'",
    };

    /// <summary>The file as it would be written.</summary>
    /// <param name="database">The database.</param>
    /// <param name="catalog">Its schema.</param>
    /// <param name="agent">The agent.</param>
    public static async Task<JsonObject> ReadAsync(PostgresDatabase database, string catalog, string agent)
    {
        var tables = new JsonObject();
        foreach (var table in DatabaseFleet.Tables.Where(t => DatabaseFleet.Columns(catalog, t).Count > 0))
        {
            var columns = LettaFixtures.Catalog(catalog)["tables"]![table]!["columns"]!.AsArray().Select(c => (Name: (string)c!["name"]!, Type: (string)c["type"]!)).ToList();
            var order = columns.Exists(c => c.Name == "sequence_id") ? "sequence_id" : "1";
            var rows = await database.ListAsync(
                $"SET TimeZone = 'UTC'; SELECT json_build_array({string.Join(", ", columns.Select(c => $"\"{c.Name}\"::text"))})::text FROM \"{table}\" WHERE {Where(table, agent)} ORDER BY {order}");
            if (rows.Count == 0)
            {
                continue;
            }

            tables[table] = new JsonObject
            {
                ["columns"] = new JsonArray([.. columns.Select(c => (JsonNode)c.Name)]),
                ["types"] = new JsonArray([.. columns.Select(c => (JsonNode)c.Type)]),
                ["rows"] = new JsonArray([.. rows.Select(r => WithVectors(JsonNode.Parse(r)!.AsArray(), columns.ConvertAll(c => c.Type)))]),
            };
        }

        var release = catalog[(catalog.IndexOf('/', StringComparison.Ordinal) + 1)..];
        var name = await database.QueryAsync<string>($"SELECT name FROM agents WHERE id = '{agent}'");
        var group = new JsonObject { ["id"] = DatabaseFleet.Group, ["manager_agent_id"] = DatabaseFleet.Agent, ["agent_ids"] = new JsonArray(DatabaseFleet.OtherAgent) };
        return new JsonObject
        {
            ["agents"] = new JsonArray(new JsonObject { ["id"] = "agent-0", ["name"] = name, ["messages"] = new JsonArray(), ["block_ids"] = new JsonArray("block-0"), ["tool_ids"] = new JsonArray(), ["source_ids"] = new JsonArray("source-0") }),
            ["blocks"] = new JsonArray(new JsonObject { ["id"] = "block-0", ["label"] = "human", ["value"] = "x" }),
            ["sources"] = new JsonArray(new JsonObject { ["id"] = "source-0", ["name"] = "x" }),
            ["lettaps"] = new JsonObject
            {
                ["format"] = 1,
                ["ids"] = new JsonObject { ["agent-0"] = agent, ["block-0"] = DatabaseFleet.SharedBlock, ["source-0"] = DatabaseFleet.Source },
                ["archives"] = new JsonArray(new JsonObject { ["id"] = DatabaseFleet.Archive }),
                ["groups"] = new JsonArray(group),
                ["database"] = new JsonObject { ["server_version"] = "17", ["nearest_release"] = release, ["encryption_key_fingerprint"] = null, ["tables"] = tables },
            },
        };
    }

    /// <summary>Writes the files of the fleet.</summary>
    public static async Task WriteAsync(PostgresDatabase database, string catalog, string folder)
    {
        foreach (var agent in (string[])[DatabaseFleet.Agent, DatabaseFleet.OtherAgent])
        {
            Write(await ReadAsync(database, catalog, agent), folder, agent);
        }
    }

    /// <summary>Writes a file.</summary>
    public static void Write(JsonObject file, string folder, string agent)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, $"{agent}.af"), file.ToJsonString());
    }

    private static JsonArray WithVectors(JsonArray row, List<string> types)
    {
        for (var i = 0; i < row.Count; i++)
        {
            if (types[i].StartsWith("vector(", StringComparison.Ordinal) && (string?)row[i] is { } vector)
            {
                var bytes = JsonSerializer.Deserialize<float[]>(vector)!.SelectMany(BitConverter.GetBytes).ToArray();
                row[i] = Convert.ToBase64String(bytes);
            }
        }

        return row;
    }
}
