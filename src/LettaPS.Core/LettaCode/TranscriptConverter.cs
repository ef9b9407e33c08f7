using System.Globalization;
using System.Text;
using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;

namespace LettaPS.Core.LettaCode;

/// <summary>
/// Makes rows of a transcript of the messages of a V1 agent, one conversation at a time, in little memory. Results follow their calls directly, since the client
/// drops those that do not; what cannot be a result or a reply becomes a reminder, so that nothing is lost.
/// </summary>
internal sealed class TranscriptConverter(AgentRecord agent)
{
    private const string SendMessage = "send_message";

    private readonly bool _repliesInText = agent.Text("agent_type") is "letta_v1_agent" or "react_agent" or "workflow_agent";

    /// <summary>What was seen on the way.</summary>
    public TranscriptNotes Notes { get; } = new();

    /// <summary>The identifier of a message.</summary>
    /// <param name="place">Its place among the agent's.</param>
    public string IdOf(int place) => EntityId.Format("message", agent.Messages.Entries[place].Id is var id && id != Guid.Empty ? id : LettaCodeFormat.Derive($"{agent.SourceId}#{place}"));

    /// <summary>The time of a message; <see langword="null"/> where the file does not tell.</summary>
    /// <param name="place">Its place among the agent's.</param>
    public DateTimeOffset? TimeOf(int place) => Row(place).TimeOrNull("created_at");

    /// <summary>Converts messages.</summary>
    /// <param name="places">Their places among the agent's, oldest first.</param>
    /// <param name="inContext">The places of those in context.</param>
    /// <param name="isDefault">Whether this is the agent's main conversation, whose first system message is the compiled prompt.</param>
    public IEnumerable<TranscriptMessage> Convert(IReadOnlyList<int> places, IReadOnlySet<int> inContext, bool isDefault)
    {
        var returns = FindReturns(places);
        var (last, first) = (DateTimeOffset.UnixEpoch, true);
        foreach (var (place, i) in places.Select((p, i) => (p, i)))
        {
            var row = Row(place);
            var time = row.TimeOrNull("created_at") ?? last;
            last = time;
            foreach (var message in ConvertRow(row, place, i, time, returns, inContext, isDefault && first))
            {
                first = false;
                yield return message;
            }

            first &= row.StringOrNull("role") == "system";
        }
    }

    /// <summary>The texts of a message that a transcript must show, by other means than the conversion: what the verification looks for.</summary>
    /// <param name="place">Its place among the agent's.</param>
    /// <param name="number">Which of its results; of others than results the first row has all.</param>
    public IEnumerable<string> Expected(int place, int number)
    {
        var row = Row(place);
        var role = row.StringOrNull("role");
        if (role == "tool")
        {
            return Returns(row).Skip(number).Take(1).SelectMany(r => r.Parts).Where(p => p.Kind == TranscriptPartKind.Text).Select(p => p.Text);
        }

        if (number > 0)
        {
            return [];
        }

        var texts = row.Items("content").Select(p => p.StringOrNull("type") switch
        {
            "text" => role is "user" or "summary" ? Shown(p.StringOrNull("text")) : p.StringOrNull("text"),
            "reasoning" => p.StringOrNull("reasoning"),
            _ => null,
        });
        var calls = row.Items("tool_calls").Select(c => c.ObjectOrNull("function") ?? c).Select(f => f.StringOrNull("name") is { } name && name != SendMessage ? name : Parse(f.StringOrNull("arguments"))?.StringOrNull("message"));
        return texts.Concat(calls).OfType<string>().Where(t => t.Trim().Length > 0);
    }

    /// <summary>Whether a message needs no row: the compiled prompt, an empty turn of the model, and what only says that a message was sent or a call allowed.</summary>
    /// <param name="place">Its place among the agent's.</param>
    public bool MayBeAbsent(int place) => Row(place) is var row
        && (row.StringOrNull("role") is "system" or "approval" || (row.StringOrNull("role") == "tool" ? row.StringOrNull("name") == SendMessage && Returns(row).All(r => !r.IsError) : !Expected(place, 0).Any()));

