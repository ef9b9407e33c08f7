using System.Text;
using System.Text.Json;
using LettaPS.Core.Agents;
using LettaPS.Core.IO;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;

namespace LettaPS.Core.AgentFiles.Writing;

/// <summary>Writes agents of a document as AgentFile v2, with identifiers of the form that imports demand.</summary>
internal sealed class AgentFileWriter
{
    private static readonly string[] s_fileFields = [.. SnapshotFileWriter.FileFields.Where(f => f != "file_name")];

    private readonly AgentDocument _document;
    private readonly FileSelection _selection;
    private readonly Utf8JsonWriter _json;
    private readonly MessageDowngrade _adaptation;
    private readonly Dictionary<string, string> _ids = new(StringComparer.Ordinal);
    private readonly List<FilePart> _blocks;
    private readonly List<FilePart> _tools;
    private readonly List<FilePart> _sources;
    private readonly Dictionary<string, string> _fileIds = new(StringComparer.Ordinal);
    private int _messages;
    private int _views;

    private AgentFileWriter(AgentDocument document, FileSelection selection, Utf8JsonWriter json)
    {
        _document = document;
        _selection = selection;
        _json = json;
        _adaptation = new MessageDowngrade(selection.Target ?? ReleaseCapabilities.Newest, selection.Identities);
        _blocks = Number("block", document.Blocks, selection.Agents.SelectMany(a => a.BlockIds), selection.OmittedBlocks);
        _tools = Number("tool", document.Tools, selection.Agents.SelectMany(a => a.ToolIds), selection.OmittedTools);
        _sources = Number("source", document.Sources, selection.Agents.SelectMany(a => a.SourceIds), selection.OmittedSources);
    }

    /// <summary>Writes the file.</summary>
    /// <param name="selection">What of it.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="now">The time that the file says.</param>
    /// <returns>How many messages had to be said in words of the target's release.</returns>
    public static int Write(AgentDocument document, FileSelection selection, Stream destination, DateTimeOffset now, CancellationToken cancellationToken)
    {
        using var output = new BufferedOutput(destination);
        using var json = new Utf8JsonWriter(output, SnapshotFileWriter.WriterOptions);
        var writer = new AgentFileWriter(document, selection, json);
        writer.WriteDocument(now, cancellationToken);
        json.Flush();
        output.Flush();
        return writer._adaptation.Adapted;
    }

    private List<FilePart> Number(string kind, List<FilePart> parts, IEnumerable<string> used, IReadOnlySet<string> omitted)
    {
        var wanted = used.Where(u => !omitted.Contains(u)).ToHashSet(StringComparer.Ordinal);
        var numbered = new List<FilePart>();
        foreach (var part in parts.Where(p => wanted.Contains(p.FileId)))
        {
            var id = $"{kind}-{numbered.Count}";
            _ids[part.FileId] = id;
            numbered.Add(part with { FileId = id });
        }

        return numbered;
    }

    private void WriteDocument(DateTimeOffset now, CancellationToken cancellationToken)
    {
        NumberFiles();
        for (var i = 0; i < _selection.Agents.Count; i++)
        {
            _ids[_selection.Agents[i].FileId] = $"agent-{i}";
        }

        _json.WriteStartObject();
        _json.WriteStartArray("agents"u8);
        foreach (var agent in _selection.Agents)
        {
            WriteAgent(agent, cancellationToken);
        }

        _json.WriteEndArray();
        _json.WriteStartArray("groups"u8);
        _json.WriteEndArray();
        WriteParts("blocks", _blocks, SnapshotFileWriter.BlockFields);
        WriteFiles();
        WriteParts("sources", _sources, SnapshotFileWriter.SourceFields);
        WriteParts("tools", _tools, SnapshotFileWriter.ToolFields);
        WriteParts("mcp_servers", _tools.Exists(t => t.Value.StringOrNull("tool_type") == "external_mcp") ? [.. _document.McpServers.Select((s, i) => s with { FileId = $"mcp_server-{i}" })] : [], SnapshotFileWriter.McpFields);
        if (_selection.WithExtension)
        {
            WriteOtherParts(cancellationToken);
        }

        _json.WriteStartObject("metadata"u8);
        _json.WriteString("revision_id"u8, "unknown"u8);
        _json.WriteEndObject();
        _json.WriteString("created_at"u8, now);
        if (_selection.WithExtension)
        {
            WriteExtension(now, cancellationToken);
        }

        _json.WriteEndObject();
    }

