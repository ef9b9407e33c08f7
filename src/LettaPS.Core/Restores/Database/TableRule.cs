namespace LettaPS.Core.Restores.Database;

/// <summary>What a table of Letta's holds as seen from one agent.</summary>
internal enum TableRole
{
    /// <summary>Organizations, users and providers: those of the target are taken where it has them.</summary>
    Tenant,

    /// <summary>What several agents may have together.</summary>
    Shared,

    /// <summary>Parts of something shared: they come and go with it.</summary>
    Part,

    /// <summary>The agent itself.</summary>
    Agent,

    /// <summary>What is the agent's alone.</summary>
    Own,

    /// <summary>Groups and what belongs to them: written when all agents of the group are there.</summary>
    Group,
}

/// <summary>How identifiers are held that no foreign key of the database tells of.</summary>
internal enum ReferenceForm
{
    /// <summary>One identifier.</summary>
    Id,

    /// <summary>A JSON list of identifiers.</summary>
    List,

    /// <summary>A member <c>mcp.server_id</c> within JSON, as tools of MCP servers have it.</summary>
    McpServer,
}

/// <summary>A column with identifiers that no foreign key of the database tells of.</summary>
/// <param name="Form">How it holds them.</param>
internal sealed record TableReference(string Column, ReferenceForm Form = ReferenceForm.Id);

/// <summary>A table that a restore writes (ORM classes of Letta 0.11.3 to 0.16.8, letta/orm).</summary>
internal sealed record TableRule(string Table, TableRole Role)
{
    /// <summary>The columns that make two rows the same thing in any database, by a unique constraint.</summary>
    public IReadOnlyList<string> Key { get; init; } = [];

    /// <summary>The column that names the thing that a row is part of, and its table.</summary>
    public (string Column, string Table)? Parent { get; init; }

    /// <summary>Identifiers beside those of foreign keys.</summary>
    public IReadOnlyList<TableReference> References { get; init; } = [];

    /// <summary>From where an agent comes to it: table and column.</summary>
    public IReadOnlyList<(string Table, string Column)> ReachedBy { get; init; } = [];

    /// <summary>What makes a difference if it is there already.</summary>
    public IReadOnlyList<string> Content { get; init; } = [];

    /// <summary>A column that is filled in when the table that it refers to has been written.</summary>
    public string? Late { get; init; }

    /// <summary>Whether what of it cannot be kept is no loss to the agent: a record of work done.</summary>
    public bool IsRecord { get; init; }

    /// <summary>Whether rows may be there still though their agent was deleted.</summary>
    public bool Outlives { get; init; }

    /// <summary>The rules, in the order in which rows can be inserted.</summary>
    public static IReadOnlyList<TableRule> All { get; } =
    [
        new("organizations", TableRole.Tenant),
        new("users", TableRole.Tenant),
        new("providers", TableRole.Tenant) { Key = ["name", "organization_id"] },
        new("mcp_server", TableRole.Shared) { Key = ["server_name", "organization_id"], Content = ["server_type", "server_url", "stdio_config"] },
        new("mcp_oauth", TableRole.Part) { Parent = ("server_id", "mcp_server") },
        new("tools", TableRole.Shared)
        {
            Key = ["name", "organization_id"],
            References = [new("metadata_", ReferenceForm.McpServer)],
            ReachedBy = [("tools_agents", "tool_id")],
            Content = ["source_code", "json_schema"],
        },
        new("mcp_tools", TableRole.Part) { Parent = ("tool_id", "tools"), References = [new("tool_id"), new("mcp_server_id")] },
        new("identities", TableRole.Shared)
        {
            Key = ["identifier_key", "project_id", "organization_id"],
            ReachedBy = [("identities_agents", "identity_id"), ("identities_blocks", "identity_id")],
            Content = ["name", "identity_type", "properties"],
        },
        new("sources", TableRole.Shared) { ReachedBy = [("sources_agents", "source_id"), ("files_agents", "source_id")], Content = ["name", "description", "instructions"] },
        new("files", TableRole.Part) { Parent = ("source_id", "sources") },
        new("file_contents", TableRole.Part) { Parent = ("file_id", "files") },
        new("source_passages", TableRole.Part) { Parent = ("source_id", "sources") },
        new("archives", TableRole.Shared) { ReachedBy = [("archives_agents", "archive_id")], Content = ["name", "description"] },
        new("archival_passages", TableRole.Part) { Parent = ("archive_id", "archives") },
        new("passage_tags", TableRole.Part) { Parent = ("passage_id", "archival_passages") },
        new("block", TableRole.Shared)
        {
            ReachedBy = [("blocks_agents", "block_id"), ("identities_blocks", "block_id"), ("groups_blocks", "block_id"), ("blocks_conversations", "block_id")],
            Content = ["label", "value", "limit", "description", "read_only"],
            Late = "current_history_entry_id",
        },
        new("block_history", TableRole.Part) { Parent = ("block_id", "block"), References = [new("actor_id")] },
        new("blocks_tags", TableRole.Part) { Parent = ("block_id", "block") },
        new("identities_blocks", TableRole.Part) { Parent = ("block_id", "block") },
        new("agents", TableRole.Agent) { References = [new("message_ids", ReferenceForm.List)] },
        new("agents_tags", TableRole.Own),
        new("agent_environment_variables", TableRole.Own),
        new("blocks_agents", TableRole.Own),
        new("tools_agents", TableRole.Own),
        new("sources_agents", TableRole.Own),
        new("identities_agents", TableRole.Own),
        new("archives_agents", TableRole.Own),
        new("files_agents", TableRole.Own),
        new("conversations", TableRole.Own),
        new("blocks_conversations", TableRole.Part) { Parent = ("conversation_id", "conversations") },
        new("jobs", TableRole.Own) { IsRecord = true, Outlives = true },
        new("runs", TableRole.Own) { IsRecord = true },
        new("run_metrics", TableRole.Own) { IsRecord = true },
        new("steps", TableRole.Own) { IsRecord = true, Outlives = true },
        new("step_metrics", TableRole.Own) { IsRecord = true },
        new("messages", TableRole.Own) { References = [new("group_id"), new("sender_id"), new("approval_request_id")] },
        new("conversation_messages", TableRole.Own),
        new("groups", TableRole.Group) { References = [new("agent_ids", ReferenceForm.List), new("last_processed_message_id")] },
        new("groups_agents", TableRole.Group) { Parent = ("group_id", "groups") },
        new("groups_blocks", TableRole.Group) { Parent = ("group_id", "groups") },
    ];

    /// <summary>The rule of a table, or <see langword="null"/>.</summary>
    /// <param name="table">Its name.</param>
    public static TableRule? Of(string table) => All.FirstOrDefault(r => r.Table == table);
}
