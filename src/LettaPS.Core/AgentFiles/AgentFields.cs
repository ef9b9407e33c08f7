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
}
