using System.Globalization;
using System.Text.Json;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Answers;

/// <summary>
/// The LettaMessages of message rows: one row becomes several of the same id (its reasoning, its text, its calls), as each release does it.
/// </summary>
internal sealed class MessageShape(Release release)
{
    private readonly bool _is016 = release >= Release.V0162;
    private readonly bool _is0168 = release >= Release.V0168;

    /// <summary>A page of rows that are kept. Fails before anything is written where the server would.</summary>
    /// <param name="rows">The rows, oldest first.</param>
    /// <param name="options">How they become LettaMessages.</param>
    /// <param name="newestFirst">Whether the answer begins with the last row.</param>
    /// <param name="partsReversed">Whether the parts of a row are reversed with the rows.</param>
    public Answer Page(IEnumerable<MessageRow> rows, MessageOptions options, bool newestFirst = false, bool partsReversed = true)
    {
        var reader = new PageReader(release);
        PageRow[] page = [.. Shown(rows.Select(reader.Next).ToArray(), options)];
        foreach (var item in page)
        {
            Check(item, options);
        }

        if (newestFirst)
        {
            page.AsSpan().Reverse();
        }

        return Answer.Array(page, (w, item) => Write(w, item, newestFirst && partsReversed, options));
    }

    /// <summary>A page of rows that are made while they are written, oldest first.</summary>
    public Answer MadePage(IEnumerable<MessageRow> rows, MessageOptions options)
    {
        var reader = new PageReader(release);
        return Answer.Made(Shown(rows.Select(reader.Next), options), (w, item) => Write(w, item, reversed: false, options));
    }

    /// <summary>The LettaMessages of one row.</summary>
    public void Row(Utf8JsonWriter w, MessageRow row, MessageOptions options) => Write(w, new PageRow(row, row.ToolCallId, false), false, options);

    private void Write(Utf8JsonWriter w, PageRow item, bool reversed, MessageOptions options)
    {
        var parts = Parts(item.Row, item.ToolCallId, options);
        if (reversed)
        {
            parts.Reverse();
        }

        foreach (var part in parts)
        {
            part(w);
        }
    }

    /// <summary>A request for approval, which an agent's state shows as pending.</summary>
    public void ApprovalRequest(Utf8JsonWriter w, MessageRow row)
    {
        Begin(w, row, "approval_request_message", row.Otid);
        ToolCall(w, "tool_call"u8, row.ToolCalls![0]);
        w.Items("tool_calls"u8, row.ToolCalls, ToolCall);
        w.WriteEndObject();
    }

    /// <summary>The rows that are shown: without the returns of the message tool, if its calls appear as what the agent says.</summary>
    private static IEnumerable<PageRow> Shown(IEnumerable<PageRow> page, MessageOptions options)
    {
        if (!options.UseAssistantMessage)
        {
            return page;
        }

        HashSet<string> hidden = [];
        return page.Where(item =>
        {
            if (item.Row is { Role: "assistant", ToolCalls: { Count: > 0 } calls } && calls.Exists(c => c.Function.Name == options.ToolName))
            {
                hidden.UnionWith(calls.Select(c => c.Id));
            }

            return item.Row.Role != "tool" || item.ToolCallId is null || !hidden.Contains(item.ToolCallId);
        });
    }

    private void Check(PageRow item, MessageOptions options)
    {
        var row = item.Row;
        if (item.Broken)
        {
            throw new Problem(400, "1 validation error for ToolReturn\ntool_call_id\n  Input should be a valid string "
                + "[type=string_type, input_value=None, input_type=NoneType]\n"
                + "    For further information visit https://errors.pydantic.dev/2.10/v/string_type");
        }

        if (row.Role is "system" or "summary" && (row.SingleText ?? (row.Content is null or [] ? row.Text : null)) is null)
        {
            throw new Problem(400, $"Invalid {row.Role} message (no text object on {row.Role})");
        }

        foreach (var call in options.UseAssistantMessage && row.Role == "assistant" ? row.ToolCalls ?? [] : [])
        {
            if (call.Function.Name == options.ToolName && !TryParse(call.Function.Arguments, out _))
            {
                throw new Problem(_is016 ? 400 : 500, _is016 ? "Failed to decode JSON string" : "An internal server error occurred");
            }

            if (call.Function.Name == options.ToolName && !_is0168 && MessageOf(call, options.Argument) is null)
            {
                throw new Problem(_is016 ? 400 : 500, $"Function call {call.Function.Name} missing {options.Argument} argument");
            }
        }
    }