    private static string? Shown(string? text) => text is not null && Event(text)?.Summary is { } summary ? summary : MessageText.Said(text);

    private JsonElement Row(int place) => JsonSerializer.Deserialize<JsonElement>(agent.Messages.Row(agent.Messages.Entries[place]));

    private IEnumerable<TranscriptMessage> ConvertRow(JsonElement row, int place, int at, DateTimeOffset time, ReturnIndex returns, IReadOnlySet<int> inContext, bool mayBePrompt)
    {
        var shown = inContext.Contains(place);
        Notes.MadeUpTimes += LettaCodeFormat.IsTakenForMadeUp(time) ? 1 : 0;
        switch (row.StringOrNull("role"))
        {
            case "system" when mayBePrompt:
                break;
            case "assistant":
            case "approval" when row.Items("tool_calls").Any():
                foreach (var message in Assistant(row, place, at, time, returns, inContext))
                {
                    yield return message;
                }

                break;
            case "tool":
            case "approval":
                foreach (var orphan in returns.Orphans(at))
                {
                    yield return Reminder(SuffixedId(place, orphan.Number), place, time, shown, $"The tool '{orphan.Return.Tool ?? row.StringOrNull("name") ?? "unknown"}' returned this, but its call is not in the history:\n{Flatten(orphan.Return)}");
                    Notes.Orphans++;
                }

                break;
            case "user" or "summary":
                yield return User(row, place, time, shown);
                break;
            default:
                yield return Reminder(IdOf(place), place, time, shown, Plain(row));
                break;
        }
    }

    private TranscriptMessage User(JsonElement row, int place, DateTimeOffset time, bool shown)
    {
        var texts = row.Items("content").Where(p => p.StringOrNull("type") == "text").Select(p => p.StringOrNull("text") ?? string.Empty).ToList();
        if (texts is [var only] && Event(only) is { } what && row.Items("content").Count() == 1)
        {
            return what.Summary is { } summary ? Summarized(place, time, shown, summary) : Reminder(IdOf(place), place, time, shown, only);
        }

        if (row.StringOrNull("role") == "summary")
        {
            return Summarized(place, time, shown, string.Join('\n', texts));
        }

        var message = new TranscriptMessage
        {
            Id = IdOf(place),
            Role = TranscriptRole.User,
            Time = time,
            Source = place,
            IsInContext = shown,
            Name = row.StringOrNull("name"),
            SenderId = row.StringOrNull("sender_id"),
        };
        AddParts(message, row.Items("content"), MessageText.Said);
        if (message.Parts.Count == 0)
        {
            message.AddText(string.Empty);
        }

        return message;
    }

    private TranscriptMessage Summarized(int place, DateTimeOffset time, bool shown, string summary)
    {
        Notes.Summaries++;
        var message = new TranscriptMessage { Id = IdOf(place), Role = TranscriptRole.User, Time = time, Source = place, IsInContext = shown, Summary = summary };
        message.AddText(summary);
        return message;
    }

    private static TranscriptMessage Reminder(string id, int place, DateTimeOffset time, bool shown, string text)
    {
        var message = new TranscriptMessage { Id = id, Role = TranscriptRole.User, Time = time, Source = place, IsInContext = shown };
        message.AddText($"<system-reminder>\n{text}\n</system-reminder>");
        return message;
    }

