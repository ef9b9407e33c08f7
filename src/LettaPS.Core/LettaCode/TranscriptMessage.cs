using System.Text.Json;

namespace LettaPS.Core.LettaCode;

/// <summary>A message of the local backend before it is written: one row of a transcript.</summary>
internal sealed class TranscriptMessage
{
    /// <summary>Its identifier; of the first row of a V1 message it is that of the message.</summary>
    public required string Id { get; init; }

    /// <summary>What is in it.</summary>
    public required TranscriptRole Role { get; init; }

    /// <summary>Its time.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Its parts.</summary>
    public List<TranscriptPart> Parts { get; } = [];

    /// <summary>The place of the V1 message among the agent's; -1 where the row stands for none.</summary>
    public int Source { get; init; } = -1;

    /// <summary>Whether the model sees it.</summary>
    public bool IsInContext { get; set; }

    /// <summary>The text of a summary; <see langword="null"/> for any other row.</summary>
    public string? Summary { get; init; }

    /// <summary>The model that wrote it.</summary>
    public string? Model { get; init; }

    /// <summary>The call that a result answers.</summary>
    public string? CallId { get; init; }

    /// <summary>The tool of a result.</summary>
    public string? ToolName { get; init; }

    /// <summary>Whether a result tells of a failure.</summary>
    public bool IsError { get; init; }

    /// <summary>The name that a user's message has; <see langword="null"/> where it has none.</summary>
    public string? Name { get; init; }

    /// <summary>The sender that a user's message has; <see langword="null"/> where it has none.</summary>
    public string? SenderId { get; init; }

    /// <summary>Adds a text.</summary>
    public void AddText(string text) => Parts.Add(new(TranscriptPartKind.Text, text));
}

/// <summary>Who speaks in a row.</summary>
internal enum TranscriptRole
{
    User,
    Assistant,
    ToolResult,
}

/// <summary>What a part is.</summary>
internal enum TranscriptPartKind
{
    Text,
    Thinking,
    Image,
    ToolCall,
}

/// <summary>A part of a row.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text; of an image the base64, of a call its identifier.</param>
/// <param name="Name">Media type of an image, name of a tool.</param>
/// <param name="Arguments">What a tool is called with.</param>
internal sealed record TranscriptPart(TranscriptPartKind Kind, string Text, string? Name = null, JsonElement Arguments = default);