    private List<Action<Utf8JsonWriter>> Parts(MessageRow row, string? toolCallId, MessageOptions options)
    {
        List<Action<Utf8JsonWriter>> parts = [];
        switch (row.Role)
        {
            case "assistant":
                Contents(parts, row, options);
                Calls(parts, row, options);
                break;
            case "tool":
                parts.Add(w => ToolReturn(w, row, toolCallId));
                break;
            case "approval":
                Contents(parts, row, options);
                parts.Add(row.ToolCalls is { Count: > 0 } ? w => ApprovalRequest(w, row) : w => ApprovalResponse(w, row));
                break;
            case "system":
                parts.Add(w => Said(w, row, "system_message", row.Otid, row.SingleText ?? row.Text!, showErr: false));
                break;
            case "summary":
                parts.Add(w => Said(w, row, "user_message", row.Otid, Unpack(row.SingleText ?? row.Text!)));
                break;
            default:
                parts.Add(w => User(w, row));
                break;
        }

        return parts;
    }

    private void Contents(List<Action<Utf8JsonWriter>> parts, MessageRow row, MessageOptions options)
    {
        var content = row.Content is { Count: > 0 } given ? given : row.Text is { Length: > 0 } old ? [ContentPart.OfText(old)] : [];
        for (var i = 0; i < content.Count; i++)
        {
            var part = content[i];
            var otid = Otid(row.Id, parts.Count);
            switch (part.Type)
            {
                case "text" when options.TextIsAssistant && _is016:
                    var said = Merge(content, ref i, "text", p => p.Text);
                    parts.Add(w => Said(w, row, "assistant_message", otid, said));
                    break;
                case "text":
                    parts.Add(w => Reasoning(w, row, otid, part.Text ?? string.Empty, native: false, null));
                    break;
                case "reasoning":
                    var thought = _is016 ? Merge(content, ref i, "reasoning", p => p.Reasoning) : part.Reasoning ?? string.Empty;
                    parts.Add(w => Reasoning(w, row, otid, thought, native: true, part.Signature));
                    break;
                case "summarized_reasoning" when Summary(part) is { } summary:
                    parts.Add(w => Reasoning(w, row, otid, summary, native: true, part.EncryptedContent));
                    break;
                case "redacted_reasoning":
                    parts.Add(w => HiddenReasoning(w, row, otid, "redacted", part.Data));
                    break;
                case "omitted_reasoning":
                    parts.Add(w => HiddenReasoning(w, row, otid, "omitted", null));
                    break;
            }
        }
    }

    private void Calls(List<Action<Utf8JsonWriter>> parts, MessageRow row, MessageOptions options)
    {
        if (row.ToolCalls is not { Count: > 0 } calls)
        {
            return;
        }

        List<ToolCall> collected = [];
        foreach (var call in calls)
        {
            if (options.UseAssistantMessage && call.Function.Name == options.ToolName)
            {
                Flush();
                if (MessageOf(call, options.Argument) is { } said)
                {
                    var otid = Otid(row.Id, parts.Count);
                    parts.Add(w => Said(w, row, "assistant_message", otid, said));
                }
            }
            else
            {
                collected.Add(call);
                if (!_is016)
                {
                    Flush();
                }
            }
        }

        Flush();

        void Flush()
        {
            if (collected.Count > 0)
            {
                var otid = Otid(row.Id, parts.Count);
                ToolCall[] together = [.. collected];
                parts.Add(w => ToolCalls(w, row, otid, together));
                collected.Clear();
            }
        }
    }

    private void Begin(Utf8JsonWriter w, MessageRow row, string type, string? otid, bool showSender = true, bool showErr = true)
    {
        w.WriteStartObject();
        w.WriteString("id"u8, row.Id);
        Span<char> date = stackalloc char[32];
        row.CreatedAt.UtcDateTime.TryFormat(date, out var length, "yyyy-MM-dd'T'HH:mm:ss'+00:00'", CultureInfo.InvariantCulture);
        w.WriteString("date"u8, date[..length]);
        w.Prop("name"u8, row.Name);
        w.WriteString("message_type"u8, type);
        w.Prop("otid"u8, otid);
        w.Prop("sender_id"u8, showSender ? row.SenderId : null);
        w.Prop("step_id"u8, row.StepId);
        w.Prop("is_err"u8, showErr && row.IsErr == true ? true : null);
        if (_is016)
        {
            w.WriteNull("seq_id"u8);
            w.Prop("run_id"u8, row.RunId);
        }
    }

    private void Said(Utf8JsonWriter w, MessageRow row, string type, string? otid, string content, bool showErr = true)
    {
        Begin(w, row, type, otid, showErr: showErr);
        w.WriteString("content"u8, content);
        w.WriteEndObject();
    }

