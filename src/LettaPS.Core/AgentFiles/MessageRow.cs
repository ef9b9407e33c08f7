using System.Buffers;
using System.Text;
using System.Text.Json;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Json;

namespace LettaPS.Core.AgentFiles;

/// <summary>
/// A message as an agent file holds it, without <c>id</c> and <c>agent_id</c>, which depend on its place in the file. Made from an export's
/// row as it is, or rebuilt from the items that the API shows of one stored message.
/// </summary>
/// <remarks>
/// What the API does not show, and a rebuilt row therefore lacks: fractions of a second, the model's name, the wrapper that memgpt agents
/// put around a user's message, the time within a tool's return, and whether a user message is a summary.
/// </remarks>
internal sealed class MessageRow
{
    private MessageRow(ReadOnlyMemory<byte> json, MessageKey key, bool old = false, bool damaged = false)
    {
        Json = json;
        Key = key;
        Old = old;
        Damaged = damaged;
    }

    /// <summary>The JSON object.</summary>
    public ReadOnlyMemory<byte> Json { get; }

    /// <summary>What the message can be recognised by in another view.</summary>
    public MessageKey Key { get; }

    /// <summary>Whether it is a tool's return as 0.11 wrote it, which servers from 0.13 on damage when they read it (letta-facts.md 10.1).</summary>
    public bool Old { get; }

    /// <summary>Whether it is a tool's return that no longer says which call it answers (letta-facts.md 10.1).</summary>
    public bool Damaged { get; }

    /// <summary>Copies the row of an export, AgentFile v2 or legacy.</summary>
    /// <remarks>
    /// <c>otid</c> is left out: the server makes up a new one for every export. The single return of a tool message that 0.11 wrote is completed from the
    /// rest of the row, as servers from 0.13 on expect it; without that they lose the call's identifier on the first reading.
    /// </remarks>
    public static MessageRow FromExport(JsonElement row) => Copy(row, keepOtid: false);

    /// <summary>Copies the row of a file that is to be restored, with its <c>otid</c>, which imports keep.</summary>
    public static MessageRow FromFile(JsonElement row) => Copy(row, keepOtid: true);

