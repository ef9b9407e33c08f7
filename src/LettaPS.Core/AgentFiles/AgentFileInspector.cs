using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;

namespace LettaPS.Core.AgentFiles;

/// <summary>
/// Reads an agent file of any origin once from beginning to end, in little memory, and says what it is, what it holds and what in it does not fit together.
/// </summary>
internal sealed class AgentFileInspector
{
    private const int MaxProblems = 50;

    private readonly IdSet _blocks = new("block");
    private readonly IdSet _tools = new("tool");
    private readonly IdSet _sources = new("source");
    private readonly IdSet _files = new("file");
    private readonly IdSet _messages = new("message");
    private readonly List<(string Place, string Id, IdSet Among)> _references = [];
    private readonly List<string> _problems = [];
    private readonly HashSet<string> _seen = [];
    private int _agents;
    private int _passages;
    private int _memoryBlocks;
    private int _legacyLargestIndex = -1;
    private int _legacyMessages;
    private int _inContext;
    private string? _agentId;
    private string? _name;
    private string? _rootId;
    private IReadOnlyList<string> _missing = [];

    private AgentFileInspector()
    {
    }

    /// <summary>Examines a file.</summary>
    /// <param name="stream">The file.</param>
    /// <returns>What it is and holds; where it is not well-formed, that is its one problem.</returns>
    public static async Task<AgentFileInfo> InspectAsync(Stream stream, CancellationToken cancellationToken)
    {
        var inspector = new AgentFileInspector();
        using var json = new JsonStreamReader(stream);
        try
        {
            var first = await json.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (first == JsonTokenType.String)
            {
                // Some tools encoded the document twice: a JSON text that holds the JSON text.
                await json.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
                using var inner = new MemoryStream(Encoding.UTF8.GetBytes(json.Text!));
                return await InspectAsync(inner, cancellationToken).ConfigureAwait(false);
            }

            if (first != JsonTokenType.StartObject)
            {
                return Nothing(AgentFileFormat.Unknown, first == JsonTokenType.None ? "The file is empty." : "The file is JSON, but not an agent.");
            }

            await inspector.ReadRootAsync(json, cancellationToken).ConfigureAwait(false);
            await json.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (JsonException e)
        {
            return Nothing(AgentFileFormat.Unknown, $"The file is not well-formed JSON ({JsonErrorLocation.Of(e, json.Position)}).");
        }

        return inspector.Result();
    }

    private static AgentFileInfo Nothing(AgentFileFormat format, string problem) => new() { Format = format, Problems = [problem] };

    private async Task ReadRootAsync(JsonStreamReader json, CancellationToken cancellationToken)
    {
        while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.PropertyName)
        {
            var name = json.PropertyName!;
            _seen.Add(name);
            switch (name)
            {
                case "agents":
                    await ReadAgentsAsync(json, cancellationToken).ConfigureAwait(false);
                    break;
                case "core_memory" or "blocks":
                    await ReadIdsAsync(json, _blocks, cancellationToken).ConfigureAwait(false);
                    break;
                case "tools":
                    await ReadIdsAsync(json, _tools, cancellationToken).ConfigureAwait(false);
                    break;
                case "sources":
                    await ReadIdsAsync(json, _sources, cancellationToken).ConfigureAwait(false);
                    break;
                case "files":
                    await ReadFilesAsync(json, cancellationToken).ConfigureAwait(false);
                    break;
                case "messages":
                    await ReadLegacyMessagesAsync(json, cancellationToken).ConfigureAwait(false);
                    break;
                case "in_context_message_indices":
                    await ReadLegacyContextAsync(json, cancellationToken).ConfigureAwait(false);
                    break;
                case SnapshotFileWriter.Extension:
                    await ReadExtensionAsync(json, cancellationToken).ConfigureAwait(false);
                    break;
                case "memory":
                    // Agent states of every release have their blocks here; those of 0.14 and later at the top as well.
                    _memoryBlocks = await json.ReadValueAsync(cancellationToken).ConfigureAwait(false) is { } memory ? memory.Items("blocks").Count() : 0;
                    break;
                case "name" or "id":
                    var value = await json.ReadValueAsync(cancellationToken).ConfigureAwait(false);
                    var text = value is { ValueKind: JsonValueKind.String } v ? v.GetString() : null;
                    _ = name == "id" ? _rootId = text : _name = text;
                    break;
                default:
                    await json.SkipAsync(cancellationToken).ConfigureAwait(false);
                    break;
            }
        }
    }

