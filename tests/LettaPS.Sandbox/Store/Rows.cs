using System.Text.Json;
using System.Text.Json.Serialization;

namespace LettaPS.Sandbox.Store;

/// <summary>The columns that nearly every table of Letta has.</summary>
public abstract class Row
{
    /// <summary>Kind and UUID, as <c>agent-4f7085d1-…</c>.</summary>
    public string Id { get; set; } = string.Empty;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public bool IsDeleted { get; set; }

    [JsonPropertyName("_created_by_id")]
    public string? CreatedById { get; set; }

    [JsonPropertyName("_last_updated_by_id")]
    public string? LastUpdatedById { get; set; }

    public string? OrganizationId { get; set; } = SandboxState.OrganizationId;
}

/// <summary>An agent with the rows of its link tables as lists of ids.</summary>
public sealed class AgentRow : Row
{
    public string? Name { get; set; }

    public string? Description { get; set; }

    /// <summary>The messages in context, in order.</summary>
    public List<string> MessageIds { get; set; } = [];

    public string System { get; set; } = string.Empty;

    public string AgentType { get; set; } = "memgpt_v2_agent";

    public JsonElement LlmConfig { get; set; }

    public JsonElement? EmbeddingConfig { get; set; }

    [JsonPropertyName("metadata_")]
    public JsonElement? Metadata { get; set; }

    public JsonElement? ToolRules { get; set; }

    public string? ProjectId { get; set; }

    public string? TemplateId { get; set; }

    public string? BaseTemplateId { get; set; }

    public string? DeploymentId { get; set; }

    public string? EntityId { get; set; }

    public bool MessageBufferAutoclear { get; set; }

    public bool? EnableSleeptime { get; set; }

    public JsonElement? ResponseFormat { get; set; }

    public JsonElement? CompactionSettings { get; set; }

    public DateTimeOffset? LastRunCompletion { get; set; }

    public long? LastRunDurationMs { get; set; }

    public string? LastStopReason { get; set; }

    public string? Timezone { get; set; } = "UTC";

    public int? MaxFilesOpen { get; set; }

    public int? PerFileViewWindowCharLimit { get; set; }

    public bool? Hidden { get; set; }

    public List<string> Tags { get; set; } = [];

    public List<string> ToolIds { get; set; } = [];

    public List<string> BlockIds { get; set; } = [];

    public List<string> SourceIds { get; set; } = [];

    public List<string> IdentityIds { get; set; } = [];

    public List<string> ArchiveIds { get; set; } = [];

    public List<EnvironmentVariableRow> EnvironmentVariables { get; set; } = [];

    /// <summary>Everything the agent ever said or heard, in sequence order.</summary>
    [JsonIgnore]
    public MessageList Messages { get; set; } = new();
}

/// <summary>An environment variable of an agent's tools: what Letta calls a secret from 0.15 on.</summary>
public sealed class EnvironmentVariableRow : Row
{
    public string Key { get; set; } = string.Empty;

    /// <summary>The value in plain text, as releases before 0.16 store it.</summary>
    public string? Value { get; set; }

    /// <summary>The value as 0.16 stores it: encrypted, or in plain text where no encryption key is set.</summary>
    public string? ValueEnc { get; set; }

    public string? Description { get; set; }

    public string? AgentId { get; set; }
}

public sealed class BlockRow : Row
{
    public string Value { get; set; } = string.Empty;

    public int Limit { get; set; } = 20_000;

    public string Label { get; set; } = string.Empty;

    public string? Description { get; set; }

    public string? TemplateName { get; set; }

    public bool IsTemplate { get; set; }

    [JsonPropertyName("metadata_")]
    public JsonElement? Metadata { get; set; }

    public bool ReadOnly { get; set; }

    public bool PreserveOnMigration { get; set; }

    public bool? Hidden { get; set; }

    public string? ProjectId { get; set; }

    public string? TemplateId { get; set; }

    public string? BaseTemplateId { get; set; }

    public string? DeploymentId { get; set; }

    public string? EntityId { get; set; }

    public List<string> Tags { get; set; } = [];
}

public sealed class ToolRow : Row
{
    public string? Name { get; set; }

    public string? Description { get; set; }

    public string? SourceType { get; set; } = "python";

    public string? SourceCode { get; set; }

    public JsonElement? JsonSchema { get; set; }

    public JsonElement? ArgsJsonSchema { get; set; }

    public List<string>? Tags { get; set; } = [];

    public int? ReturnCharLimit { get; set; } = 50_000;

    public string ToolType { get; set; } = "custom";

    [JsonPropertyName("metadata_")]
    public JsonElement? Metadata { get; set; }

    public JsonElement? PipRequirements { get; set; }

    public JsonElement? NpmRequirements { get; set; }

    public bool? DefaultRequiresApproval { get; set; }

    public bool? EnableParallelExecution { get; set; }

    public string? ProjectId { get; set; }
}

/// <summary>A source, which newer clients call a folder.</summary>
public sealed class SourceRow : Row
{
    public string Name { get; set; } = string.Empty;

    public string? Description { get; set; }

    public string? Instructions { get; set; }

    public JsonElement EmbeddingConfig { get; set; }

    [JsonPropertyName("metadata_")]
    public JsonElement? Metadata { get; set; }

    public string VectorDbProvider { get; set; } = "native";
}

/// <summary>A file of a source with its text.</summary>
public sealed class FileRow : Row
{
    public string SourceId { get; set; } = string.Empty;

    public string? FileName { get; set; }

    public string? OriginalFileName { get; set; }

    public string? FilePath { get; set; }

