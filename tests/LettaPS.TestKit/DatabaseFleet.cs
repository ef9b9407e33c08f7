using System.Globalization;
using System.Text.Json.Nodes;
using Npgsql;

namespace LettaPS.TestKit;

/// <summary>
/// Two agents with everything that a release has a table for, written by SQL: blocks, tool, archive, source and identity that they share, a group, conversations,
/// files, secrets, and every column of every row filled with something that is easily spoilt.
/// </summary>
public static class DatabaseFleet
{
    public const string Organization = "org-0a0a0a0a-0000-4000-8000-000000000001";
    public const string User = "user-0a0a0a0a-0000-4000-8000-000000000002";
    public const string Agent = "agent-0a0a0a0a-0000-4000-8000-00000000000a";
    public const string OtherAgent = "agent-0a0a0a0a-0000-4000-8000-00000000000b";
    public const string Group = "group-0a0a0a0a-0000-4000-8000-000000000010";
    public const string SharedBlock = "block-0a0a0a0a-0000-4000-8000-000000000011";
    public const string Archive = "archive-0a0a0a0a-0000-4000-8000-000000000012";

    private const string OwnBlock = "block-0a0a0a0a-0000-4000-8000-000000000013";
    private const string History = "block_hist-0a0a0a0a-0000-4000-8000-000000000014";
    private const string Tool = "tool-0a0a0a0a-0000-4000-8000-000000000015";
    private const string Server = "mcp_server-0a0a0a0a-0000-4000-8000-000000000016";
    private const string Identity = "identity-0a0a0a0a-0000-4000-8000-000000000017";
    public const string Source = "source-0a0a0a0a-0000-4000-8000-000000000018";
    private const string File = "file-0a0a0a0a-0000-4000-8000-000000000019";
    private const string Passage = "passage-0a0a0a0a-0000-4000-8000-00000000001a";
    private const string Conversation = "conversation-0a0a0a0a-0000-4000-8000-00000000001b";
    private const string Job = "job-0a0a0a0a-0000-4000-8000-00000000001c";
    private const string Run = "run-0a0a0a0a-0000-4000-8000-00000000001d";
    private const string Step = "step-0a0a0a0a-0000-4000-8000-00000000001e";
    private const string Message = "message-0a0a0a0a-0000-4000-8000-00000000001f";
    private const string OtherMessage = "message-0a0a0a0a-0000-4000-8000-000000000020";

    /// <summary>The tables of an agent, in an order in which rows can be inserted.</summary>
    public static IReadOnlyList<string> Tables { get; } =
    [
        "organizations", "users", "mcp_server", "tools", "mcp_tools", "identities", "sources", "files", "file_contents", "source_passages", "archives",
        "archival_passages", "passage_tags", "block", "block_history", "blocks_tags", "identities_blocks", "agents", "agents_tags", "agent_environment_variables",
        "blocks_agents", "tools_agents", "sources_agents", "identities_agents", "archives_agents", "files_agents", "groups", "groups_agents", "groups_blocks",
        "conversations", "blocks_conversations", "jobs", "runs", "run_metrics", "steps", "step_metrics", "messages", "conversation_messages",
    ];

