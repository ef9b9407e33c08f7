using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Agents;
using LettaPS.Core.IO;
using LettaPS.Core.Json;
using LettaPS.Core.Text;

namespace LettaPS.Core.AgentFiles.Reading;

/// <summary>
/// Reads an agent file of any form from beginning to end, in little memory, into the one model that everything else works on. Files come from strangers:
/// whatever is not as it must be is an error that names the file and the place.
/// </summary>
internal sealed class AgentFileReader
{
    private readonly AgentDocument _document;
    private readonly bool _outline;
    private readonly AgentRecord _root;
    private readonly HashSet<string> _fileIds = new(StringComparer.Ordinal);
    private readonly List<string> _fileSources = [];
    private readonly Dictionary<string, JsonElement> _rootFields = new(StringComparer.Ordinal);
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly List<(AgentRecord Agent, List<string> Messages, List<string> InContext)> _contexts = [];
    private readonly List<int> _rootContext = [];
    /// <summary>Identifiers of the messages in their order; <see langword="null"/> for what is none.</summary>
    private List<Guid?> _messageIds = [];
    private List<JsonElement>? _list;
    private bool _saysWhatIsLeftOut;
    private JsonElement? _state;
    private JsonElement? _patch;
    private JsonElement? _agentId;

    private const string Skills = "skills";

    /// <summary>Properties that SDKs and scripts store an answer under.</summary>
    private static readonly string[] s_wrappers = ["body", "data", "result", "agent", "items", "value", "content", "Content", "response"];

