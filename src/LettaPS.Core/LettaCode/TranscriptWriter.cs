using System.Globalization;
using System.Text.Json;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.IO;

namespace LettaPS.Core.LettaCode;

/// <summary>Writes the folder of a conversation: its record, its manifest and its transcript, row by row.</summary>
/// <param name="folder">The folder, which is created.</param>
/// <param name="agentId">The agent.</param>
/// <param name="conversationId">The conversation.</param>
internal sealed class TranscriptWriter(string folder, string agentId, string conversationId)
{
    private const string Beginning = "This conversation comes from a Letta V1 server. It began with a message of the assistant.";

    private readonly List<string> _inContext = [];
    private string? _lastUser;
    private string? _parent;
    private DateTimeOffset? _first;
    private DateTimeOffset _last;
    private bool _empty = true;

    /// <summary>How many rows were written.</summary>
    public int Rows { get; private set; }

    /// <summary>Writes the folder.</summary>
    /// <param name="messages">The rows, oldest first.</param>
    /// <param name="workingDirectory">What the transcript names as the folder in which the client was started.</param>
    /// <param name="fallback">The time of a conversation without messages.</param>
    /// <param name="record">What is known of the conversation.</param>
    public void Write(IEnumerable<TranscriptMessage> messages, string workingDirectory, DateTimeOffset fallback, ConversationRecord record, CancellationToken cancellationToken)
    {
        PrivateFile.CreateFolder(folder);
        using (var stream = Create("messages.jsonl"))
        {
            using var json = new Utf8JsonWriter(stream, SnapshotFileWriter.WriterOptions);
            WriteHeader(json, record.CreatedAt ?? fallback, workingDirectory);
            EndLine(json, stream);
            foreach (var message in messages)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_empty && message.Role != TranscriptRole.User)
                {
                    // Models want the user to speak first, and what the client sends must begin somewhere.
                    var beginning = new TranscriptMessage { Id = $"message-{LettaCodeFormat.Derive($"{agentId}/{conversationId}")}", Role = TranscriptRole.User, Time = message.Time };
                    beginning.AddText($"<system-reminder>\n{Beginning}\n</system-reminder>");
                    Add(json, stream, beginning);
                }

                Add(json, stream, message);
            }