    /// <summary>Writes the fleet.</summary>
    /// <param name="database">A database with the schema.</param>
    /// <param name="catalog">The schema.</param>
    /// <param name="messages">How many messages the first agent has.</param>
    public static async Task FillAsync(PostgresDatabase database, string catalog, int messages)
    {
        var schema = LettaFixtures.Catalog(catalog);
        await using var connection = await database.ConnectAsync();
        var rows = new Rows(schema, connection);
        await rows.AddAsync("organizations", ("id", Organization));
        await rows.AddAsync("users", ("id", User));
        await rows.AddAsync("mcp_server", ("id", Server));
        await rows.AddAsync("tools", ("id", Tool), ("tool_type", "custom"), ("metadata_", $$$"""{"mcp":{"server_name":"x","server_id":"{{{Server}}}"}}"""));
        await rows.AddAsync("mcp_tools", ("id", "mcp_tool-0a0a0a0a-0000-4000-8000-000000000030"), ("mcp_server_id", Server), ("tool_id", Tool));
        await rows.AddAsync("identities", ("id", Identity));
        await rows.AddAsync("sources", ("id", Source));
        await rows.AddAsync("files", ("id", File), ("source_id", Source));
        await rows.AddAsync("file_contents", ("id", "file_content-0a0a0a0a-0000-4000-8000-000000000031"), ("file_id", File));
        await rows.AddAsync("source_passages", ("id", "passage-0a0a0a0a-0000-4000-8000-000000000032"), ("file_id", File), ("source_id", Source));
        await rows.AddAsync("archives", ("id", Archive));
        await rows.AddAsync("archival_passages", ("id", Passage), ("archive_id", Archive));
        await rows.AddAsync("archival_passages", ("id", "passage-0a0a0a0a-0000-4000-8000-000000000033"), ("archive_id", Archive), ("embedding", null), ("tags", null));
        await rows.AddAsync("passage_tags", ("id", "passage_tag-0a0a0a0a-0000-4000-8000-000000000034"), ("passage_id", Passage), ("archive_id", Archive));
        await rows.AddAsync("block", ("id", SharedBlock), ("label", "human"), ("current_history_entry_id", null));
        await rows.AddAsync("block", ("id", OwnBlock), ("label", "persona"), ("current_history_entry_id", null));
        await rows.AddAsync("block_history", ("id", History), ("block_id", SharedBlock), ("actor_id", User));
        await rows.RunAsync($"UPDATE block SET current_history_entry_id = '{History}' WHERE id = '{SharedBlock}'");
        await rows.AddAsync("blocks_tags", ("block_id", SharedBlock));
        await rows.AddAsync("identities_blocks", ("identity_id", Identity), ("block_id", SharedBlock));
        if (Columns(catalog, "runs").Count == 0)
        {
            // Of later releases, jobs belong to no agent.
            await rows.AddAsync("jobs", ("id", Job), ("user_id", User));
        }

        foreach (var (agent, name) in ((string, string)[])[(Agent, "AI/ML Expert"), (OtherAgent, "Other")])
        {
            await rows.AddAsync("agents", ("id", agent), ("name", name), ("message_ids", "[]"));
            await rows.AddAsync("agents_tags", ("agent_id", agent), ("tag", "a tag"));
            await rows.AddAsync("agent_environment_variables", ("id", $"agent-env-0a0a0a0a-0000-4000-8000-00000000000{agent[^1]}"), ("agent_id", agent));
            await rows.AddAsync("blocks_agents", ("agent_id", agent), ("block_id", SharedBlock), ("block_label", "human"));
            await rows.AddAsync("tools_agents", ("agent_id", agent), ("tool_id", Tool));
            await rows.AddAsync("sources_agents", ("agent_id", agent), ("source_id", Source));
            await rows.AddAsync("identities_agents", ("agent_id", agent), ("identity_id", Identity));
            await rows.AddAsync("archives_agents", ("agent_id", agent), ("archive_id", Archive));
            await rows.AddAsync("files_agents", ("id", $"file_agent-0a0a0a0a-0000-4000-8000-0000000000f{agent[^1]}"), ("agent_id", agent), ("file_id", File), ("source_id", Source));
        }

        await rows.AddAsync("blocks_agents", ("agent_id", Agent), ("block_id", OwnBlock), ("block_label", "persona"));
        await rows.AddAsync("groups", ("id", Group), ("manager_agent_id", Agent), ("agent_ids", $"[\"{OtherAgent}\"]"), ("last_processed_message_id", Message));
        await rows.AddAsync("groups_agents", ("group_id", Group), ("agent_id", OtherAgent));
        await rows.AddAsync("groups_blocks", ("group_id", Group), ("block_id", SharedBlock));
        await rows.AddAsync("conversations", ("id", Conversation), ("agent_id", Agent));
        await rows.AddAsync("blocks_conversations", ("conversation_id", Conversation), ("block_id", SharedBlock), ("block_label", "human"));
        await rows.AddAsync("runs", ("id", Run), ("agent_id", Agent), ("conversation_id", Conversation));
        await rows.AddAsync("run_metrics", ("id", Run), ("agent_id", Agent));
        await rows.AddAsync("steps", ("id", Step), ("agent_id", Agent), ("job_id", Job), ("run_id", Run), ("provider_id", null));
        await rows.AddAsync("step_metrics", ("id", Step), ("agent_id", Agent), ("job_id", Job), ("run_id", Run), ("provider_id", null));
        (string, string?)[] of = [("step_id", Step), ("run_id", Run), ("group_id", Group), ("sequence_id", "17")];
        await rows.AddAsync("messages", [("id", Message), ("agent_id", Agent), ("conversation_id", Conversation), .. of]);
        await rows.AddAsync("messages", ("id", OtherMessage), ("agent_id", OtherAgent), ("step_id", null), ("run_id", null), ("conversation_id", null), ("group_id", Group), ("sequence_id", "18"));
        await rows.AddAsync("conversation_messages", ("id", "conv_msg-0a0a0a0a-0000-4000-8000-000000000035"), ("conversation_id", Conversation), ("agent_id", Agent), ("message_id", Message));
        await rows.RunAsync("SELECT setval('message_seq_id', 100)");
        await rows.MultiplyAsync(Message, messages);
        await rows.RunAsync($"UPDATE agents SET message_ids = json_build_array('{Message}', (SELECT max(id) FROM messages WHERE agent_id = '{Agent}')) WHERE id = '{Agent}'");
        await rows.RunAsync($"UPDATE agents SET message_ids = json_build_array('{OtherMessage}') WHERE id = '{OtherAgent}'");
    }