    private AgentFileReader(AgentDocument document, bool outline)
    {
        _document = document;
        _outline = outline;
        _root = new AgentRecord("agent-0", new MessageLog(document.WorkFolder));
    }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="workFolder">Where long lists are kept until the document is disposed.</param>
    /// <param name="outline">Leave out messages, passages and the contents of files: enough to say what is in the file.</param>
    /// <exception cref="LettaException"><c>InvalidAgentFile</c>: the file is damaged or not an agent; the message names the place.</exception>
    public static async Task<AgentDocument> ReadAsync(string path, string workFolder, bool outline, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var text = OpenText(path, bytes => hash.AppendData(bytes));
        return await ReadAsync(text, hash, path, workFolder, outline, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads an open file.</summary>
    /// <param name="text">Its text, as <see cref="OpenText"/> gives it.</param>
    /// <param name="hash">The SHA-256 of what was read of the file.</param>
    /// <param name="path">The file; empty where messages are not to name it.</param>
    /// <param name="workFolder">Where long lists are kept until the document is disposed.</param>
    /// <param name="outline">Leave out messages, passages and the contents of files.</param>
    internal static async Task<AgentDocument> ReadAsync(Stream text, IncrementalHash hash, string path, string workFolder, bool outline, CancellationToken cancellationToken)
    {
        var document = new AgentDocument(path, workFolder);
        try
        {
            var reader = new AgentFileReader(document, outline);
            await reader.ReadAsync(text, nested: false, cancellationToken).ConfigureAwait(false);
            document.Sha256 = Convert.ToHexString(hash.GetCurrentHash()).ToLowerInvariant();
            await reader.CompleteAsync(cancellationToken).ConfigureAwait(false);
            return document;
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file to read it, in UTF-8. Windows PowerShell's <c>&gt;</c> writes UTF-16, which servers import too (recorded).</summary>
    /// <param name="path">The file.</param>
    /// <param name="observe">Shown the bytes as they are in the file.</param>
    internal static Stream OpenText(string path, ProgressStream.Observer observe)
    {
        var file = Open(path);
        Span<byte> mark = stackalloc byte[2];
        var read = file.ReadAtLeast(mark, 2, throwOnEndOfStream: false);
        file.Position = 0;
        var stream = new ProgressStream(file, observe);
        return mark[..read] switch
        {
            [0xFF, 0xFE] => Encoding.CreateTranscodingStream(stream, Encoding.Unicode, Encoding.UTF8),
            [0xFE, 0xFF] => Encoding.CreateTranscodingStream(stream, Encoding.BigEndianUnicode, Encoding.UTF8),
            _ => stream,
        };
    }

    /// <summary>The error that a file is not the one any more that was read first.</summary>
    /// <param name="path">The file.</param>
    internal static LettaException Changed(string path) => new(
        ErrorIds.AgentFileChanged, LettaErrorKind.InvalidData, $"'{path}' was changed while it was being restored.", "Wait until nothing writes to the file, then run the command again.", path);

    private static FileStream Open(string path)
    {
        try
        {
            return File.OpenRead(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LettaException(ErrorIds.AgentFileReadFailed, LettaErrorKind.Storage, $"'{path}' cannot be read: {e.Message}", $"Check the owner and the mode of the file: Get-Item -LiteralPath '{path}' | Format-List *", path, e);
        }
    }

    private async Task ReadAsync(Stream stream, bool nested, CancellationToken cancellationToken)
    {
        using var json = new JsonStreamReader(stream, maxDepth: JsonStreamReader.MaxFileDepth);
        try
        {
            var first = await json.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (first == JsonTokenType.String && !nested)
            {
                // Some tools encoded the document twice: a JSON text that holds the JSON text.
                await json.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
                await ReadNestedAsync(Encoding.UTF8.GetBytes(json.Text!), cancellationToken).ConfigureAwait(false);
                return;
            }

            if (first == JsonTokenType.StartArray)
            {
                // What GET /v1/agents/ answers: a list of agent states.
                _list = [];
                while (await json.ReadValueAsync(cancellationToken).ConfigureAwait(false) is { } item)
                {
                    _list.Add(item);
                }

                await json.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
                return;
            }

            if (first != JsonTokenType.StartObject)
            {
                throw Invalid(first == JsonTokenType.None ? "the file is empty" : "the file is JSON, but not an object");
            }

            while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.PropertyName)
            {
                await ReadRootPropertyAsync(json, cancellationToken).ConfigureAwait(false);
            }

            await json.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (JsonException e)
        {
            throw Invalid($"the file is not well-formed JSON ({JsonErrorLocation.Of(e, json.Position)})", e);
        }
    }

    private async Task ReadNestedAsync(byte[] text, CancellationToken cancellationToken)
    {
        using var inner = new MemoryStream(text);
        await ReadAsync(inner, nested: true, cancellationToken).ConfigureAwait(false);
    }

    private async Task ReadRootPropertyAsync(JsonStreamReader json, CancellationToken cancellationToken)
    {
        var name = json.PropertyName!;
        _seen.Add(name);
        switch (name)
        {
            case "agents":
                await ReadAgentsAsync(json, cancellationToken).ConfigureAwait(false);
                break;
            case "messages":
                await ReadMessagesAsync(json, "messages", _root, null, cancellationToken).ConfigureAwait(false);
                break;
            case "in_context_message_indices":
                await foreach (var (index, place) in ElementsAsync(json, name, cancellationToken).ConfigureAwait(false))
                {
                    _rootContext.Add(index.ValueKind == JsonValueKind.Number && index.TryGetInt32(out var i) ? i : throw Invalid($"{place} is not a number"));
                }

                break;
            case "files":
                await ReadFilesAsync(json, cancellationToken).ConfigureAwait(false);
                break;
            case SnapshotFileWriter.Extension:
                _document.HasExtension = true;
                await ReadExtensionAsync(json, cancellationToken).ConfigureAwait(false);
                break;
            default:
                _rootFields[name] = await ReadValueAsync(json, name, cancellationToken).ConfigureAwait(false);
                break;
        }
    }

    private async Task ReadAgentsAsync(JsonStreamReader json, CancellationToken cancellationToken)
    {
        if (!await EnterAsync(json, JsonTokenType.StartArray, "agents", cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        for (var token = await json.ReadAsync(cancellationToken).ConfigureAwait(false); token != JsonTokenType.EndArray; token = await json.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            var place = $"agents[{_document.Agents.Count}]";
            if (token != JsonTokenType.StartObject)
            {
                throw Invalid($"{place} is not an object");
            }

            var agent = new AgentRecord(string.Empty, new MessageLog(_document.WorkFolder));
            _document.Agents.Add(agent);
            var (messages, inContext) = (new List<string>(), new List<string>());
            _contexts.Add((agent, messages, inContext));
            while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.PropertyName)
            {
                await ReadAgentPropertyAsync(json, place, agent, messages, inContext, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task ReadAgentPropertyAsync(JsonStreamReader json, string agentPlace, AgentRecord agent, List<string> messages, List<string> inContext, CancellationToken cancellationToken)
    {
        var name = json.PropertyName!;
        var place = $"{agentPlace}.{name}";
        switch (name)
        {
            case "id":
                agent.FileId = Text(await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false), place);
                break;
            case "messages":
                await ReadMessagesAsync(json, place, agent, messages, cancellationToken).ConfigureAwait(false);
                break;
            case "in_context_message_ids":
                inContext.AddRange(Texts(await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false), place));
                break;
            case "block_ids":
                agent.BlockIds = Texts(await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false), place);
                break;
            case "tool_ids":
                agent.ToolIds = Texts(await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false), place);
                break;
            case "source_ids":
                agent.SourceIds = Texts(await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false), place);
                break;
            case "files_agents":
                agent.FileViews.AddRange(Objects(await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false), place));
                break;
            default:
                agent.Fields[name] = await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false);
                break;
        }
    }

    private async Task ReadMessagesAsync(JsonStreamReader json, string place, AgentRecord agent, List<string>? ids, CancellationToken cancellationToken)
    {
        var entries = new List<MessageEntry>();
        await foreach (var (message, at) in ElementsAsync(json, place, cancellationToken).ConfigureAwait(false))
        {
            if (message.ValueKind != JsonValueKind.Object)
            {
                throw Invalid($"{at} is not an object");
            }

            if (message.StringOrNull("role") is null)
            {
                throw Invalid($"{at}.role is not a text");
            }

            _document.MessageCount++;
            ids?.Add(message.StringOrNull("id") ?? throw Invalid($"{at}.id is not a text"));
            entries.Add(_outline
                ? new MessageEntry(Guid.Empty, 0, 0, new MessageKey(message.StringOrNull("role") == "system" ? MessageRole.System : MessageRole.Other, 0, 0), Rebuilt: false)
                : agent.Messages.Keep(Guid.Empty, MessageRow.FromFile(MessageRowNormalizer.WithContent(message)), rebuilt: false));
        }

        agent.Messages.Arrange(entries);
    }

    private async Task ReadFilesAsync(JsonStreamReader json, CancellationToken cancellationToken)
    {
        await foreach (var (file, place) in ElementsAsync(json, "files", cancellationToken).ConfigureAwait(false))
        {
            _fileIds.Add(file.StringOrNull("id") ?? throw Invalid($"{place}.id is not a text"));
            _document.FileCount++;
            if (file.StringOrNull("source_id") is { } source)
            {
                _fileSources.Add(source);
            }

            if (!_outline)
            {
                _document.Files.Append(JsonValues.ToUtf8(file));
            }
        }
    }

    private async Task ReadExtensionAsync(JsonStreamReader json, CancellationToken cancellationToken)
    {
        if (!await EnterAsync(json, JsonTokenType.StartObject, SnapshotFileWriter.Extension, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.PropertyName)
        {
            var place = $"{SnapshotFileWriter.Extension}.{json.PropertyName}";
            switch (json.PropertyName)
            {
                case "passages":
                    await foreach (var (passage, at) in ElementsAsync(json, place, cancellationToken).ConfigureAwait(false))
                    {
                        if (passage.StringOrNull("text") is null)
                        {
                            throw Invalid($"{at}.text is not a text");
                        }

                        _document.PassageCount++;
                        if (!_outline)
                        {
                            _document.Passages.Append(JsonValues.ToUtf8(passage));
                        }
                    }

                    break;
                case "message_ids":
                    _messageIds = [.. Texts(await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false), place).Select(id => MessageId(id, place))];
                    break;
                case "ids":
                    ReadIds(await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false), place);
                    break;
                case "missing":
                    _document.Gaps.AddRange(Texts(await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false), place));
                    break;
                case "left_out":
                    _saysWhatIsLeftOut = true;
                    _document.LeftOut.UnionWith(Texts(await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false), place));
                    break;
                case "identities":
                    _document.Identities.AddRange(Objects(await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false), place));
                    break;
                case "groups":
                    _document.Groups.AddRange(Objects(await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false), place));
                    break;
                case "archives":
                    _document.Archives.AddRange(Objects(await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false), place));
                    break;
                case "conversations":
                    _document.ConversationItems.AddRange(Objects(await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false), place));
                    break;
                case SnapshotFileWriter.DatabaseProperty:
                    _document.Database = await new DatabaseSectionReader(json, _document.Path).ReadAsync(onRows: null, cancellationToken).ConfigureAwait(false);
                    break;
                case "patch":
                    _patch = await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false);
                    break;
                case "state":
                    _state = await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false);
                    break;
                case "format" or "exported_at" or "source" or "server_version" or "schema_revision" or "rebuilt_messages":
                    await json.SkipAsync(cancellationToken).ConfigureAwait(false);
                    break;
                case "agent_id":
                    _agentId = await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false);
                    break;
                default:
                    _document.OtherExtensions[json.PropertyName!] = await ReadValueAsync(json, place, cancellationToken).ConfigureAwait(false);
                    break;
            }
        }
    }

    private void ReadIds(JsonElement ids, string place)
    {
        if (ids.ValueKind != JsonValueKind.Object)
        {
            throw Invalid($"{place} is not an object");
        }

        foreach (var id in ids.EnumerateObject())
        {
            _document.Ids[id.Name] = Text(id.Value, $"{place}.{UntrustedText.Shorten(id.Name)}");
        }
    }

    private async Task CompleteAsync(CancellationToken cancellationToken)
    {
        if (_list is not null)
        {
            CompleteList();
        }
        else if (_seen.Contains("agents") && _seen.Contains("blocks"))
        {
            CompleteAgentFile();
        }
        else if (_seen.Contains("core_memory") && _seen.Contains("messages"))
        {
            CompleteLegacy();
        }
        else if (IsAgentState(_rootFields))
        {
            CompleteStates([(_root, _rootFields)]);
        }
        else if (s_wrappers.Select(w => Wrapped(_rootFields.GetValueOrDefault(w))).FirstOrDefault(w => w is not null) is { } wrapped)
        {
            // The answer that an SDK or PowerShell stored with what was around it.
            _rootFields.Clear();
            _seen.Clear();
            await ReadNestedAsync(Encoding.UTF8.GetBytes(wrapped), cancellationToken).ConfigureAwait(false);
            await CompleteAsync(cancellationToken).ConfigureAwait(false);
            return;
        }
        else
        {
            throw Invalid("the file is JSON, but not an agent");
        }

        var alone = _document.Agents.Count == 1;
        foreach (var agent in _document.Agents.Where(a => a.SourceId.Length == 0))
        {
            agent.SourceId = _document.Ids.GetValueOrDefault(agent.FileId)
                ?? (alone && _agentId is { ValueKind: JsonValueKind.String } id ? id.GetString()! : alone ? $"sha256:{_document.Sha256}" : $"sha256:{_document.Sha256}#{agent.FileId}");
        }

        NoteWhatIsLeftOut();
        AgentDocumentRepair.Mend(_document);
    }

    /// <summary>The answer in a field: an object, a list, or the text of one, as <c>Invoke-WebRequest</c> has it.</summary>
    private static string? Wrapped(JsonElement field) => field.ValueKind switch
    {
        JsonValueKind.Object or JsonValueKind.Array => field.GetRawText(),
        JsonValueKind.String when field.GetString()!.AsSpan().TrimStart() is ['{' or '[', ..] => field.GetString(),
        _ => null,
    };

    private static bool IsAgentState(Dictionary<string, JsonElement> fields) => fields.ContainsKey("message_ids")
        && EntityId.TryParse(fields.GetValueOrDefault("id") is { ValueKind: JsonValueKind.String } id ? id.GetString() : null, "agent", out _);

    private void CompleteLegacy()
    {
        _document.Format = AgentFileFormat.Legacy;
        new LegacyAgentFileReader(_document, _root, _rootFields, Invalid).Complete(_rootContext);
    }

    /// <summary>A list of agent states. What in it is not an agent is a gap, so that the others can be restored.</summary>
    private void CompleteList()
    {
        var states = new List<(AgentRecord, Dictionary<string, JsonElement>)>();
        for (var i = 0; i < _list!.Count; i++)
        {
            var fields = _list[i].ValueKind == JsonValueKind.Object ? Fields(_list[i]) : [];
            if (IsAgentState(fields))
            {
                states.Add((states.Count == 0 ? _root : new AgentRecord($"agent-{states.Count}", new MessageLog(_document.WorkFolder)), fields));
            }
            else
            {
                _document.Gaps.Add($"Item {i} of the list: it is not an agent state.");
                _document.AddProblem($"[{i}] is not an agent state.");
            }
        }

        if (states.Count == 0)
        {
            throw Invalid("the file is a list that holds no agent");
        }

        CompleteStates(states);
    }

    private static Dictionary<string, JsonElement> Fields(JsonElement value)
    {
        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in value.EnumerateObject())
        {
            fields[property.Name] = property.Value;
        }

        return fields;
    }

    private void CompleteStates(List<(AgentRecord Agent, Dictionary<string, JsonElement> Fields)> states)
    {
        _document.Format = AgentFileFormat.AgentState;
        foreach (var (agent, fields) in states)
        {
            new AgentStateReader(_document, agent, fields).Complete();
        }
    }

    /// <summary>A file says itself what was left out on request. Of other files the format tells what they have no place for.</summary>
    private void NoteWhatIsLeftOut()
    {
        if (!_document.HasExtension)
        {
            _document.LeftOut.UnionWith(AgentFilePart.NotInAgentFile);
        }
        else if (!_saysWhatIsLeftOut && _document.Agents.Exists(a => a.Config("tool_exec_environment_variables") is { } v && v.EnumerateObject().Any(p => p.Value.ValueKind == JsonValueKind.String && p.Value.GetString()!.Length == 0)))
        {
            // Files of LettaPS before 0.2 say it only in their manifest.
            _document.LeftOut.Add(AgentFilePart.Secrets);
        }
    }

    private void CompleteAgentFile()
    {
        _document.Format = AgentFileFormat.AgentFile;
        if (_document.Agents.Count == 0)
        {
            throw Invalid("the file holds no agent");
        }

        _document.Blocks = Parts("blocks");
        _document.Tools = Parts("tools");
        _document.Sources = Parts("sources");
        _document.McpServers = Parts("mcp_servers");
        _document.ExportedAt = JsonValues.ToElement(_rootFields).TimeOrNull("created_at");
        _document.Groups.AddRange(RootObjects("groups"));
        var isList = _rootFields.TryGetValue(Skills, out var skills) && skills.ValueKind == JsonValueKind.Array && skills.EnumerateArray().All(s => s.ValueKind == JsonValueKind.Object);
        _document.Skills.AddRange(isList ? skills.EnumerateArray() : []);
        foreach (var (name, value) in _rootFields.Where(f => (!AgentFields.Root.Contains(f.Key) || (f.Key == Skills && !isList)) && !AgentFields.IsEmpty(f.Value)))
        {
            _document.OtherParts[name] = value;
        }

        for (var i = 0; i < _contexts.Count; i++)
        {
            var (agent, messages, inContext) = _contexts[i];
            if (agent.FileId.Length == 0)
            {
                throw Invalid($"agents[{i}].id is missing");
            }

            CompleteContext(agent, messages, inContext, $"agents[{i}]");
            CompleteFields(agent, $"agents[{i}]");
        }

        CheckReferences();
        if (_document.Agents is not [var only])
        {
            return;
        }

        if (_messageIds.Count == only.Messages.Entries.Count)
        {
            only.Messages.Arrange(only.Messages.Entries.Select((e, i) => e with { Id = _messageIds[i] ?? e.Id }));
        }

        foreach (var from in (JsonElement?[])[_patch, _state])
        {
            // What only PATCH sets, and what AgentFile has no place for, is in these two.
            foreach (var property in from is { ValueKind: JsonValueKind.Object } given ? given.EnumerateObject() : default)
            {
                if (AgentFields.Patched.Contains(property.Name))
                {
                    only.Fields.TryAdd(property.Name, property.Value);
                    only.HasNoCompaction |= property is { Name: "compaction_settings", Value.ValueKind: JsonValueKind.Null };
                }
            }
        }
    }

    private List<JsonElement> RootObjects(string name) => _rootFields.TryGetValue(name, out var list) ? Objects(list, name) : [];

    /// <summary>Takes what an agent may say under another name: blocks within the agent, environment variables as <c>secrets</c>.</summary>
    private void CompleteFields(AgentRecord agent, string place)
    {
        if (agent.Fields.Remove("memory_blocks", out var inline))
        {
            foreach (var block in Objects(inline, $"{place}.memory_blocks"))
            {
                var id = $"{agent.FileId}/block-{_document.Blocks.Count}";
                _document.Blocks.Add(new FilePart(id, block));
                agent.BlockIds.Add(id);
            }
        }

        if (agent.Config("tool_exec_environment_variables")?.EnumerateObject().Any() != true && agent.Config("secrets") is { } secrets)
        {
            agent.Fields["tool_exec_environment_variables"] = secrets;
        }
    }

    private void CheckReferences()
    {
        var messages = _contexts.SelectMany(c => c.Messages).ToHashSet(StringComparer.Ordinal);
        var sources = _document.Sources.Select(s => s.FileId).ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < _document.Agents.Count; i++)
        {
            foreach (var view in _document.Agents[i].FileViews)
            {
                Refer($"agents[{i}].files_agents", "file", view.StringOrNull("file_id"), _fileIds);
                Refer($"agents[{i}].files_agents", "source", view.StringOrNull("source_id"), sources);
            }
        }

        foreach (var source in _fileSources)
        {
            Refer("files", "source", source, sources);
        }

        foreach (var message in _document.ConversationItems.SelectMany(c => c.Strings("message_ids").Concat(c.Strings("in_context_message_ids"))))
        {
            Refer("lettaps.conversations", "message", message, messages);
        }

        if (_messageIds.Count > 0 && _messageIds.Count != messages.Count)
        {
            _document.AddProblem($"lettaps.message_ids names {_messageIds.Count} messages, but the file holds {messages.Count}.");
        }
    }

    /// <summary>The UUID of a message's identifier. One that is none costs the message its identifier, and nothing else.</summary>
    private Guid? MessageId(string id, string place)
    {
        if (EntityId.TryParse(id, "message", out var uuid))
        {
            return uuid;
        }

        _document.AddProblem($"{place} holds '{UntrustedText.Shorten(id)}', which is not the identifier of a message.");
        return null;
    }

    private void Refer(string place, string kind, string? id, HashSet<string> among)
    {
        if (id is not null && !among.Contains(id))
        {
            _document.AddProblem($"{place} refers to the {kind} {UntrustedText.Shorten(id)}, which is not in the file.");
        }
    }

    private void CompleteContext(AgentRecord agent, List<string> messages, List<string> inContext, string place)
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < messages.Count; i++)
        {
            if (!places.TryAdd(messages[i], i))
            {
                throw Invalid($"{place}.messages[{i}].id is '{UntrustedText.Shorten(messages[i])}', which another message has already");
            }
        }

        var lost = 0;
        foreach (var id in inContext)
        {
            if (places.TryGetValue(id, out var i))
            {
                agent.InContext.Add(i);
            }
            else
            {
                _document.AddProblem($"{place}.in_context_message_ids refers to the message {UntrustedText.Shorten(id)}, which is not in the file.");
                lost++;
            }
        }

        if (lost > 0)
        {
            _document.Gaps.Add($"{lost} of the {inContext.Count} messages in context of '{agent.Name}' are not in the file.");
        }
    }

    private List<FilePart> Parts(string name)
    {
        if (!_rootFields.TryGetValue(name, out var list))
        {
            return [];
        }

        var parts = new List<FilePart>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in Objects(list, name))
        {
            var place = $"{name}[{parts.Count}].id";
            var id = item.StringOrNull("id") ?? throw Invalid($"{place} is not a text");
            parts.Add(ids.Add(id) ? new FilePart(id, item) : throw Invalid($"{place} is '{UntrustedText.Shorten(id)}', which another of them has already"));
        }

        return parts;
    }

    private async IAsyncEnumerable<(JsonElement Item, string Place)> ElementsAsync(JsonStreamReader json, string place, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!await EnterAsync(json, JsonTokenType.StartArray, place, cancellationToken).ConfigureAwait(false))
        {
            yield break;
        }

        for (var i = 0; await json.ReadValueAsync(cancellationToken).ConfigureAwait(false) is { } value; i++)
        {
            yield return (value, $"{place}[{i}]");
        }
    }

    private async Task<bool> EnterAsync(JsonStreamReader json, JsonTokenType expected, string place, CancellationToken cancellationToken)
    {
        var token = await json.ReadAsync(cancellationToken).ConfigureAwait(false);
        return token switch
        {
            JsonTokenType.Null => false,
            _ when token == expected => true,
            _ => throw Invalid($"{place} is not {(expected == JsonTokenType.StartArray ? "a list" : "an object")}"),
        };
    }

    private async Task<JsonElement> ReadValueAsync(JsonStreamReader json, string place, CancellationToken cancellationToken) =>
        await json.ReadValueAsync(cancellationToken).ConfigureAwait(false) ?? throw Invalid($"{place} has no value");

    private string Text(JsonElement value, string place) => value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Invalid($"{place} is not a text");

    private List<string> Texts(JsonElement list, string place) => [.. Items(list, place).Select((item, i) => Text(item, $"{place}[{i}]"))];

    private List<JsonElement> Objects(JsonElement list, string place) =>
        [.. Items(list, place).Select((item, i) => item.ValueKind == JsonValueKind.Object ? item : throw Invalid($"{place}[{i}] is not an object"))];

    private JsonElement.ArrayEnumerator Items(JsonElement list, string place) => list.ValueKind switch
    {
        JsonValueKind.Array => list.EnumerateArray(),
        JsonValueKind.Null => default,
        _ => throw Invalid($"{place} is not a list"),
    };

    private LettaException Invalid(string problem) => Invalid(problem, null);

    private LettaException Invalid(string problem, Exception? cause) => Invalid(_document.Path, problem, cause);

    /// <summary>The error that a file is not an agent.</summary>
    /// <param name="path">The file.</param>
    /// <param name="problem">What is wrong with it, and where.</param>
    internal static LettaException Invalid(string path, string problem, Exception? cause) => new(
        ErrorIds.InvalidAgentFile,
        LettaErrorKind.InvalidData,
        $"{(path.Length == 0 ? "The file" : $"'{path}'")} is not an agent that can be restored: {problem}.",
        "Examine the file, and look for another copy of it: Test-LettaBackup <path>",
        path,
        cause);
}