    private static MessageRow Copy(JsonElement row, bool keepOtid)
    {
        var single = row.StringOrNull("role") == "tool" && row.Items("tool_returns").Count() == 1 ? row.Items("tool_returns").First() : (JsonElement?)null;
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, SnapshotFileWriter.WriterOptions))
        {
            writer.WriteStartObject();
            if (!row.TryGetProperty("type", out _))
            {
                writer.WriteString("type"u8, "message"u8);
            }

            foreach (var property in row.EnumerateObject())
            {
                if (property.Name == "tool_returns" && single is { } toolReturn)
                {
                    WriteCompleted(writer, toolReturn, row);
                }
                else if (property.Name is not ("id" or "agent_id" or "updated_at") && (keepOtid || property.Name != "otid"))
                {
                    property.WriteTo(writer);
                }
            }

            writer.WriteEndObject();
        }

        var old = single is { } r && r.StringOrNull("tool_call_id") is null;
        return new MessageRow(buffer.WrittenMemory, KeyOf(row), old, damaged: old && row.StringOrNull("tool_call_id") is null);
    }

    private static void WriteCompleted(Utf8JsonWriter writer, JsonElement toolReturn, JsonElement row)
    {
        writer.WriteStartArray("tool_returns"u8);
        writer.WriteStartObject();
        foreach (var property in toolReturn.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Null || property.Name is not ("tool_call_id" or "func_response"))
            {
                property.WriteTo(writer);
            }
        }

        if (toolReturn.StringOrNull("tool_call_id") is null && row.StringOrNull("tool_call_id") is { } call)
        {
            writer.WriteString("tool_call_id"u8, call);
        }

        if ((!toolReturn.TryGetProperty("func_response", out var response) || response.ValueKind == JsonValueKind.Null) && TextOf(row) is { } text)
        {
            writer.WriteString("func_response"u8, text);
        }

        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    /// <summary>Rebuilds a row from what the API shows of it.</summary>
    /// <param name="items">The items of one message, in the API's order: at least one, all with the same identifier.</param>
    /// <exception cref="LettaException"><c>MessageTypeNotSupported</c>: an item is of a type that no release up to 0.16.8 has.</exception>
    public static MessageRow FromItems(IReadOnlyList<JsonElement> items)
    {
        var parts = new Parts(items);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, SnapshotFileWriter.WriterOptions))
        {
            parts.Write(writer);
        }

        return new MessageRow(buffer.WrittenMemory, parts.Key);
    }

    private static MessageKey KeyOf(JsonElement row)
    {
        var role = row.StringOrNull("role") switch
        {
            "system" => MessageRole.System,
            "user" or "summary" => MessageRole.User,
            "assistant" => MessageRole.Assistant,
            "tool" => MessageRole.Tool,
            "approval" => MessageRole.Approval,
            _ => MessageRole.Other,
        };
        var text = role switch
        {
            MessageRole.System or MessageRole.User => TextOf(row) is { } t ? Hash(MessageText.Said(t)) : 0,
            MessageRole.Assistant => Hash(string.Join('\n', row.Items("tool_calls").Select(c => c.StringOrNull("id")))),
            _ => 0,
        };
        return new MessageKey(role, Second(row.TimeOrNull("created_at")), text);
    }

    private static long Second(DateTimeOffset? time) => time is { } t ? t.ToUnixTimeSeconds() : 0;

    /// <summary>The text of a message that consists of one text; <see langword="null"/> for any other.</summary>
    private static string? TextOf(JsonElement row)
    {
        if (!row.TryGetProperty("content", out var content))
        {
            return null;
        }

        return content.ValueKind switch
        {
            JsonValueKind.String => content.GetString(),
            JsonValueKind.Array when content.GetArrayLength() == 1 => content[0].StringOrNull("text"),
            _ => null,
        };
    }

    /// <summary>A hash that is the same in every process and never 0.</summary>
    private static int Hash(string text)
    {
        var hash = new HashCode32();
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            hash.Add(b);
        }

        return hash.Value;
    }

    /// <summary>FNV-1a.</summary>
    private struct HashCode32()
    {
        private uint _value = 2166136261;

        public readonly int Value => _value == 0 ? 1 : (int)_value;

        public void Add(byte b) => _value = unchecked((_value ^ b) * 16777619);
    }

    /// <summary>The parts of a stored message, gathered from the items that the API makes of it.</summary>
    private sealed class Parts
    {
        private readonly JsonElement _first;
        private readonly List<Action<Utf8JsonWriter>> _content = [];
        private readonly List<JsonElement> _toolCalls = [];
        private readonly List<JsonElement> _toolReturns = [];
        private JsonElement? _approvalRequest;
        private JsonElement? _approvalResponse;
        private string _role = "assistant";
        private int _text;

        public Parts(IReadOnlyList<JsonElement> items)
        {
            _first = items[0];
            foreach (var item in items)
            {
                Take(item);
            }
        }

        public MessageKey Key => new(
            _role switch
            {
                "system" => MessageRole.System,
                "user" => MessageRole.User,
                "tool" => MessageRole.Tool,
                "approval" => MessageRole.Approval,
                _ => MessageRole.Assistant,
            },
            Second(_first.TimeOrNull("date")),
            _role == "assistant" ? Hash(string.Join('\n', _toolCalls.Select(c => c.StringOrNull("tool_call_id")))) : _text);

        public void Write(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "message"u8);
            writer.WriteString("role"u8, _role);
            writer.WriteStartArray("content"u8);
            foreach (var part in _content)
            {
                part(writer);
            }

            if (_toolReturns is [var single] && !HasParts(single))
            {
                // Servers keep a single return in the content as well, and some of their readers look only there.
                WriteText(writer, PackedReturn(single));
            }

            writer.WriteEndArray();
            writer.WriteString("name"u8, _first.StringOrNull("name"));
            WriteToolCalls(writer);
            WriteToolReturns(writer);
            if (_approvalResponse is { } response)
            {
                Copy(writer, response, "approvals", "approvals");
                Copy(writer, response, "approve", "approve");
                Copy(writer, response, "approval_request_id", "approval_request_id");
                Copy(writer, response, "reason", "denial_reason");
            }

            // Only these roles show the stored otid; the items of the others carry one made of the identifier and a number.
            if (_role is "system" or "user" or "approval")
            {
                Copy(writer, _first, "otid", "otid");
            }

            Copy(writer, _first, "sender_id", "sender_id");
            Copy(writer, _first, "date", "created_at");
            writer.WriteEndObject();
        }

        private static void Copy(Utf8JsonWriter writer, JsonElement from, string name, string to)
        {
            if (from.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                writer.WritePropertyName(to);
                value.WriteTo(writer);
            }
        }

        private void Take(JsonElement item)
        {
            switch (item.StringOrNull("message_type"))
            {
                case "system_message":
                    _role = "system";
                    TakeText(item);
                    break;
                case "user_message":
                    _role = "user";
                    TakeText(item);
                    break;
                case "assistant_message":
                    TakeText(item);
                    break;
                case "reasoning_message":
                    TakeReasoning(item);
                    break;
                case "hidden_reasoning_message":
                    TakeHiddenReasoning(item);
                    break;
                case "tool_call_message":
                    TakeToolCalls(item);
                    break;
                case "tool_return_message":
                    _role = "tool";
                    TakeToolReturns(item);
                    break;
                case "approval_request_message":
                    _role = "approval";
                    _approvalRequest = item;
                    TakeToolCalls(item);
                    break;
                case "approval_response_message":
                    _role = "approval";
                    _approvalResponse = item;
                    break;
                case var other:
                    throw new LettaException(
                        ErrorIds.MessageTypeNotSupported,
                        LettaErrorKind.InvalidData,
                        $"The server returned a message of type '{other}', which LettaPS does not support.",
                        "Export the agent from the database, and report the type: Export-LettaAgent -Source Database",
                        item.StringOrNull("id"));
            }
        }

        private void TakeText(JsonElement item)
        {
            if (!item.TryGetProperty("content", out var content))
            {
                return;
            }

            if (content.ValueKind == JsonValueKind.Array)
            {
                foreach (var part in content.EnumerateArray())
                {
                    _content.Add(part.WriteTo);
                }

                return;
            }

            var text = content.GetString() ?? string.Empty;
            _text = Hash(text);
            _content.Add(w => WriteText(w, text));
        }

        private void TakeReasoning(JsonElement item)
        {
            var reasoning = item.StringOrNull("reasoning") ?? string.Empty;
            if (item.StringOrNull("source") != "reasoner_model")
            {
                // Models that do not reason write their thoughts as text before they call a tool.
                _content.Add(w => WriteText(w, reasoning));
                return;
            }

            _content.Add(w =>
            {
                w.WriteStartObject();
                w.WriteString("type"u8, "reasoning"u8);
                w.WriteBoolean("is_native"u8, true);
                w.WriteString("reasoning"u8, reasoning);
                w.WriteString("signature"u8, item.StringOrNull("signature"));
                w.WriteEndObject();
            });
        }

        private void TakeHiddenReasoning(JsonElement item) => _content.Add(w =>
        {
            w.WriteStartObject();
            if (item.StringOrNull("state") == "redacted")
            {
                w.WriteString("type"u8, "redacted_reasoning"u8);
                w.WriteString("data"u8, item.StringOrNull("hidden_reasoning"));
            }
            else
            {
                w.WriteString("type"u8, "omitted_reasoning"u8);
            }

            w.WriteEndObject();
        });

        private void TakeToolCalls(JsonElement item)
        {
            var calls = item.Items("tool_calls").ToList();
            if (calls.Count > 0)
            {
                _toolCalls.AddRange(calls);
            }
            else if (item.ObjectOrNull("tool_call") is { } call)
            {
                // 0.11 shows each call in an item of its own.
                _toolCalls.Add(call);
            }
        }

        private void TakeToolReturns(JsonElement item)
        {
            var returns = item.Items("tool_returns").ToList();
            _toolReturns.AddRange(returns.Count > 0 ? returns : [item]);
        }

        private void WriteToolCalls(Utf8JsonWriter writer)
        {
            if (_toolCalls.Count == 0 && _approvalRequest is null)
            {
                return;
            }

            writer.WriteStartArray("tool_calls"u8);
            foreach (var call in _toolCalls)
            {
                writer.WriteStartObject();
                writer.WriteString("id"u8, call.StringOrNull("tool_call_id"));
                writer.WriteString("type"u8, "function"u8);
                writer.WriteStartObject("function"u8);
                writer.WriteString("name"u8, call.StringOrNull("name"));
                writer.WriteString("arguments"u8, call.StringOrNull("arguments"));
                writer.WriteEndObject();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        private void WriteToolReturns(Utf8JsonWriter writer)
        {
            if (_toolReturns.Count == 0)
            {
                return;
            }

            Copy(writer, _toolReturns[0], "tool_call_id", "tool_call_id");
            writer.WriteStartArray("tool_returns"u8);
            foreach (var r in _toolReturns)
            {
                writer.WriteStartObject();
                Copy(writer, r, "tool_call_id", "tool_call_id");
                writer.WriteString("status"u8, r.StringOrNull("status"));
                Copy(writer, r, "stdout", "stdout");
                Copy(writer, r, "stderr", "stderr");
                WriteFunctionResponse(writer, r);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        /// <summary>The server stores a return as a JSON text with status and message, and refuses to show one that is not; lists of parts are stored as they are.</summary>
        private static void WriteFunctionResponse(Utf8JsonWriter writer, JsonElement toolReturn)
        {
            writer.WritePropertyName("func_response"u8);
            if (HasParts(toolReturn))
            {
                toolReturn.GetProperty("tool_return").WriteTo(writer);
            }
            else
            {
                writer.WriteStringValue(PackedReturn(toolReturn));
            }
        }

        private static bool HasParts(JsonElement toolReturn) => toolReturn.TryGetProperty("tool_return", out var value) && value.ValueKind == JsonValueKind.Array;

        private static string PackedReturn(JsonElement toolReturn)
        {
            var buffer = new ArrayBufferWriter<byte>();
            using (var packed = new Utf8JsonWriter(buffer, SnapshotFileWriter.WriterOptions))
            {
                packed.WriteStartObject();
                packed.WriteString("status"u8, toolReturn.StringOrNull("status") == "error" ? "Failed"u8 : "OK"u8);
                packed.WriteString("message"u8, toolReturn.StringOrNull("tool_return"));
                packed.WriteEndObject();
            }

            return Encoding.UTF8.GetString(buffer.WrittenSpan);
        }

        private static void WriteText(Utf8JsonWriter writer, string text)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "text"u8);
            writer.WriteString("text"u8, text);
            writer.WriteEndObject();
        }
    }
}
