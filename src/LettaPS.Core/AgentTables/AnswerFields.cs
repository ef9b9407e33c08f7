namespace LettaPS.Core.AgentTables;

/// <summary>
/// What answers of the API show of the tables, in the names of 0.16.8, which has all that any release before it had. What servers compute from it
/// (defaults of configurations, the model's settings, file blocks) is not there.
/// </summary>
internal static class AnswerFields
{
    private const string EmptyObject = "{}";
    private const string EmptyList = "[]";

    private static readonly RowField[] s_stamps = [new("created_by_id", "_created_by_id"), new("last_updated_by_id", "_last_updated_by_id"), "created_at", "updated_at"];

    public static RowField[] Agent { get; } =
    [
        .. s_stamps, "id", "name", "tool_rules", new("message_ids", WhenNull: EmptyList), "system", "agent_type", "llm_config", "embedding_config", "compaction_settings",
        "response_format", "description", new("metadata", "metadata_"), "project_id", "template_id", "base_template_id", "deployment_id", "entity_id",
        "message_buffer_autoclear", "enable_sleeptime", "last_run_completion", "last_run_duration_ms", "last_stop_reason", "timezone", "max_files_open",
        "per_file_view_window_char_limit", "hidden",
    ];

    public static RowField[] Block { get; } =
    [
        "value", "limit", "project_id", "template_name", "is_template", "template_id", "base_template_id", "deployment_id", "entity_id", "preserve_on_migration",
        "label", "read_only", "description", new("metadata", "metadata_", EmptyObject), "hidden", "id", new("created_by_id", "_created_by_id"),
        new("last_updated_by_id", "_last_updated_by_id"),
    ];

    public static RowField[] Tool { get; } =
    [
        "id", "tool_type", "description", "source_type", "name", new("tags", WhenNull: EmptyList), "source_code", "json_schema", "args_json_schema", "return_char_limit",
        "pip_requirements", "npm_requirements", "default_requires_approval", "enable_parallel_execution", new("created_by_id", "_created_by_id"),
        new("last_updated_by_id", "_last_updated_by_id"), new("metadata_", WhenNull: EmptyObject), "project_id",
    ];

    public static RowField[] Source { get; } =
    [
        "name", "description", "instructions", new("metadata", "metadata_"), "id", "embedding_config", "organization_id", "vector_db_provider", .. s_stamps,
    ];

    public static RowField[] File { get; } =
    [
        "source_id", "file_name", "original_file_name", "file_path", "file_type", "file_size", "file_creation_date", "file_last_modified_date", "processing_status",
        "error_message", "total_chunks", "chunks_embedded", "id", "organization_id", "created_at", "updated_at",
    ];

    public static RowField[] FileView { get; } =
    [
        "id", "agent_id", "file_id", "source_id", "file_name", "is_open", "visible_content", "last_accessed_at", "start_line", "end_line",
    ];

    public static RowField[] Passage { get; } =
    [
        .. s_stamps, "is_deleted", "organization_id", "archive_id", new("metadata", "metadata_", EmptyObject), "tags", "id", "text", "embedding_config",
    ];

    public static RowField[] Archive { get; } =
    [
        .. s_stamps, "name", "description", "organization_id", "vector_db_provider", "embedding_config", new("metadata", "metadata_"), "id",
    ];

    public static RowField[] Identity { get; } =
    [
        "id", "identifier_key", "name", "identity_type", "project_id", "organization_id", new("properties", WhenNull: EmptyList),
    ];

    public static RowField[] Group { get; } =
    [
        "id", "manager_type", "agent_ids", "description", "project_id", "template_id", "base_template_id", "deployment_id", "manager_agent_id", "termination_token",
        "max_turns", "sleeptime_agent_frequency", "turns_counter", "last_processed_message_id", "max_message_buffer_length", "min_message_buffer_length", "hidden",
    ];

    public static RowField[] Conversation { get; } = [.. s_stamps, "id", "agent_id", "summary", "model", "model_settings", "last_message_at"];

    public static RowField[] Variable { get; } = [.. s_stamps, "id", "key", "description", "organization_id", "agent_id"];

    public static RowField[] McpServer { get; } = ["id", "server_type", "server_name", "server_url", "metadata_"];
}