    private void User(Utf8JsonWriter w, MessageRow row)
    {
        Begin(w, row, "user_message", row.Otid);
        if ((row.SingleText ?? (row.Content is null or [] ? row.Text : null)) is { } text)
        {
            w.WriteString("content"u8, Unpack(text));
        }
        else
        {
            w.Items("content"u8, row.Content ?? [], Content);
        }

        w.WriteEndObject();
    }

    /// <summary>A piece of content with all properties of its kind.</summary>
    public void Content(Utf8JsonWriter w, ContentPart part)
    {
        w.WriteStartObject();
        w.WriteString("type"u8, part.Type);
        switch (part.Type)
        {
            case "text":
                w.Prop("text"u8, part.Text ?? string.Empty);
                Signature();
                break;
            case "image":
                w.Prop("source"u8, part.Source);
                break;
            case "reasoning":
                w.Prop("is_native"u8, part.IsNative ?? true);
                w.Prop("reasoning"u8, part.Reasoning ?? string.Empty);
                w.Prop("signature"u8, part.Signature);
                break;
            case "redacted_reasoning":
                w.Prop("data"u8, part.Data ?? string.Empty);
                break;
            case "omitted_reasoning":
                Signature();
                break;
            case "summarized_reasoning":
                w.Prop("id"u8, part.Id);
                w.Prop("summary"u8, part.Summary ?? JsonText.EmptyArray);
                w.Prop("encrypted_content"u8, part.EncryptedContent);
                break;
            case "tool_call":
                w.Prop("id"u8, part.Id);
                w.Prop("name"u8, part.Name);
                w.Prop("input"u8, part.Input ?? JsonText.EmptyObject);
                Signature();
                break;
        }

        w.WriteEndObject();

        void Signature()
        {
            if (_is016)
            {
                w.Prop("signature"u8, part.Signature);
            }
        }
    }

    private void Reasoning(Utf8JsonWriter w, MessageRow row, string otid, string reasoning, bool native, string? signature)
    {
        Begin(w, row, "reasoning_message", otid, showSender: !native);
        w.WriteString("source"u8, native ? "reasoner_model"u8 : "non_reasoner_model"u8);
        w.WriteString("reasoning"u8, reasoning);
        w.Prop("signature"u8, signature);
        w.WriteEndObject();
    }

    private void HiddenReasoning(Utf8JsonWriter w, MessageRow row, string otid, string state, string? hidden)
    {
        Begin(w, row, "hidden_reasoning_message", otid, showSender: state == "redacted");
        w.WriteString("state"u8, state);
        w.Prop("hidden_reasoning"u8, hidden);
        w.WriteEndObject();
    }

    private void ToolCalls(Utf8JsonWriter w, MessageRow row, string otid, ToolCall[] calls)
    {
        Begin(w, row, "tool_call_message", otid);
        ToolCall(w, "tool_call"u8, calls[0]);
        if (_is016)
        {
            w.Items("tool_calls"u8, calls, ToolCall);
        }

        w.WriteEndObject();
    }

    private static void ToolCall(Utf8JsonWriter w, ReadOnlySpan<byte> name, ToolCall call)
    {
        w.WritePropertyName(name);
        ToolCall(w, call);
    }

    private static void ToolCall(Utf8JsonWriter w, ToolCall call)
    {
        w.WriteStartObject();
        w.WriteString("name"u8, call.Function.Name);
        w.WriteString("arguments"u8, call.Function.Arguments);
        w.WriteString("tool_call_id"u8, call.Id);
        w.WriteEndObject();
    }

    private void ToolReturn(Utf8JsonWriter w, MessageRow row, string? toolCallId)
    {
        var text = row.SingleText ?? row.Text ?? string.Empty;
        Begin(w, row, "tool_return_message", Otid(row.Id, 0));
        if (_is016 && row.ToolReturns is { Count: > 0 } returns)
        {
            var single = returns.Count == 1;
            First(Packaged((single ? row.SingleText : null) ?? returns[0].FuncResponse ?? text), returns[0], returns[0].ToolCallId ?? toolCallId);
            w.Items("tool_returns"u8, returns, (x, r) =>
                Return(x, Packaged((single ? row.SingleText : null) ?? r.FuncResponse ?? text), r, r.ToolCallId ?? toolCallId));
        }
        else
        {
            var (message, status) = Packaged(text);
            var stored = row.ToolReturns is [{ } only, ..] ? only : new ToolReturn { Status = status };
            First((message, stored.Status), stored, toolCallId);
            if (_is016)
            {
                w.Items("tool_returns"u8, [stored], (x, r) => Return(x, (message, status), r, toolCallId));
            }
        }

        w.WriteEndObject();

        void First((string Message, string Status) packaged, ToolReturn given, string? id)
        {
            w.WriteString("tool_return"u8, packaged.Message);
            w.WriteString("status"u8, packaged.Status);
            w.Prop("tool_call_id"u8, id);
            w.Prop("stdout"u8, given.Stdout);
            w.Prop("stderr"u8, given.Stderr);
        }
    }