    private IEnumerable<TranscriptMessage> Assistant(JsonElement row, int place, int at, DateTimeOffset time, ReturnIndex returns, IReadOnlySet<int> inContext)
    {
        var calls = Calls(row, place).ToList();
        var answers = calls.Select(c => returns.Take(c.Id, at)).ToList();
        var shown = inContext.Contains(place) || answers.Exists(a => a is { } answer && inContext.Contains(answer.Place));
        var message = new TranscriptMessage { Id = IdOf(place), Role = TranscriptRole.Assistant, Time = time, Source = place, IsInContext = shown, Model = row.StringOrNull("model") };
        AddSpeech(message, row, asThought: calls.Count > 0 && !_repliesInText);
        var used = new HashSet<string>(StringComparer.Ordinal);
        var results = new List<TranscriptMessage>();
        foreach (var (call, answer) in calls.Zip(answers))
        {
            if (call.Name == SendMessage)
            {
                AddSent(message, call.Arguments);
                if (answer is { Return.IsError: true } failed)
                {
                    results.Add(Reminder(SuffixedId(failed.Place, failed.Number), failed.Place, TimeOf(failed.Place) ?? time, inContext.Contains(failed.Place) || shown, $"The message was not sent:\n{Flatten(failed.Return)}"));
                }

                continue;
            }

            // Some models number their calls anew in every turn; within one row they must differ.
            var id = used.Add(call.Id) ? call.Id : $"{call.Id}-{used.Count}";
            used.Add(id);
            message.Parts.Add(new(TranscriptPartKind.ToolCall, id, call.Name, Arguments(call.Arguments)));
            results.Add(Result(id, call.Name, answer, place, results.Count, time, shown));
        }

        if (message.Parts.Count == 0)
        {
            Notes.EmptyTurns++;
            yield break;
        }

        yield return message;

        // What is no result would part the others from their calls.
        foreach (var result in results.OrderBy(r => r.Role == TranscriptRole.ToolResult ? 0 : 1))
        {
            yield return result;
        }
    }

    private TranscriptMessage Result(string callId, string tool, ReturnPlace? answer, int place, int number, DateTimeOffset time, bool shown)
    {
        if (answer is not { } found)
        {
            Notes.Unanswered++;
            var none = new TranscriptMessage
            {
                Id = $"{IdOf(place)}.{(number + 1).ToString(CultureInfo.InvariantCulture)}",
                Role = TranscriptRole.ToolResult,
                Time = time,
                IsInContext = shown,
                CallId = callId,
                ToolName = tool,
                IsError = true,
            };
            none.AddText("The history of the Letta V1 server has no result of this call.");
            return none;
        }

        var result = new TranscriptMessage
        {
            Id = SuffixedId(found.Place, found.Number),
            Role = TranscriptRole.ToolResult,
            Time = TimeOf(found.Place) ?? time,
            Source = found.Place,
            IsInContext = shown,
            CallId = callId,
            ToolName = tool,
            IsError = found.Return.IsError,
        };
        result.Parts.AddRange(found.Return.Parts);
        Notes.LongResults += result.Parts.Exists(p => p.Kind == TranscriptPartKind.Text && p.Text.Length > LettaCodeFormat.ToolResultLimit) ? 1 : 0;
        return result;
    }

    private string SuffixedId(int place, int number) => number == 0 ? IdOf(place) : $"{IdOf(place)}.{number.ToString(CultureInfo.InvariantCulture)}";

    private void AddSpeech(TranscriptMessage message, JsonElement row, bool asThought)
    {
        foreach (var part in row.Items("content"))
        {
            switch (part.StringOrNull("type"))
            {
                case "text" when part.StringOrNull("text") is { } text:
                    if (asThought)
                    {
                        AddThought(message, text);
                    }
                    else if (text.Length > 0)
                    {
                        message.AddText(text);
                    }

                    break;
                case "reasoning":
                    AddThought(message, part.StringOrNull("reasoning"));
                    break;
                case "redacted_reasoning" or "omitted_reasoning":
                    Notes.HiddenThoughts++;
                    break;
                default:
                    // A model's row takes no images.
                    var other = Part(part, t => t);
                    message.Parts.Add(other.Kind == TranscriptPartKind.Text ? other : new(TranscriptPartKind.Text, $"[An image of type {other.Name}]"));
                    break;
            }
        }
    }