    private async Task ReadAgentsAsync(JsonStreamReader json, CancellationToken cancellationToken)
    {
        if (!await EnterAsync(json, JsonTokenType.StartArray, "agents", cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.StartObject)
        {
            var place = $"agents[{_agents}]";
            _agents++;
            while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.PropertyName)
            {
                await ReadAgentPropertyAsync(json, place, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task ReadAgentPropertyAsync(JsonStreamReader json, string place, CancellationToken cancellationToken)
    {
        var name = json.PropertyName!;
        switch (name)
        {
            case "name":
                var value = await json.ReadValueAsync(cancellationToken).ConfigureAwait(false);
                _name ??= value is { ValueKind: JsonValueKind.String } v ? v.GetString() : null;
                break;
            case "messages":
                await ReadIdsAsync(json, _messages, cancellationToken).ConfigureAwait(false);
                break;
            case "in_context_message_ids":
                _inContext += await ReadReferencesAsync(json, $"{place}.{name}", _messages, cancellationToken).ConfigureAwait(false);
                break;
            case "block_ids":
                await ReadReferencesAsync(json, $"{place}.{name}", _blocks, cancellationToken).ConfigureAwait(false);
                break;
            case "tool_ids":
                await ReadReferencesAsync(json, $"{place}.{name}", _tools, cancellationToken).ConfigureAwait(false);
                break;
            case "source_ids":
                await ReadReferencesAsync(json, $"{place}.{name}", _sources, cancellationToken).ConfigureAwait(false);
                break;
            case "files_agents":
                await ReadFileViewsAsync(json, $"{place}.{name}", cancellationToken).ConfigureAwait(false);
                break;
            default:
                await json.SkipAsync(cancellationToken).ConfigureAwait(false);
                break;
        }
    }

    private async Task ReadFileViewsAsync(JsonStreamReader json, string place, CancellationToken cancellationToken)
    {
        await foreach (var view in ArrayAsync(json, place, cancellationToken).ConfigureAwait(false))
        {
            Refer(place, view.StringOrNull("file_id"), _files);
            Refer(place, view.StringOrNull("source_id"), _sources);
        }
    }

    private async Task ReadFilesAsync(JsonStreamReader json, CancellationToken cancellationToken)
    {
        await foreach (var file in ArrayAsync(json, "files", cancellationToken).ConfigureAwait(false))
        {
            Define(file, _files);
            Refer("files", file.StringOrNull("source_id"), _sources);
        }
    }

    private async Task ReadIdsAsync(JsonStreamReader json, IdSet ids, CancellationToken cancellationToken)
    {
        await foreach (var item in ArrayAsync(json, ids.Kind + "s", cancellationToken).ConfigureAwait(false))
        {
            Define(item, ids);
        }
    }

    private async Task<int> ReadReferencesAsync(JsonStreamReader json, string place, IdSet among, CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var id in ArrayAsync(json, place, cancellationToken).ConfigureAwait(false))
        {
            count++;
            Refer(place, id.ValueKind == JsonValueKind.String ? id.GetString() : id.GetRawText(), among);
        }

        return count;
    }

    private async Task ReadLegacyMessagesAsync(JsonStreamReader json, CancellationToken cancellationToken)
    {
        await foreach (var _ in ArrayAsync(json, "messages", cancellationToken).ConfigureAwait(false))
        {
            _legacyMessages++;
        }
    }

    private async Task ReadLegacyContextAsync(JsonStreamReader json, CancellationToken cancellationToken)
    {
        var largest = -1;
        await foreach (var index in ArrayAsync(json, "in_context_message_indices", cancellationToken).ConfigureAwait(false))
        {
            _inContext++;
            largest = index.ValueKind == JsonValueKind.Number && index.TryGetInt32(out var i) ? Math.Max(largest, i) : int.MaxValue;
        }

        _legacyLargestIndex = largest;
    }

    private async Task ReadExtensionAsync(JsonStreamReader json, CancellationToken cancellationToken)
    {
        if (!await EnterAsync(json, JsonTokenType.StartObject, SnapshotFileWriter.Extension, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.PropertyName)
        {
            switch (json.PropertyName)
            {
                case "agent_id":
                    _agentId = await json.ReadValueAsync(cancellationToken).ConfigureAwait(false) is { ValueKind: JsonValueKind.String } id ? id.GetString() : null;
                    break;
                case "passages":
                    await foreach (var _ in ArrayAsync(json, "lettaps.passages", cancellationToken).ConfigureAwait(false))
                    {
                        _passages++;
                    }

                    break;
                case "message_ids":
                    var count = 0;
                    await foreach (var _ in ArrayAsync(json, "lettaps.message_ids", cancellationToken).ConfigureAwait(false))
                    {
                        count++;
                    }

                    if (count != _messages.Count)
                    {
                        Problem($"lettaps.message_ids names {count} messages, but the file holds {_messages.Count}.");
                    }

                    break;
                case "conversations":
                    await foreach (var conversation in ArrayAsync(json, "lettaps.conversations", cancellationToken).ConfigureAwait(false))
                    {
                        foreach (var message in conversation.Strings("message_ids").Concat(conversation.Strings("in_context_message_ids")))
                        {
                            Refer("lettaps.conversations", message, _messages);
                        }
                    }

                    break;
                case "missing":
                    var missing = new List<string>();
                    await foreach (var item in ArrayAsync(json, "lettaps.missing", cancellationToken).ConfigureAwait(false))
                    {
                        missing.Add(item.ToString());
                    }

                    _missing = missing;
                    break;
                default:
                    await json.SkipAsync(cancellationToken).ConfigureAwait(false);
                    break;
            }
        }
    }

    /// <summary>Reads the elements of the list that comes next; another value is a problem of the file, <c>null</c> is an empty list.</summary>
    private async IAsyncEnumerable<JsonElement> ArrayAsync(
        JsonStreamReader json, string place, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!await EnterAsync(json, JsonTokenType.StartArray, place, cancellationToken).ConfigureAwait(false))
        {
            yield break;
        }

        while (await json.ReadValueAsync(cancellationToken).ConfigureAwait(false) is { } value)
        {
            yield return value;
        }
    }

    private async Task<bool> EnterAsync(JsonStreamReader json, JsonTokenType expected, string place, CancellationToken cancellationToken)
    {
        var token = await json.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (token == expected)
        {
            return true;
        }

        if (token != JsonTokenType.Null)
        {
            Problem($"{place} is not {(expected == JsonTokenType.StartArray ? "a list" : "an object")}.");
        }

        await json.SkipRestAsync(token, cancellationToken).ConfigureAwait(false);
        return false;
    }

    private void Define(JsonElement item, IdSet ids)
    {
        if (item.StringOrNull("id") is not { } id)
        {
            // The legacy form has no identifiers at all; whether this file is of that form is known at its end.
            ids.Nameless++;
        }
        else if (!ids.Add(id))
        {
            Problem($"The id {id} is there twice.");
        }
    }

    private void Refer(string place, string? id, IdSet among)
    {
        if (id is not null && !among.Contains(id))
        {
            // What it refers to may come later in the file.
            _references.Add((place, id, among));
        }
    }

    private void Problem(string text)
    {
        if (_problems.Count < MaxProblems)
        {
            _problems.Add(text);
        }
    }

    private AgentFileInfo Result()
    {
        var format = Format();
        if (format == AgentFileFormat.Unknown)
        {
            return Nothing(format, "The file is JSON, but not an agent.");
        }

        foreach (var (place, id, among) in _references)
        {
            if (!among.Contains(id))
            {
                Problem($"{place} refers to the {among.Kind} {id}, which is not in the file.");
            }
        }

        if (format == AgentFileFormat.AgentFile)
        {
            foreach (var ids in (IdSet[])[_blocks, _tools, _sources, _files, _messages])
            {
                if (ids.Nameless > 0)
                {
                    Problem($"{ids.Nameless} of the {ids.Kind}s have no id.");
                }
            }
        }

        if (format == AgentFileFormat.AgentFile && _agents == 0)
        {
            Problem("The file holds no agent.");
        }

        if (format == AgentFileFormat.Legacy && _legacyLargestIndex >= _legacyMessages)
        {
            Problem("in_context_message_indices refers to a message that is not in the file.");
        }

        return new AgentFileInfo
        {
            Format = format,
            Agents = format == AgentFileFormat.AgentFile ? _agents : 1,
            AgentId = _agentId ?? (format == AgentFileFormat.AgentState ? _rootId : null),
            AgentName = _name,
            HasExtension = _seen.Contains(SnapshotFileWriter.Extension),
            Messages = format == AgentFileFormat.AgentFile ? _messages.Count : _legacyMessages,
            InContext = _inContext,
            Passages = _passages,
            Blocks = Math.Max(_blocks.Count, _memoryBlocks),
            Tools = _tools.Count,
            Files = _files.Count,
            Missing = _missing,
            Problems = _problems,
        };
    }

    private AgentFileFormat Format()
    {
        if (_seen.Contains("agents") && _seen.Contains("blocks"))
        {
            return AgentFileFormat.AgentFile;
        }

        if (_seen.Contains("core_memory") && _seen.Contains("messages"))
        {
            return AgentFileFormat.Legacy;
        }

        return _seen.Contains("message_ids") && EntityId.TryParse(_rootId, "agent", out _) ? AgentFileFormat.AgentState : AgentFileFormat.Unknown;
    }

    /// <summary>Identifiers of one kind. Those of the usual form, its word and a number, take four bytes each.</summary>
    private sealed class IdSet(string kind)
    {
        private readonly HashSet<int> _numbers = [];
        private readonly HashSet<string> _texts = [];

        public string Kind => kind;

        /// <summary>Things of this kind without an identifier.</summary>
        public int Nameless { get; set; }

        public int Count => _numbers.Count + _texts.Count + Nameless;

        public bool Add(string id) => Number(id) is { } n ? _numbers.Add(n) : _texts.Add(id);

        public bool Contains(string id) => Number(id) is { } n ? _numbers.Contains(n) : _texts.Contains(id);

        private int? Number(string id)
        {
            var start = kind.Length + 1;
            return id.Length > start
                && id.StartsWith(kind, StringComparison.Ordinal)
                && id[kind.Length] == '-'
                && (id[start] != '0' || id.Length == start + 1)
                && int.TryParse(id.AsSpan(start), NumberStyles.None, CultureInfo.InvariantCulture, out var n)
                ? n
                : null;
        }
    }
}
