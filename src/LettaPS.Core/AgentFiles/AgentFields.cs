using System.Text.Json;

namespace LettaPS.Core.AgentFiles;

/// <summary>Which properties of an agent go where.</summary>
internal static class AgentFields
{
    /// <summary>What the import of AgentFile v2 takes, beside what it refers to.</summary>
    public static readonly string[] Imported =
    [
        "tool_rules", "system", "agent_type", "llm_config", "embedding_config", "description", "response_format", "message_buffer_autoclear",
        "max_files_open", "per_file_view_window_char_limit", "timezone", "hidden", "tags", "tool_exec_environment_variables",
    ];

    /// <summary>What no file of Letta's own carries.</summary>
    public static readonly string[] Patched =
    [
        "model_settings", "compaction_settings", "hidden", "project_id", "template_id", "base_template_id", "deployment_id", "entity_id", "enable_sleeptime",
    ];

    /// <summary>Top-level parts of AgentFile v2 that the reader knows.</summary>
    public static readonly string[] Root = ["agents", "groups", "blocks", "files", "sources", "tools", "mcp_servers", "skills", "metadata", "created_at"];

    /// <summary>
    /// Properties of agents of every format that are read in another way, or say nothing that could be restored: the server sets them itself, or they repeat what
    /// another property says.
    /// </summary>
    private static readonly string[] s_handled =
    [
        "id", "model", "embedding", "secrets", "group_ids", "identity_ids", "identities", "memory", "blocks", "tools", "sources", "message_ids", "managed_group", "multi_agent_group",
        "created_at", "updated_at", "created_by_id", "last_updated_by_id", "last_run_completion", "last_run_duration_ms", "last_stop_reason", "pending_approval", "organization_id",
    ];

    private static readonly HashSet<string> s_known = [.. Imported, .. Patched, .. s_handled, "name", "metadata"];

    /// <summary>Properties of an agent in AgentFile v2 that lead to other parts of the file.</summary>
    private static readonly string[] s_structure = ["messages", "in_context_message_ids", "tool_ids", "block_ids", "source_ids", "files_agents"];

    /// <summary>Whether LettaPS knows a property of an agent in AgentFile v2.</summary>
    /// <param name="name">The property.</param>
    public static bool IsKnown(string name) => s_known.Contains(name) || s_structure.Contains(name);

    /// <summary>Whether the document has a property of an agent state in another place, or does not need it.</summary>
    /// <param name="name">The property.</param>
    public static bool IsElsewhere(string name) => s_handled.Contains(name);

    /// <summary>Properties of an agent that LettaPS does not know and that say something. They are never dropped in silence.</summary>
    public static IEnumerable<KeyValuePair<string, JsonElement>> Unknown(AgentRecord agent) =>
        agent.Fields.Where(f => !s_known.Contains(f.Key) && !IsEmpty(f.Value)).OrderBy(f => f.Key, StringComparer.Ordinal);

    /// <summary>Whether a value says nothing: null, false, zero, an empty text, list or object, which is what exports write for what an agent does not have.</summary>
    public static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined or JsonValueKind.False => true,
        JsonValueKind.String => value.GetString()!.Length == 0,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };
}