    private void WriteAgent(AgentRecord agent, CancellationToken cancellationToken)
    {
        _json.WriteStartObject();
        _json.WriteString("id"u8, _ids[agent.FileId]);
        _json.WriteString("name"u8, _selection.Names.GetValueOrDefault(agent.FileId) ?? agent.Name);
        foreach (var name in AgentFields.Imported.Append("metadata"))
        {
            if (agent.Fields.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                _json.WritePropertyName(name);
                value.WriteTo(_json);
            }
        }

        foreach (var (name, value) in _selection.WithExtension ? AgentFields.Unknown(agent) : [])
        {
            _json.WritePropertyName(name);
            value.WriteTo(_json);
        }

        WriteIds("tool_ids", agent.ToolIds);
        WriteIds("block_ids", agent.BlockIds);
        WriteIds("source_ids", agent.SourceIds);

        // What an import would add by itself must not be added: the file says all that the agent has.
        foreach (var off in (string[])["include_base_tools", "include_multi_agent_tools", "include_base_tool_rules", "include_default_source"])
        {
            _json.WriteBoolean(off, false);
        }

        _json.WriteStartArray("group_ids"u8);
        _json.WriteEndArray();
        WriteFileViews(agent);
        var first = _messages;
        WriteMessages(agent, cancellationToken);
        _json.WriteStartArray("in_context_message_ids"u8);
        foreach (var i in agent.InContext)
        {
            _json.WriteStringValue($"message-{first + i}");
        }

        _json.WriteEndArray();
        _json.WriteEndObject();
    }

    private void WriteMessages(AgentRecord agent, CancellationToken cancellationToken)
    {
        _json.WriteStartArray("messages"u8);
        foreach (var entry in agent.Messages.Entries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var row = agent.Messages.Row(entry);
            var adapted = _adaptation.Adapt(row) is { } other ? JsonValues.ToUtf8(other) : row;

            // The row begins with its brace; the identifiers are put behind it.
            var head = Encoding.UTF8.GetBytes($"{{\"id\":\"message-{_messages++}\",\"agent_id\":\"{_ids[agent.FileId]}\",");
            _json.WriteRawValue((byte[])[.. head, .. adapted[1..]], skipInputValidation: true);
        }

        _json.WriteEndArray();
    }

    private void NumberFiles()
    {
        foreach (var file in _document.Files.Read())
        {
            if (_ids.ContainsKey(file.StringOrNull("source_id") ?? string.Empty))
            {
                _fileIds.TryAdd(file.StringOrNull("id")!, $"file-{_fileIds.Count}");
            }
        }
    }

    private void WriteFiles()
    {
        _json.WriteStartArray("files"u8);
        foreach (var file in _document.Files.Read())
        {
            if (_fileIds.TryGetValue(file.StringOrNull("id")!, out var id))
            {
                _json.WriteStartObject();
                _json.WriteString("id"u8, id);
                var source = _ids[file.StringOrNull("source_id")!];
                _json.WriteString("source_id"u8, source);
                _json.WriteString("file_name"u8, FullName(file.StringOrNull("file_name"), source));
                _json.CopyFields(file, s_fileFields);
                _json.WriteEndObject();
            }
        }

        _json.WriteEndArray();
    }

    /// <summary>Servers keep a file under its source's name and its own, but list it without the first (letta-facts.md 2.9).</summary>
    private string? FullName(string? name, string source)
    {
        var prefix = _sources.First(s => s.FileId == source).Value.StringOrNull("name") + "/";
        return name is null || name.StartsWith(prefix, StringComparison.Ordinal) ? name : prefix + name;
    }

