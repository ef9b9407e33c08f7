using System.Globalization;
using System.Text.Json;
using LettaPS.Core.AgentTables;
using LettaPS.Core.Schemas.Model;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres;

/// <summary>An agent with a row in every table that agents have rows in, and a value in every column.</summary>
internal static class FilledAgent
{
    public static string Id => IdOf("agents");

    /// <summary>What columns hold that name another table's row.</summary>
    private static readonly Dictionary<string, string> s_references = new()
    {
        ["agent_id"] = "agents",
        ["manager_agent_id"] = "agents",
        ["block_id"] = "block",
        ["tool_id"] = "tools",
        ["source_id"] = "sources",
        ["file_id"] = "files",
        ["archive_id"] = "archives",
        ["passage_id"] = "archival_passages",
        ["identity_id"] = "identities",
        ["group_id"] = "groups",
        ["conversation_id"] = "conversations",
        ["message_id"] = "messages",
        ["step_id"] = "steps",
        ["run_id"] = "runs",
        ["job_id"] = "jobs",
        ["provider_id"] = "providers",
        ["mcp_server_id"] = "mcp_server",
        ["server_id"] = "mcp_server",
        ["organization_id"] = "organizations",
        ["user_id"] = "users",
        ["_created_by_id"] = "users",
        ["_last_updated_by_id"] = "users",
        ["current_history_entry_id"] = "block_history",
    };

    /// <summary>Inserts it, and beside it the rows of another agent, which nothing of this one may lead to.</summary>
    public static async Task InsertAsync(PostgresDatabase database, SchemaModel model)
    {
        await using var connection = await database.ConnectAsync();
        await using var batch = new Npgsql.NpgsqlBatch(connection);
        batch.BatchCommands.Add(new("SET session_replication_role = replica"));
        foreach (var table in AgentTables.All.Select(t => model.Table(t.Name)).OfType<SchemaTable>())
        {
            foreach (var owner in (char[])['a', 'b'])
            {
                var columns = string.Join(", ", table.Columns.Select(c => Sql.Id(c.Name)));
                batch.BatchCommands.Add(new($"INSERT INTO {Sql.Id(table.Name)} ({columns}) VALUES ({string.Join(", ", table.Columns.Select(c => Value(model, table, c, owner)))})"));
            }
        }

        await batch.ExecuteNonQueryAsync();
    }

    private static string IdOf(string table, char owner = 'a')
    {
        var prefix = table switch { "agents" => "agent", "messages" => "message", _ => table };
        return $"{prefix}-{owner}{owner}{owner}{owner}{owner}{owner}{owner}{owner}-0000-4000-8000-000000000001";
    }

    private static string Value(SchemaModel model, SchemaTable table, SchemaColumn column, char owner)
    {
        var text = (table.Name, column.Name) switch
        {
            ("run_metrics", "id") => IdOf("runs", owner),
            ("step_metrics", "id") => IdOf("steps", owner),
            ("job_messages", "id") => owner == 'a' ? "1" : "2",
            (_, "id") => IdOf(table.Name, owner),
            ("tools", "metadata_") => JsonSerializer.Serialize(new { mcp = new { server_id = IdOf("mcp_server", owner) } }),
            ("agents", "message_ids") => $"[\"{IdOf("messages", owner)}\"]",
            ("messages", "content") => """[{"type": "text",  "text": "two  spaces"}]""",
            ("messages", "sequence_id") => owner == 'a' ? "1" : "2",
            (_, "is_deleted") => "false",
            _ when s_references.TryGetValue(column.Name, out var to) => IdOf(to, owner),
            _ => column.Type switch
            {
                "json" or "jsonb" => """{"z": 1.50, "a": [null, "ü"]}""",
                "boolean" => "true",
                "integer" or "bigint" => "7",
                _ when column.Type.StartsWith("timestamp", StringComparison.Ordinal) => "2026-01-17 06:10:00.12345",
                _ when column.Type.StartsWith("vector(", StringComparison.Ordinal) => $"[{string.Join(',', Enumerable.Range(0, 4096).Select(i => (1f / (i + 3)).ToString(CultureInfo.InvariantCulture)))}]",
                _ when model.Enums.FirstOrDefault(e => e.Name == column.Type) is { } type => type.Values[0],
                "character varying(20)" => "short",
                _ => $"{table.Name}.{column.Name} of {owner}\nand \"so on\"",
            },
        };
        return Sql.Literal(text);
    }
}