    private static void Return(Utf8JsonWriter w, (string Message, string Status) packaged, ToolReturn given, string? id)
    {
        w.WriteStartObject();
        w.WriteString("type"u8, "tool"u8);
        w.WriteString("tool_return"u8, packaged.Message);
        w.WriteString("status"u8, packaged.Status);
        w.Prop("tool_call_id"u8, id);
        w.Prop("stdout"u8, given.Stdout);
        w.Prop("stderr"u8, given.Stderr);
        w.WriteEndObject();
    }

    private void ApprovalResponse(Utf8JsonWriter w, MessageRow row)
    {
        var approvals = row.Approvals is { ValueKind: JsonValueKind.Array } given ? given.EnumerateArray().ToArray() : [];
        var first = System.Array.Find(approvals, a => a.TryGetProperty("approve", out _));
        Begin(w, row, "approval_response_message", row.Otid, showSender: false, showErr: false);
        w.WriteStartArray("approvals"u8);
        foreach (var approval in approvals)
        {
            if (approval.TryGetProperty("approve", out _))
            {
                approval.WriteTo(w);
            }
            else
            {
                var returned = approval.Deserialize<ToolReturn>(JsonText.Rows)!;
                Return(w, (Packaged(returned.FuncResponse ?? string.Empty).Message, returned.Status), returned, returned.ToolCallId);
            }
        }

        if (approvals.Length == 0)
        {
            w.WriteStartObject();
            w.WriteString("type"u8, "approval"u8);
            w.Prop("tool_call_id"u8, row.ApprovalRequestId);
            w.Prop("approve"u8, row.Approve);
            w.Prop("reason"u8, row.DenialReason);
            w.WriteEndObject();
        }

        w.WriteEndArray();
        w.Prop("approve"u8, approvals.Length == 0 ? row.Approve : first.Property("approve")?.GetBoolean());
        w.Prop("approval_request_id"u8, approvals.Length == 0 ? row.ApprovalRequestId : first.Text("tool_call_id"));
        w.Prop("reason"u8, approvals.Length == 0 ? row.DenialReason : first.Text("reason"));
        w.WriteEndObject();
    }

    /// <summary>The UUID of an id with its last seven bits replaced by the number of the part.</summary>
    private static string Otid(string id, int index)
    {
        var dash = id.IndexOf('-', StringComparison.Ordinal);
        if (!Guid.TryParse(id.AsSpan(dash + 1), out var guid))
        {
            return id[(dash + 1)..];
        }

        Span<byte> bytes = stackalloc byte[16];
        guid.TryWriteBytes(bytes, bigEndian: true, out _);
        bytes[15] = (byte)((bytes[15] & 0x80) | (index & 0x7F));
        return new Guid(bytes, bigEndian: true).ToString();
    }

    private static string Merge(List<ContentPart> content, ref int i, string type, Func<ContentPart, string?> text)
    {
        var merged = text(content[i]) ?? string.Empty;
        while (i + 1 < content.Count && content[i + 1].Type == type)
        {
            merged += text(content[++i]);
        }

        return merged;
    }

    private static string? Summary(ContentPart part)
    {
        var texts = part.Summary is { ValueKind: JsonValueKind.Array } parts
            ? parts.EnumerateArray().Select(p => p.Text("text")).Where(t => !string.IsNullOrEmpty(t)).ToArray()
            : [];
        return texts.Length == 0 ? null : string.Join("\n\n", texts);
    }

    private static string? MessageOf(ToolCall call, string argument)
    {
        if (!TryParse(call.Function.Arguments, out var arguments) || arguments.ValueKind != JsonValueKind.Object || !arguments.TryGetProperty(argument, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Object ? value.GetRawText() : PythonText.Str(value);
    }

    /// <summary>The message and status inside a packaged tool return.</summary>
    private static (string Message, string Status) Packaged(string text)
    {
        if (!TryParse(text, out var packaged) || packaged.ValueKind != JsonValueKind.Object)
        {
            return (text, "success");
        }

        var message = packaged.TryGetProperty("message", out var given) ? PythonText.Str(given) : text;
        return (message, packaged.Text("status") == "Failed" ? "error" : "success");
    }

    /// <summary>The text inside a packaged user message; other kinds of packages are shown as they are.</summary>
    private static string Unpack(string text) =>
        text.StartsWith('{') && TryParse(text, out var packaged) && packaged.Text("type") == "user_message" && packaged.Text("message") is { } message
            ? message
            : text;

    private static bool TryParse(string text, out JsonElement value)
    {
        try
        {
            value = JsonText.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            value = default;
            return false;
        }
    }
}