    /// <summary>The client sends thoughts of another provider as text, without anything between them and what follows: a blank line must be theirs.</summary>
    private static void AddThought(TranscriptMessage message, string? text)
    {
        if (!string.IsNullOrWhiteSpace(text))
        {
            message.Parts.Add(new(TranscriptPartKind.Thinking, text.TrimEnd('\n') + "\n\n"));
        }
    }

    /// <summary>What an agent sent is its reply. Arguments that are no JSON are shown as they are.</summary>
    private static void AddSent(TranscriptMessage message, string? arguments)
    {
        if (Parse(arguments) is { ValueKind: JsonValueKind.Object } given && given.StringOrNull("message") is { } sent)
        {
            AddThought(message, given.StringOrNull("inner_thoughts") ?? given.StringOrNull("thinking"));
            message.AddText(sent);
        }
        else if (!string.IsNullOrWhiteSpace(arguments))
        {
            message.AddText(arguments);
        }
    }

    private void AddParts(TranscriptMessage message, IEnumerable<JsonElement> parts, Func<string?, string?> text)
    {
        foreach (var part in parts)
        {
            message.Parts.Add(Part(part, text));
        }
    }

    private TranscriptPart Part(JsonElement part, Func<string?, string?> text)
    {
        switch (part.StringOrNull("type"))
        {
            case "text":
                return new(TranscriptPartKind.Text, text(part.StringOrNull("text")) ?? string.Empty);
            case "image" when part.ObjectOrNull("source") is { } source:
                if (source.StringOrNull("data") is { Length: > 0 } data)
                {
                    Notes.Images++;
                    return new(TranscriptPartKind.Image, data, source.StringOrNull("media_type") ?? "image/png");
                }

                Notes.LostImages++;
                return new(TranscriptPartKind.Text, $"[An image: {source.StringOrNull("url") ?? source.StringOrNull("file_id") ?? "its data is not in the backup"}]");
            default:
                return new(TranscriptPartKind.Text, part.GetRawText());
        }
    }

    private static IEnumerable<Call> Calls(JsonElement row, int place) => row.Items("tool_calls").Select((call, i) =>
    {
        var function = call.ObjectOrNull("function") ?? call;
        return new Call(call.StringOrNull("id") ?? $"call-{place}-{i}", function.StringOrNull("name") ?? "unknown", function.StringOrNull("arguments"));
    });

    /// <summary>Arguments as the object that they must be.</summary>
    private static JsonElement Arguments(string? text) => Parse(text) switch
    {
        { ValueKind: JsonValueKind.Object } given => given,
        { } other => JsonSerializer.SerializeToElement(new Dictionary<string, JsonElement> { ["input"] = other }),
        null when string.IsNullOrWhiteSpace(text) => JsonSerializer.SerializeToElement(new Dictionary<string, JsonElement>()),
        null => JsonSerializer.SerializeToElement(new Dictionary<string, string> { ["input"] = text }),
    };

    private static JsonElement? Parse(string? text)
    {
        try
        {
            return string.IsNullOrWhiteSpace(text) ? null : JsonSerializer.Deserialize<JsonElement>(text);
        }
        catch (JsonException)
        {
            // Models write what they like.
            return null;
        }
    }

    /// <summary>What servers tell agents as if a user had said it: logins, heartbeats, alerts and summaries.</summary>
    private static SystemEvent? Event(string text)
    {
        if (!text.AsSpan().TrimStart().StartsWith("{", StringComparison.Ordinal) || Parse(text) is not { ValueKind: JsonValueKind.Object } given
            || given.StringOrNull("type") is not ("login" or "heartbeat" or "system_alert") || given.StringOrNull("time") is null)
        {
            return null;
        }

        var message = given.StringOrNull("message");
        return given.StringOrNull("type") == "system_alert" && message?.Contains("summary of the previous", StringComparison.Ordinal) == true ? new(message) : new(Summary: null);
    }

