using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Json;

namespace LettaPS.Core.LettaCode;

/// <summary>
/// Reads back what was written, by rules at least as strict as the client's: the client drops rows of another shape and results that do not follow their call
/// without a word. Then it compares what is there with the source.
/// </summary>
/// <param name="agent">The source.</param>
/// <param name="converter">Knows the texts of the source.</param>
/// <param name="agentId">The agent in the local backend.</param>
internal sealed class LettaCodeVerifier(AgentRecord agent, TranscriptConverter converter, string agentId)
{
    /// <summary>Checks the folder of a conversation.</summary>
    /// <param name="conversationId">The conversation.</param>
    /// <param name="places">The messages that it is made of.</param>
    /// <param name="inContext">Those in context.</param>
    /// <param name="rows">How many rows it has.</param>
    public async Task CheckConversationAsync(string folder, string conversationId, IReadOnlyList<int> places, IReadOnlySet<int> inContext, int rows, CancellationToken cancellationToken)
    {
        try
        {
            await CheckAsync(folder, conversationId, places, inContext, rows, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw Failed($"'{conversationId}': {e.Message.TrimEnd('.')}");
        }
    }

    private async Task CheckAsync(string folder, string conversationId, IReadOnlyList<int> places, IReadOnlySet<int> inContext, int rows, CancellationToken cancellationToken)
    {
        var manifest = LettaCodeRoot.Read(Path.Combine(folder, "manifest.json"));
        Require(manifest is { } m && m.GetProperty("schema_version").GetInt32() == LettaCodeFormat.SchemaVersion && m.StringOrNull("message_format") == LettaCodeFormat.MessageFormat && m.StringOrNull("provider_stack") == LettaCodeFormat.ProviderStack, $"the manifest of '{conversationId}'");
        var record = LettaCodeRoot.Read(Path.Combine(folder, "conversation.json")) ?? throw Failed($"the record of '{conversationId}'");
        Require(record.StringOrNull("id") == conversationId && record.StringOrNull("agent_id") == agentId, $"the record of '{conversationId}'");
        Require(Path.GetFileName(folder) == LettaCodeFormat.Segment(LettaCodeFormat.ConversationKey(conversationId, agentId)), $"the folder of '{conversationId}'");

        var wanted = record.Strings("in_context_message_ids").ToList();
        var reader = new TranscriptReader(conversationId, agentId, wanted);
        var byId = places.ToDictionary(converter.IdOf, p => p, StringComparer.Ordinal);
        var seen = new HashSet<int>();
        await foreach (var line in File.ReadLinesAsync(Path.Combine(folder, "messages.jsonl"), cancellationToken).ConfigureAwait(false))
        {
            if (reader.Take(line) is not { } message)
            {
                continue;
            }

            var id = message.StringOrNull("id")!;
            var dot = id.IndexOf('.', StringComparison.Ordinal);
            if (byId.TryGetValue(dot < 0 ? id : id[..dot], out var place))
            {
                seen.Add(place);
                Compare(message, place, dot < 0 ? 0 : int.Parse(id.AsSpan(dot + 1), CultureInfo.InvariantCulture), conversationId);
            }
        }

        reader.Finish();
        Require(reader.Rows == rows, $"'{conversationId}': {reader.Rows} of {rows} rows");
        var shown = wanted.ToHashSet(StringComparer.Ordinal);
        foreach (var place in places)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Require(seen.Contains(place) || converter.MayBeAbsent(place), $"'{conversationId}': the message {converter.IdOf(place)} is missing");
            Require(!inContext.Contains(place) || !seen.Contains(place) || shown.Contains(converter.IdOf(place)), $"'{conversationId}': the message {converter.IdOf(place)} is not in context");
        }
    }

