using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Json;

namespace LettaPS.Core.AgentTables;

/// <summary>Makes messages of an agent file from rows of <c>messages</c>, in their order.</summary>
internal sealed class MessageCells : IDisposable
{
    private static readonly string[] s_columns =
    [
        "name", "otid", "sender_id", "batch_item_id", "group_id", "model", "tool_call_id", "created_at", "approve", "approval_request_id",
        "denial_reason", "approvals", "tool_calls", "tool_returns",
    ];

    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Utf8JsonWriter _json;
    private readonly (JsonEncodedText Name, int Ordinal)[] _fields;
    private readonly int _id;
    private readonly int _role;
    private readonly int _content;
    private readonly int _text;
    private readonly int _toolCalls;
    private byte[] _lastCalls = [];

    /// <summary>Looks at the table.</summary>
    /// <param name="shape">The table of messages.</param>
    public MessageCells(TableShape shape)
    {
        _json = new Utf8JsonWriter(_buffer, SnapshotFileWriter.WriterOptions with { SkipValidation = true });
        _fields = [.. s_columns.Where(shape.Has).Select(c => (JsonEncodedText.Encode(c), shape.Ordinal(c)))];
        _id = shape.Ordinal("id");
        _role = shape.Ordinal("role");
        _content = shape.Ordinal("content");
        _text = shape.Ordinal("text");
        _toolCalls = shape.Ordinal("tool_calls");
    }

    /// <summary>The identifier of a message, as it is in the database.</summary>
    /// <param name="row">The message.</param>
    public ReadOnlySpan<byte> Id(DatabaseRow row) => row.Bytes(_id);

    /// <summary>The UUID of a message's identifier, if it is one.</summary>
    /// <param name="id">The identifier.</param>
    public static bool TryParseId(ReadOnlySpan<byte> id, out Guid uuid)
    {
        uuid = default;
        return id.StartsWith("message-"u8) && Utf8Parser.TryParse(id["message-"u8.Length..], out uuid, out var read, 'D') && read == id.Length - "message-"u8.Length;
    }

    /// <summary>The message as an agent file has it, without its identifiers.</summary>
    /// <param name="row">The message; the rows before it must have been given before it.</param>
    /// <returns>The JSON object, valid until the next call.</returns>
    public ReadOnlyMemory<byte> Json(DatabaseRow row)
    {
        var role = row.Bytes(_role);
        if (role.SequenceEqual("tool"u8))
        {
            return MessageRow.FromFile(WithCall(JsonValues.Parse(Write(row).Span))).Json;
        }

        if (role.SequenceEqual("assistant"u8))
        {
            _lastCalls = row.Bytes(_toolCalls).ToArray();
        }

        return Write(row);
    }

    /// <inheritdoc/>
    public void Dispose() => _json.Dispose();

    private ReadOnlyMemory<byte> Write(DatabaseRow row)
    {
        _buffer.ResetWrittenCount();
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteString("type"u8, "message"u8);
        _json.WriteString("role"u8, row.Bytes(_role));
        WriteContent(row);
        foreach (var (name, ordinal) in _fields)
        {
            if (!row.IsNull(ordinal) && !(row.Shape.Kinds[ordinal] == ColumnKind.Json && row.Bytes(ordinal).SequenceEqual("[]"u8)))
            {
                _json.WritePropertyName(name);
                _json.WriteCell(row, ordinal, "+00:00"u8);
            }
        }

        _json.WriteEndObject();
        _json.Flush();
        return _buffer.WrittenMemory;
    }

    /// <summary>Releases before 0.7 had one text; servers show it where there is nothing else.</summary>
    private void WriteContent(DatabaseRow row)
    {
        var content = row.Bytes(_content);
        if ((content.IsEmpty || content.SequenceEqual("[]"u8) || content.SequenceEqual("null"u8)) && !row.IsNull(_text))
        {
            _json.WriteStartArray("content"u8);
            _json.WriteStartObject();
            _json.WriteString("type"u8, "text"u8);
            _json.WriteString("text"u8, row.Bytes(_text));
            _json.WriteEndObject();
            _json.WriteEndArray();
            return;
        }

        _json.WritePropertyName("content"u8);
        if (content.IsEmpty)
        {
            _json.WriteNullValue();
        }
        else
        {
            _json.WriteRawValue(LoneSurrogates.Replace(content), skipInputValidation: true);
        }
    }

    /// <summary>
    /// A tool's return that lost the identifier of its call when a server from 0.13 on read it (letta-facts.md 10.1) gets it back from the call, which is
    /// the first of the model's message before it.
    /// </summary>
    private JsonElement WithCall(JsonElement row)
    {
        if (row.StringOrNull("tool_call_id") is not null
            || row.Items("tool_returns").Count() > 1
            || row.Items("tool_returns").Any(r => r.StringOrNull("tool_call_id") is not null)
            || _lastCalls.Length == 0
            || JsonValues.Parse(_lastCalls) is not { ValueKind: JsonValueKind.Array } calls
            || calls.GetArrayLength() == 0
            || calls[0].StringOrNull("id") is not { } call)
        {
            return row;
        }

        var copy = System.Text.Json.Nodes.JsonObject.Create(row)!;
        copy["tool_call_id"] = call;
        return JsonValues.ToElement(copy);
    }
}