    public string? FileType { get; set; }

    public long? FileSize { get; set; }

    public string? FileCreationDate { get; set; }

    public string? FileLastModifiedDate { get; set; }

    public string ProcessingStatus { get; set; } = "completed";

    public string? ErrorMessage { get; set; }

    public int? TotalChunks { get; set; }

    public int? ChunksEmbedded { get; set; }

    /// <summary>The text, which Letta keeps in a table of its own.</summary>
    public string? Content { get; set; }
}

/// <summary>A file as one agent sees it.</summary>
public sealed class FileAgentRow : Row
{
    public string AgentId { get; set; } = string.Empty;

    public string FileId { get; set; } = string.Empty;

    public string SourceId { get; set; } = string.Empty;

    public string FileName { get; set; } = string.Empty;

    public bool IsOpen { get; set; } = true;

    public string? VisibleContent { get; set; }

    public DateTimeOffset? LastAccessedAt { get; set; }

    public int? StartLine { get; set; }

    public int? EndLine { get; set; }
}

public sealed class ArchiveRow : Row
{
    public string Name { get; set; } = string.Empty;

    public string? Description { get; set; }

    public JsonElement? EmbeddingConfig { get; set; }

    public string VectorDbProvider { get; set; } = "native";

    [JsonPropertyName("metadata_")]
    public JsonElement? Metadata { get; set; }
}

/// <summary>A piece of text with its vector: of an archive, or of a source's file.</summary>
public sealed class PassageRow : Row
{
    public string Text { get; set; } = string.Empty;

    [JsonConverter(typeof(VectorConverter))]
    public float[]? Embedding { get; set; }

    public JsonElement? EmbeddingConfig { get; set; }

    [JsonPropertyName("metadata_")]
    public JsonElement? Metadata { get; set; }

    public List<string>? Tags { get; set; }

    public string? ArchiveId { get; set; }

    public string? SourceId { get; set; }

    public string? FileId { get; set; }

    public string? FileName { get; set; }
}

public sealed class IdentityRow : Row
{
    public string IdentifierKey { get; set; } = string.Empty;

    public string Name { get; set; } = string.Empty;

    public string IdentityType { get; set; } = "user";

    public string? ProjectId { get; set; }

    public JsonElement? Properties { get; set; }

    public List<string> BlockIds { get; set; } = [];
}

public sealed class GroupRow : Row
{
    public string Description { get; set; } = string.Empty;

    public string ManagerType { get; set; } = "round_robin";

    public string? ManagerAgentId { get; set; }

    public string? TerminationToken { get; set; }

    public int? MaxTurns { get; set; }

    public int? SleeptimeAgentFrequency { get; set; }

    public int? MinMessageBufferLength { get; set; }

    public int? MaxMessageBufferLength { get; set; }

    public int? TurnsCounter { get; set; }

    public string? LastProcessedMessageId { get; set; }

    public string? ProjectId { get; set; }

    public string? TemplateId { get; set; }

    public string? BaseTemplateId { get; set; }

    public string? DeploymentId { get; set; }

    public bool? Hidden { get; set; }

    public List<string> AgentIds { get; set; } = [];

    public List<string> SharedBlockIds { get; set; } = [];
}

public sealed class ConversationRow : Row
{
    public string AgentId { get; set; } = string.Empty;

    public string? Summary { get; set; }

    public string? Model { get; set; }

    public JsonElement? ModelSettings { get; set; }

    public DateTimeOffset? LastMessageAt { get; set; }

    public List<string> IsolatedBlockIds { get; set; } = [];

    /// <summary>The conversation's messages by position; those in context are <see cref="InContextMessageIds"/>.</summary>
    public List<string> MessageIds { get; set; } = [];

    public List<string> InContextMessageIds { get; set; } = [];
}

/// <summary>A run, which 0.11 keeps among the jobs.</summary>
public sealed class RunRow : Row
{
    public string? AgentId { get; set; }

    public string? ConversationId { get; set; }

    public string Status { get; set; } = "completed";

    public string? StopReason { get; set; }

    public bool? Background { get; set; }

    public DateTime? CompletedAt { get; set; }

    [JsonPropertyName("metadata_")]
    public JsonElement? Metadata { get; set; }

    public string? UserId { get; set; }

    public string JobType { get; set; } = "run";

    public JsonElement? RequestConfig { get; set; }

    public string? CallbackUrl { get; set; }

    public DateTime? CallbackSentAt { get; set; }

    public int? CallbackStatusCode { get; set; }

    public string? CallbackError { get; set; }

    public long? TtftNs { get; set; }

    public long? TotalDurationNs { get; set; }
}

/// <summary>A way to run tools, which every server has one of.</summary>
public sealed class SandboxConfigRow : Row
{
    public string Type { get; set; } = "LOCAL";

    public JsonElement Config { get; set; }
}

public sealed class ProviderRow : Row
{
    public string Name { get; set; } = string.Empty;

    public string ProviderType { get; set; } = "openai";

    public string ProviderCategory { get; set; } = "byok";

    public string? ApiKey { get; set; }

    public string? BaseUrl { get; set; }

    public DateTimeOffset? LastSynced { get; set; }
}

public sealed class McpServerRow : Row
{
    public string ServerName { get; set; } = string.Empty;

    public string ServerType { get; set; } = "streamable_http";

    public string? ServerUrl { get; set; }

    public string? Token { get; set; }

    public JsonElement? CustomHeaders { get; set; }

    public JsonElement? StdioConfig { get; set; }

    [JsonPropertyName("metadata_")]
    public JsonElement? Metadata { get; set; }
}