            stream.Flush(flushToDisk: true);
        }

        if (_inContext.Count == 0 && _lastUser is not null)
        {
            // None would mean all of them.
            _inContext.Add(_lastUser);
        }

        using (var manifest = Create("manifest.json"))
        {
            LettaCodeFormat.WriteManifest(manifest, _first ?? fallback);
        }

        using var conversation = Create("conversation.json");
        LettaCodeFormat.WriteFile(conversation, json => WriteRecord(json, fallback, record));
        conversation.Flush(flushToDisk: true);
    }

    private FileStream Create(string name) => new(Path.Combine(folder, name), PrivateFile.Options(FileMode.CreateNew, FileAccess.Write));

    private void WriteHeader(Utf8JsonWriter json, DateTimeOffset time, string workingDirectory)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "session"u8);
        json.WriteNumber("version"u8, 3);
        json.WriteString("id"u8, conversationId);
        json.WriteString("timestamp"u8, LettaCodeFormat.Iso(time));
        json.WriteString("cwd"u8, workingDirectory);
        json.WriteEndObject();
    }

    private static void EndLine(Utf8JsonWriter json, FileStream stream)
    {
        json.Flush();
        json.Reset();
        stream.WriteByte((byte)'\n');
    }

    private void Add(Utf8JsonWriter json, FileStream stream, TranscriptMessage message)
    {
        _empty = false;
        _first ??= message.Time;
        _last = message.Time;
        if (message.IsInContext)
        {
            if (_inContext.Count == 0 && message.Role != TranscriptRole.User)
            {
                _inContext.Add(_lastUser!);
            }

            _inContext.Add(message.Id);
        }

        _lastUser = message.Role == TranscriptRole.User ? message.Id : _lastUser;
        WriteRow(json, message);
        EndLine(json, stream);
    }

    private void WriteRow(Utf8JsonWriter json, TranscriptMessage message)
    {
        // Numbers instead of chance: of 50,000 identifiers of eight digits by chance, two are likely to be the same.
        var id = (++Rows).ToString("x8", CultureInfo.InvariantCulture);
        json.WriteStartObject();
        json.WriteString("type"u8, message.Summary is null ? "message"u8 : "compaction"u8);
        json.WriteString("id"u8, id);
        json.WriteString("parentId"u8, _parent);
        json.WriteString("timestamp"u8, LettaCodeFormat.Iso(message.Time));
        if (message.Summary is { } summary)
        {
            json.WriteString("summary"u8, summary);
            json.WriteNull("firstKeptEntryId"u8);
            json.WriteNumber("tokensBefore"u8, 0);
        }

        json.WriteStartObject("message"u8);
        WriteMessage(json, message);
        json.WriteEndObject();
        json.WriteEndObject();
        _parent = id;
    }

    private void WriteMessage(Utf8JsonWriter json, TranscriptMessage message)
    {
        json.WriteString("id"u8, message.Id);
        json.WriteString("role"u8, message.Role switch { TranscriptRole.User => "user", TranscriptRole.Assistant => "assistant", _ => "toolResult" });
        if (message.Role == TranscriptRole.ToolResult)
        {
            json.WriteString("toolCallId"u8, message.CallId);
            json.WriteString("toolName"u8, message.ToolName);
        }

        json.WriteStartArray("content"u8);
        foreach (var part in message.Parts)
        {
            WritePart(json, part);
        }

        json.WriteEndArray();
        if (message.Role == TranscriptRole.ToolResult)
        {
            json.WriteBoolean("isError"u8, message.IsError);
        }

        if (message.Role == TranscriptRole.Assistant)
        {
            json.WriteString("api"u8, LettaCodeFormat.Provider);
            json.WriteString("provider"u8, LettaCodeFormat.Provider);
            json.WriteString("model"u8, message.Model ?? "unknown");
            WriteUsage(json);
            json.WriteString("stopReason"u8, message.Parts.Exists(p => p.Kind == TranscriptPartKind.ToolCall) ? "toolUse"u8 : "stop"u8);
        }

        json.WriteNumber("timestamp"u8, message.Time.ToUnixTimeMilliseconds());
        json.WriteStartObject("metadata"u8);
        json.WriteString("created_at"u8, LettaCodeFormat.Iso(message.Time));
        json.WriteString("updated_at"u8, LettaCodeFormat.Iso(message.Time));
        json.WriteString("agent_id"u8, agentId);
        json.WriteString("conversation_id"u8, conversationId);
        if (message.Summary is { } summary)
        {
            json.WriteStartObject("compaction"u8);
            json.WriteString("summary"u8, summary);
            json.WriteEndObject();
        }

        if (message.Name is not null || message.SenderId is not null)
        {
            json.WriteStartObject("letta_v1"u8);
            json.WriteString("name"u8, message.Name);
            json.WriteString("sender_id"u8, message.SenderId);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WritePart(Utf8JsonWriter json, TranscriptPart part)
    {
        json.WriteStartObject();
        switch (part.Kind)
        {
            case TranscriptPartKind.Text:
                json.WriteString("type"u8, "text"u8);
                json.WriteString("text"u8, part.Text);
                break;
            case TranscriptPartKind.Thinking:
                json.WriteString("type"u8, "thinking"u8);
                json.WriteString("thinking"u8, part.Text);
                break;
            case TranscriptPartKind.Image:
                json.WriteString("type"u8, "image"u8);
                json.WriteString("mimeType"u8, part.Name);
                json.WriteString("data"u8, part.Text);
                break;
            default:
                json.WriteString("type"u8, "toolCall"u8);
                json.WriteString("id"u8, part.Text);
                json.WriteString("name"u8, part.Name);
                json.WritePropertyName("arguments"u8);
                part.Arguments.WriteTo(json);
                break;
        }

        json.WriteEndObject();
    }

    /// <summary>Nothing is known of what the messages cost.</summary>
    private static void WriteUsage(Utf8JsonWriter json)
    {
        json.WriteStartObject("usage"u8);
        foreach (var number in (string[])["input", "output", "cacheRead", "cacheWrite", "totalTokens"])
        {
            json.WriteNumber(number, 0);
        }

        json.WriteStartObject("cost"u8);
        foreach (var number in (string[])["input", "output", "cacheRead", "cacheWrite", "total"])
        {
            json.WriteNumber(number, 0);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteRecord(Utf8JsonWriter json, DateTimeOffset fallback, ConversationRecord record)
    {
        json.WriteString("id"u8, conversationId);
        json.WriteString("agent_id"u8, agentId);
        json.WriteBoolean("archived"u8, value: false);
        json.WriteNull("archived_at"u8);
        json.WriteString("created_at"u8, LettaCodeFormat.Iso(record.CreatedAt ?? _first ?? fallback));
        json.WriteString("updated_at"u8, LettaCodeFormat.Iso(_empty ? fallback : _last));
        json.WriteString("last_message_at"u8, _empty ? null : LettaCodeFormat.Iso(_last));
        json.WriteString("summary"u8, record.Summary);
        json.WriteStartArray("in_context_message_ids"u8);
        _inContext.ForEach(json.WriteStringValue);
        json.WriteEndArray();
    }
}

/// <summary>What is known of a conversation.</summary>
/// <param name="CreatedAt">When it was begun.</param>
/// <param name="Summary">Its title.</param>
internal sealed record ConversationRecord(DateTimeOffset? CreatedAt, string? Summary);