    private ReturnIndex FindReturns(IReadOnlyList<int> places)
    {
        var index = new ReturnIndex(Returns, Row, places);
        for (var i = 0; i < places.Count; i++)
        {
            if (agent.Messages.Entries[places[i]].Key.Role is MessageRole.System or MessageRole.User)
            {
                continue;
            }

            var row = Row(places[i]);
            index.Add(i, row);
            foreach (var call in Calls(row, places[i]))
            {
                index.AddCall(i, call.Id);
            }
        }

        return index;
    }

    /// <summary>What the tools of a row returned.</summary>
    private IEnumerable<Return> Returns(JsonElement row)
    {
        if (row.StringOrNull("role") == "approval")
        {
            return Approvals(row);
        }

        if (row.StringOrNull("role") != "tool")
        {
            return [];
        }

        var returns = row.Items("tool_returns").ToList();
        if (returns.Count == 0)
        {
            return [new(row.StringOrNull("tool_call_id"), row.StringOrNull("name"), [.. row.Items("content").SelectMany(p => Said(p.TryGetProperty("text", out var text) ? text : p, p))], row.StringOrNull("is_err") == "true" || Failed(row.Items("content").Select(p => p.StringOrNull("text"))))];
        }

        return returns.Select(r =>
        {
            var parts = (r.TryGetProperty("func_response", out var response) && response.ValueKind != JsonValueKind.Null ? Said(response, response) : row.Items("content").SelectMany(p => Said(p.TryGetProperty("text", out var text) ? text : p, p))).ToList();
            foreach (var stream in (string[])["stdout", "stderr"])
            {
                if (string.Join('\n', r.Strings(stream)) is { Length: > 0 } printed)
                {
                    parts.Add(new(TranscriptPartKind.Text, $"{stream}:\n{printed}"));
                }
            }

            return new Return(r.StringOrNull("tool_call_id") ?? row.StringOrNull("tool_call_id"), r.StringOrNull("name") ?? row.StringOrNull("name"), parts, r.StringOrNull("status") == "error" || Failed([response.ValueKind == JsonValueKind.String ? response.GetString() : null]));
        });
    }

    private IEnumerable<Return> Approvals(JsonElement row)
    {
        foreach (var approval in row.Items("approvals"))
        {
            if (approval.TryGetProperty("tool_return", out var returned))
            {
                yield return new(approval.StringOrNull("tool_call_id"), null, [.. Said(returned, returned)], approval.StringOrNull("status") == "error");
            }
            else if (approval.TryGetProperty("approve", out var approve) && approve.ValueKind == JsonValueKind.False)
            {
                yield return new(approval.StringOrNull("tool_call_id"), null, [new(TranscriptPartKind.Text, $"The user did not allow this call: {approval.StringOrNull("reason") ?? "no reason given"}")], IsError: true);
            }
        }

        if (!row.Items("approvals").Any() && row.TryGetProperty("approve", out var all) && all.ValueKind == JsonValueKind.False)
        {
            yield return new(row.StringOrNull("tool_call_id"), null, [new(TranscriptPartKind.Text, $"The user did not allow this call: {row.StringOrNull("denial_reason") ?? "no reason given"}")], IsError: true);
        }
    }

    private IEnumerable<TranscriptPart> Said(JsonElement response, JsonElement part) => response.ValueKind switch
    {
        JsonValueKind.String => [new(TranscriptPartKind.Text, MessageText.Returned(response) ?? response.GetString()!)],
        JsonValueKind.Array => response.EnumerateArray().Select(p => Part(p, t => t)),
        _ => [Part(part, t => t)],
    };

    private static bool Failed(IEnumerable<string?> texts) => texts.Any(t => t?.AsSpan().TrimStart().StartsWith("{", StringComparison.Ordinal) == true && Parse(t) is { ValueKind: JsonValueKind.Object } wrapper && wrapper.TryGetProperty("message", out _) && wrapper.StringOrNull("status") == "Failed");

