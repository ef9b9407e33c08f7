using System.Text.Json;
using System.Text.Json.Serialization;

namespace LettaPS.Sandbox.Store;

/// <summary>A row of Letta's <c>messages</c> table.</summary>
public sealed class MessageRow : Row
{
    public string? AgentId { get; set; }

    /// <summary>system, user, assistant, tool; approval from 0.11.7, summary from 0.16.5 on.</summary>
    public string Role { get; set; } = "user";

    /// <summary>Where very old rows keep their text.</summary>
    public string? Text { get; set; }

    public List<ContentPart>? Content { get; set; }

    public string? Model { get; set; }

    public string? Name { get; set; }

    public List<ToolCall>? ToolCalls { get; set; } = [];

    public string? ToolCallId { get; set; }

    public List<ToolReturn>? ToolReturns { get; set; } = [];

    public string? StepId { get; set; }

    public string? RunId { get; set; }

    public string? Otid { get; set; }

    public string? GroupId { get; set; }

    public string? SenderId { get; set; }

    public string? BatchItemId { get; set; }

    public string? ConversationId { get; set; }

    public bool? IsErr { get; set; }

    public string? ApprovalRequestId { get; set; }

    public bool? Approve { get; set; }

    public string? DenialReason { get; set; }

    /// <summary>Approvals and tool returns that a client sent back, as Letta stores them.</summary>
    public JsonElement? Approvals { get; set; }

    /// <summary>The place in the history: unique over all agents, rising.</summary>
    public long SequenceId { get; set; }

    /// <summary>The only text part, which several conversions ask for.</summary>
    [JsonIgnore]
    public string? SingleText => Content is [{ Type: "text" } part] ? part.Text : null;

    /// <summary>
    /// Whether reading this row on 0.13 to 0.16.8 sets its <c>tool_call_id</c> to what the tool return inside names, which for rows
    /// that 0.11 wrote is nothing.
    /// </summary>
    [JsonIgnore]
    public bool IsOverwrittenOnRead => Role == "tool" && ToolReturns is [_] && SingleText is not null;
}

/// <summary>A piece of a message's content; which properties are used depends on the type.</summary>
public sealed class ContentPart
{
    /// <summary>text, image, tool_call, tool_return, reasoning, redacted_reasoning, omitted_reasoning or summarized_reasoning.</summary>
    public string Type { get; set; } = "text";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Text { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reasoning { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? IsNative { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Signature { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Data { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? State { get; set; }

    /// <summary>Where an image is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Source { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Id { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Input { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Summary { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? EncryptedContent { get; set; }

    public static ContentPart OfText(string text) => new() { Text = text };
}

/// <summary>A call that the model asked for.</summary>
public sealed class ToolCall
{
    public string Id { get; set; } = string.Empty;

    public string Type { get; set; } = "function";

    public ToolCallFunction Function { get; set; } = new();
}

public sealed class ToolCallFunction
{
    public string Name { get; set; } = string.Empty;

    /// <summary>The arguments as the model wrote them: JSON in a string.</summary>
    public string Arguments { get; set; } = "{}";
}

/// <summary>What a tool gave back. Rows that 0.11 wrote have neither <see cref="ToolCallId"/> nor <see cref="FuncResponse"/>.</summary>
public sealed class ToolReturn
{
    public string Status { get; set; } = "success";

    public List<string>? Stdout { get; set; }

    public List<string>? Stderr { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ToolCallId { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FuncResponse { get; set; }
}