    /// <summary>Checks the memory.</summary>
    /// <param name="repositories">Reads it.</param>
    /// <param name="folder">The repository.</param>
    /// <param name="memory">What was written.</param>
    /// <returns>How many commits there are.</returns>
    public async Task<int> CheckMemoryAsync(IMemoryRepositories repositories, string folder, AgentMemory memory, CancellationToken cancellationToken)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        var bodies = memory.Blocks.ToDictionary(b => b.Path, b => b.Value, StringComparer.Ordinal);
        var commits = await repositories.ReadAsync(
            folder,
            (path, content) =>
            {
                found.Add(path);
                Require(memory.Files.TryGetValue(path, out var hash) && hash.AsSpan().SequenceEqual(SHA256.HashData(content.Span)), $"the file '{path}' of the memory");
                if (path.EndsWith(".md", StringComparison.Ordinal))
                {
                    var text = Encoding.UTF8.GetString(content.Span);
                    var problem = path.StartsWith("skills/", StringComparison.Ordinal) ? null : MemoryText.Problem(text);
                    Require(problem is null, $"the file '{path}' of the memory: {problem}");
                    Require(!bodies.TryGetValue(path, out var value) || MemoryText.Body(text) == MemoryText.Normalize(value).Trim(), $"the text of the block in '{path}'");
                }
            },
            cancellationToken).ConfigureAwait(false);
        Require(found.SetEquals(memory.Files.Keys), $"{memory.Files.Count - found.Count} files of the memory");
        Require(commits == memory.Versions + 1, $"the history of the memory, which has {commits} of {memory.Versions + 1} commits");
        return commits;
    }

    /// <summary>Checks the file of the agent.</summary>
    public void CheckAgent(string file)
    {
        var record = LettaCodeRoot.Read(file) ?? throw Failed("the file of the agent");
        Require(record.StringOrNull("id") == agentId && agentId.StartsWith("agent-local-", StringComparison.Ordinal), "the identifier of the agent");
        Require(record.StringOrNull("name") == agent.Name && record.StringOrNull("system") == (agent.Text("system") ?? string.Empty) && record.StringOrNull("description") == agent.Text("description"), "name, description or system prompt of the agent");
        Require(record.Strings("tags").SequenceEqual(agent.Items("tags").Where(t => t.ValueKind == JsonValueKind.String).Select(t => t.GetString()!)), "the tags of the agent");
        Require(record.StringOrNull("model") is { Length: > 0 } && record.ObjectOrNull("model_settings") is not null, "the model of the agent");
    }

    private void Compare(JsonElement message, int place, int number, string conversationId)
    {
        var text = string.Join('\n', message.Items("content").Select(p => p.StringOrNull("text") ?? p.StringOrNull("thinking") ?? p.StringOrNull("name") ?? string.Empty));
        foreach (var expected in converter.Expected(place, number))
        {
            Require(text.Contains(expected.TrimEnd('\n'), StringComparison.Ordinal), $"'{conversationId}': the message {converter.IdOf(place)} does not say what its source says");
        }
    }

    private void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw Failed(what);
        }
    }

    private LettaException Failed(string what) => new(
        ErrorIds.LettaCodeVerificationFailed,
        LettaErrorKind.InvalidData,
        $"The agent '{agent.Name}' was not converted, because this is not as Letta Code reads it: {what}. The destination is unchanged.",
        "Check the backup, then report the problem with the message above: Test-LettaBackup <path>",
        agent.SourceId);

    /// <summary>Reads the rows of a transcript one after the other.</summary>
    private sealed class TranscriptReader(string conversationId, string agentId, List<string> inContext)
    {
        private readonly HashSet<string> _rows = new(StringComparer.Ordinal);
        private readonly HashSet<string> _messages = new(StringComparer.Ordinal);
        private readonly HashSet<string> _wanted = new(inContext, StringComparer.Ordinal);
        private readonly HashSet<string> _pending = new(StringComparer.Ordinal);
        private bool _begun;
        private string? _parent;
        private int _shown;

        public int Rows { get; private set; }

        public JsonElement? Take(string line)
        {
            var row = JsonSerializer.Deserialize<JsonElement>(line);
            if (!_begun)
            {
                _begun = true;
                Require(row.StringOrNull("type") == "session" && row.GetProperty("version").GetInt32() == 3 && row.StringOrNull("id") == conversationId && row.StringOrNull("timestamp") is not null && row.StringOrNull("cwd") is not null);
                return null;
            }

            Rows++;
            var type = row.StringOrNull("type");
            Require(type is "message" or "compaction");
            Require(row.StringOrNull("id") is { Length: 8 } id && _rows.Add(id));
            Require(row.StringOrNull("parentId") == _parent && (_parent is not null || row.GetProperty("parentId").ValueKind == JsonValueKind.Null));
            Require(DateTimeOffset.TryParse(row.StringOrNull("timestamp"), CultureInfo.InvariantCulture, out _));
            Require(type == "message" || (row.StringOrNull("summary") is not null && row.GetProperty("firstKeptEntryId").ValueKind is JsonValueKind.Null or JsonValueKind.String && row.GetProperty("tokensBefore").ValueKind == JsonValueKind.Number));
            _parent = row.StringOrNull("id");
            var message = row.ObjectOrNull("message") ?? default;
            TakeMessage(message);
            return message;
        }

        public void Finish()
        {
            Require(_begun && _pending.Count == 0);
            Require(_wanted.Count == inContext.Count && _shown == inContext.Count);
            Require(inContext.Count > 0 || Rows == 0);
        }

        private void TakeMessage(JsonElement message)
        {
            var id = message.StringOrNull("id");
            Require(id is { Length: > 0 } && _messages.Add(id));
            Require(message.GetProperty("timestamp").ValueKind == JsonValueKind.Number && message.ObjectOrNull("metadata") is { } metadata && metadata.StringOrNull("agent_id") == agentId && metadata.StringOrNull("conversation_id") == conversationId);
            var shown = _wanted.Contains(id!);
            if (shown)
            {
                Require(inContext[_shown++] == id);
            }

            var role = message.StringOrNull("role");
            Require(message.GetProperty("content").ValueKind == JsonValueKind.Array && message.Items("content").All(p => IsPart(p, role)));
            Require(!shown || _shown > 1 || role == "user");
            if (role == "toolResult")
            {
                // It follows its call, with nothing but other results between, and is in context if its call is.
                Require(message.StringOrNull("toolCallId") is { } call && _pending.Remove($"{(shown ? '+' : '-')}{call}"));
                Require(message.StringOrNull("toolName") is not null && message.GetProperty("isError").ValueKind is JsonValueKind.True or JsonValueKind.False);
                return;
            }

            Require(_pending.Count == 0 && role is "user" or "assistant");
            if (role == "assistant")
            {
                Require(message.Items("content").Any() && message.ObjectOrNull("usage") is not null && message.StringOrNull("api") is not null && message.StringOrNull("provider") is not null && message.StringOrNull("model") is not null);
                foreach (var part in message.Items("content").Where(p => p.StringOrNull("type") == "toolCall"))
                {
                    Require(_pending.Add($"{(shown ? '+' : '-')}{part.StringOrNull("id")}"));
                }

                Require(message.StringOrNull("stopReason") == (_pending.Count > 0 ? "toolUse" : "stop"));
            }
        }

        private static bool IsPart(JsonElement part, string? role) => part.StringOrNull("type") switch
        {
            "text" => part.StringOrNull("text") is not null,
            "image" => role != "assistant" && part.StringOrNull("mimeType") is not null && part.StringOrNull("data") is not null,
            "thinking" => role == "assistant" && part.StringOrNull("thinking") is { } text && text.EndsWith("\n\n", StringComparison.Ordinal),
            "toolCall" => role == "assistant" && part.StringOrNull("id") is not null && part.StringOrNull("name") is not null && part.ObjectOrNull("arguments") is not null,
            _ => false,
        };

        private void Require(bool holds)
        {
            if (!holds)
            {
                throw new JsonException($"Row {Rows} of the conversation '{conversationId}' has not the shape that Letta Code reads.");
            }
        }
    }
}
