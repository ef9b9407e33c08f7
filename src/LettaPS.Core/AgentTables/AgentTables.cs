using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.AgentTables;

/// <summary>
/// The tables that an agent's rows are in, in an order in which they can be inserted: what is referred to comes first, but for
/// <c>block.current_history_entry_id</c>, which refers to <c>block_history</c> and back. docs/database-source.md says why the other tables are not here.
/// </summary>
internal static class AgentTables
{
    /// <summary>The rows of these two are found by what the other rows refer to.</summary>
    public const string Organizations = "organizations", Users = "users";

    public const string Agents = "agents", Messages = "messages", Passages = "archival_passages";

    /// <summary>What of the archive is left out on request.</summary>
    public static IReadOnlySet<string> OfArchive { get; } = new HashSet<string> { "archives", "archives_agents", Passages, "passage_tags" };

    /// <summary>How secret a column is.</summary>
    public static ColumnSensitivity SecrecyOf(string table, string column) =>
        column.EndsWith("_enc", StringComparison.Ordinal) ? ColumnSensitivity.Encrypted
        : (table, column) == ("mcp_server", "stdio_config") ? ColumnSensitivity.Environment
        : (table, column) == ("agent_environment_variables", "value") || RowAnswers.Secrets.Any(s => (s.Table, s.Plain) == (table, column)) ? ColumnSensitivity.Plain
        : ColumnSensitivity.None;

    /// <summary>The tables.</summary>
    public static IReadOnlyList<AgentTable> All { get; } =
    [
        new(Organizations, ["id"]),
        new(Users, ["id"]),
        new("providers", ["id"], new RowPath("id", "steps", "provider_id"), new RowPath("id", "step_metrics", "provider_id")),
        new("sources", ["id"], new RowPath("id", "sources_agents", "source_id"), new RowPath("id", "files_agents", "source_id")),
        new("files", ["source_id", "created_at", "id"], new RowPath("source_id", "sources")),
        new("file_contents", ["file_id"], new RowPath("file_id", "files")),
        new("archives", ["id"], new RowPath("id", "archives_agents", "archive_id")),
        new("identities", ["id"], new RowPath("id", "identities_agents", "identity_id"), new RowPath("id", "identities_blocks", "identity_id")),
        new("mcp_server", ["id"], new RowPath("id", "tools", "metadata_", "-> 'mcp' ->> 'server_id'"), new RowPath("id", "mcp_tools", "mcp_server_id")),
        new("mcp_oauth", ["id"], new RowPath("server_id", "mcp_server")),
        new("tools", ["id"], new RowPath("id", "tools_agents", "tool_id")),
        new("mcp_tools", ["id"], new RowPath("tool_id", "tools_agents", "tool_id")),
        new("block", ["id"], new RowPath("id", "blocks_agents", "block_id"), new RowPath("id", "groups_blocks", "block_id"), new RowPath("id", "blocks_conversations", "block_id")),
        new("block_history", ["block_id", "sequence_number"], new RowPath("block_id", "block")),
        new("blocks_tags", ["block_id", "tag"], new RowPath("block_id", "block")),
        new(Agents, ["id"], new RowPath("id")),
        new("agent_environment_variables", ["id"], new RowPath("agent_id")),
        new("agents_tags", ["tag"], new RowPath("agent_id")),
        new("blocks_agents", ["block_id", "block_label"], new RowPath("agent_id")),
        new("tools_agents", ["tool_id"], new RowPath("agent_id")),
        new("sources_agents", ["source_id"], new RowPath("agent_id")),
        new("identities_agents", ["identity_id"], new RowPath("agent_id")),
        new("identities_blocks", ["identity_id", "block_id"], new RowPath("block_id", "block")),
        new("archives_agents", ["archive_id"], new RowPath("agent_id")),
        new(Passages, ["created_at", "id"], new RowPath("archive_id", "archives_agents", "archive_id")),
        new("passage_tags", ["passage_id", "tag"], new RowPath("archive_id", "archives_agents", "archive_id")),
        new("source_passages", ["source_id", "created_at", "id"], new RowPath("source_id", "sources")),
        new("files_agents", ["id"], new RowPath("agent_id")),
        new("groups", ["id"], new RowPath("manager_agent_id"), new RowPath("id", "groups_agents", "group_id")),
        new("groups_agents", ["group_id"], new RowPath("agent_id")),
        new("groups_blocks", ["group_id", "block_id"], new RowPath("group_id", "groups")),
        new("conversations", ["created_at", "id"], new RowPath("agent_id")),
        new("blocks_conversations", ["conversation_id", "block_id"], new RowPath("conversation_id", "conversations")),
        new("jobs", ["id"], new RowPath("id", "steps", "job_id"), new RowPath("id", "job_messages", "job_id")),
        new("runs", ["id"], new RowPath("agent_id"), new RowPath("id", Messages, "run_id"), new RowPath("id", "steps", "run_id")),
        new("run_metrics", ["id"], new RowPath("id", "runs")),
        new("steps", ["id"], new RowPath("id", Messages, "step_id")),
        new("step_metrics", ["id"], new RowPath("id", "steps")),
        new(Messages, ["sequence_id", "created_at", "id"], new RowPath("agent_id")),
        new("conversation_messages", ["conversation_id", "position"], new RowPath("agent_id")),
        new("job_messages", ["id"], new RowPath("message_id", Messages)),
    ];

    /// <summary>The tables in the order in which they are read: agents before their messages, files before their contents; users and organizations are read at the end.</summary>
    public static IEnumerable<AgentTable> ReadingOrder => All.Where(t => t.Paths.Count > 0);
}