    private static string Flatten(Return returned) => string.Join('\n', returned.Parts.Select(p => p.Kind == TranscriptPartKind.Text ? p.Text : $"[An image of type {p.Name}]"));

    private static string Plain(JsonElement row)
    {
        var text = new StringBuilder();
        foreach (var part in row.Items("content"))
        {
            text.Append(part.StringOrNull("text") ?? part.GetRawText()).Append('\n');
        }

        return text.ToString().TrimEnd('\n');
    }

    private sealed record SystemEvent(string? Summary);

    private sealed record Call(string Id, string Name, string? Arguments);

    /// <summary>What a tool returned.</summary>
    private sealed record Return(string? CallId, string? Tool, IReadOnlyList<TranscriptPart> Parts, bool IsError);

    /// <summary>Where a return is.</summary>
    private sealed record ReturnPlace(int Place, int Number, Return Return);

    /// <summary>Where the result of each call is. Identifiers of calls repeat in long histories, so the next result counts, up to the next call of that name.</summary>
    private sealed class ReturnIndex(Func<JsonElement, IEnumerable<Return>> read, Func<int, JsonElement> row, IReadOnlyList<int> places)
    {
        private readonly Dictionary<string, Queue<(int At, int Number)>> _byCall = new(StringComparer.Ordinal);
        private readonly Dictionary<string, Queue<int>> _calls = new(StringComparer.Ordinal);
        private readonly HashSet<(int At, int Number)> _taken = [];

        public void AddCall(int at, string call)
        {
            if (!_calls.TryGetValue(call, out var queue))
            {
                _calls.Add(call, queue = new());
            }

            queue.Enqueue(at);
        }

        public void Add(int at, JsonElement value)
        {
            var number = 0;
            foreach (var returned in read(value))
            {
                if (returned.CallId is { } call)
                {
                    if (!_byCall.TryGetValue(call, out var queue))
                    {
                        _byCall.Add(call, queue = new());
                    }

                    queue.Enqueue((at, number));
                }

                number++;
            }
        }

        public ReturnPlace? Take(string call, int after)
        {
            var again = _calls[call];
            again.Dequeue();
            if (!_byCall.TryGetValue(call, out var queue))
            {
                return null;
            }

            var until = again.TryPeek(out var following) && following > after ? following : int.MaxValue;
            while (queue.TryPeek(out var next))
            {
                if (next.At < after)
                {
                    // It came before any call that it could answer, and was shown as an orphan there.
                    queue.Dequeue();
                    continue;
                }

                if (next.At >= until)
                {
                    return null;
                }

                queue.Dequeue();
                _taken.Add(next);
                return new(places[next.At], next.Number, read(row(places[next.At])).ElementAt(next.Number));
            }

            return null;
        }

        /// <summary>The returns of a row that no call before it took.</summary>
        public IEnumerable<(int Number, Return Return)> Orphans(int at) => read(row(places[at])).Select((r, i) => (i, r)).Where(r => !_taken.Remove((at, r.i)));
    }
}

/// <summary>What was seen while messages were converted.</summary>
internal sealed class TranscriptNotes
{
    /// <summary>Calls without a result.</summary>
    public int Unanswered { get; set; }

    /// <summary>Results without a call.</summary>
    public int Orphans { get; set; }

    /// <summary>Summaries.</summary>
    public int Summaries { get; set; }

    /// <summary>Images with their data.</summary>
    public int Images { get; set; }

    /// <summary>Images without.</summary>
    public int LostImages { get; set; }

    /// <summary>Turns of the model with nothing in them.</summary>
    public int EmptyTurns { get; set; }

    /// <summary>Thoughts that their maker does not show.</summary>
    public int HiddenThoughts { get; set; }

    /// <summary>Results that the client clips.</summary>
    public int LongResults { get; set; }

    /// <summary>Messages of a day whose times the client takes for made up.</summary>
    public int MadeUpTimes { get; set; }
}