    private void WriteFileViews(AgentRecord agent)
    {
        _json.WriteStartArray("files_agents"u8);
        foreach (var view in agent.FileViews)
        {
            if (_fileIds.TryGetValue(view.StringOrNull("file_id") ?? string.Empty, out var file) && _ids.TryGetValue(view.StringOrNull("source_id") ?? string.Empty, out var source))
            {
                _json.WriteStartObject();
                _json.WriteString("id"u8, $"file_agent-{_views++}");
                _json.WriteString("agent_id"u8, _ids[agent.FileId]);
                _json.WriteString("file_id"u8, file);
                _json.WriteString("source_id"u8, source);
                _json.CopyFields(view, SnapshotFileWriter.FileViewFields);
                _json.WriteEndObject();
            }
        }

        _json.WriteEndArray();
    }

    private void WriteParts(string name, IEnumerable<FilePart> parts, string[] fields) => _json.WriteParts(name, parts.Select(p => (p.FileId, p.Value)), fields);

    /// <summary>What servers ignore and LettaPS does not know stays in the file as it is.</summary>
    private void WriteOtherParts(CancellationToken cancellationToken)
    {
        if (_document.Skills.Count > 0)
        {
            _json.WriteElements("skills", _document.Skills, cancellationToken);
        }

        foreach (var (name, value) in _document.OtherParts)
        {
            _json.WritePropertyName(name);
            value.WriteTo(_json);
        }
    }

    private void WriteExtension(DateTimeOffset now, CancellationToken cancellationToken)
    {
        _json.WriteStartObject(SnapshotFileWriter.Extension);
        _json.WriteNumber("format"u8, SnapshotFileWriter.Format);
        _json.WriteString("exported_at"u8, now);
        _json.WriteString("source"u8, _document.Format.ToString());
        if (_selection.Agents is [var only])
        {
            _json.WriteString("agent_id"u8, only.SourceId);
            _json.WriteStartObject("patch"u8);
            foreach (var name in AgentFields.Patched.Where(only.Fields.ContainsKey))
            {
                _json.WritePropertyName(name);
                only.Fields[name].WriteTo(_json);
            }

            _json.WriteEndObject();
            if (only.Messages.Entries.Count > 0 && only.Messages.Entries.All(e => e.Id != Guid.Empty))
            {
                _json.WriteTexts("message_ids", only.Messages.Entries.Select(e => EntityId.Format("message", e.Id)));
            }
        }

        _json.WriteStartObject("ids"u8);
        foreach (var (original, id) in _ids.Concat(_fileIds))
        {
            // An agent whose file does not tell its identifier is recognised by what stands for it.
            if ((_document.Ids.GetValueOrDefault(original) ?? _selection.Agents.FirstOrDefault(a => a.FileId == original)?.SourceId) is { } known)
            {
                _json.WriteString(id, known);
            }
        }

        _json.WriteEndObject();
        _json.WriteTexts("left_out", LeftOut());
        _json.WriteTexts("missing", _document.Gaps);
        _json.WriteElements("identities", _document.Identities, cancellationToken);
        _json.WriteElements("groups", _document.Groups, cancellationToken);
        _json.WriteElements("archives", _document.Archives, cancellationToken);
        _json.WriteElements("conversations", _document.ConversationItems, cancellationToken);
        _json.WriteElements("passages", _document.Passages.Read(), cancellationToken);
        foreach (var (name, value) in _document.OtherExtensions)
        {
            _json.WritePropertyName(name);
            value.WriteTo(_json);
        }

        _json.WriteEndObject();
    }

    private IEnumerable<string> LeftOut() => _document.LeftOut.Concat(_document.Database is null ? [] : [AgentFilePart.DatabaseRows]).Order(StringComparer.Ordinal);

    private void WriteIds(string name, IEnumerable<string> ids) => _json.WriteTexts(name, ids.Where(_ids.ContainsKey).Select(i => _ids[i]));
}