    /// <summary>Every row of a table as one text of all columns, or of some.</summary>
    /// <param name="database">The database.</param>
    /// <param name="table">The table.</param>
    /// <param name="columns">The columns.</param>
    public static Task<IReadOnlyList<string>> ReadAsync(PostgresDatabase database, string table, IEnumerable<string> columns) => database.ListAsync(
        $"SELECT concat_ws(' | ', {string.Join(", ", columns.Select(c => $"'{c}=' || coalesce(\"{c}\"::text, 'null')"))}) FROM \"{table}\" ORDER BY 1");

    /// <summary>The columns of a table; none where the schema has no such table.</summary>
    public static IReadOnlyList<string> Columns(string catalog, string table) =>
        LettaFixtures.Catalog(catalog)["tables"]![table] is { } facts ? [.. facts["columns"]!.AsArray().Select(c => (string)c!["name"]!)] : [];

    private sealed class Rows(JsonObject schema, NpgsqlConnection connection)
    {
        private int _number;

        public async Task AddAsync(string table, params (string Column, string? Value)[] given)
        {
            if (schema["tables"]![table] is not { } facts)
            {
                return;
            }

            var named = given.ToDictionary(g => g.Column, g => g.Value);
            var columns = facts["columns"]!.AsArray().Select(c => (Name: (string)c!["name"]!, Type: (string)c["type"]!)).ToList();
            var values = columns.Select(c => Literal(named.TryGetValue(c.Name, out var value) ? value : Any(table, c.Name, c.Type), c.Type));
            await RunAsync($"INSERT INTO \"{table}\" ({string.Join(", ", columns.Select(c => $"\"{c.Name}\""))}) VALUES ({string.Join(", ", values)})");
        }

        public async Task MultiplyAsync(string message, int count)
        {
            string[] own = ["id", "sequence_id", "content"];
            var others = string.Join(", ", schema["tables"]!["messages"]!["columns"]!.AsArray().Select(c => (string)c!["name"]!).Except(own).Select(c => $"\"{c}\""));
            await RunAsync(
                $"""
                INSERT INTO messages (id, sequence_id, content, {others})
                SELECT 'message-' || gen_random_uuid(), nextval('message_seq_id'), ('[{"{"}"type":  "text", "text": "' || g || '"{"}"}]')::json, {others}
                FROM messages CROSS JOIN generate_series(2, {count}) AS g WHERE id = '{message}'
                """);
        }

        public async Task RunAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }

        private static string Literal(string? value, string type) => value is null ? "NULL" : $"E'{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'::{type}";

        private string? Any(string table, string column, string type)
        {
            var number = ++_number;
            return (column, type) switch
            {
                ("organization_id", _) => Organization,
                ("_created_by_id" or "_last_updated_by_id", _) => User,
                ("is_deleted", _) => "false",
                ("agent_type", _) => "memgpt_v2_agent",
                _ when schema["enums"]![type] is JsonArray values => (string)values[^1]!,
                (_, "boolean") => "true",
                (_, "integer") => $"{2_000_000_000 + number}",
                (_, "bigint") => $"{9_000_000_000_000_000_000 + number}",
                (_, "json") => $$"""{"z": 1.50,  "a":[null , "é\u00e9\\n", {{number}}],"z": -0}""",
                (_, "timestamp with time zone") => "2025-01-02 03:04:05.678901+00",
                (_, "timestamp without time zone") => "2025-01-02 03:04:05.5",
                _ when type.StartsWith("vector(", StringComparison.Ordinal) => Vector(number),
                _ when type.StartsWith("character varying(", StringComparison.Ordinal) => $"s{number}",
                _ => $"{table}.{column} {number}\t'\"\\N\\\n\r\u0001 é 漢 😀 \\.",
            };
        }

        private static string Vector(int seed)
        {
            var random = new Random(seed);
            return "[" + string.Join(',', Enumerable.Range(0, 4096).Select(i => i switch
            {
                0 => "-0",
                1 => "1.1754944E-38",
                2 => "1e-45",
                _ => BitConverter.Int32BitsToSingle((random.Next() & 0x3FFFFFFF) | (random.Next(2) << 31)).ToString("R", CultureInfo.InvariantCulture),
            })) + "]";
        }
    }
}
