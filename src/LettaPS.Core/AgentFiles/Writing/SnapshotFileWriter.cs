using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using LettaPS.Core.Agents;
using LettaPS.Core.IO;
using LettaPS.Core.Json;

namespace LettaPS.Core.AgentFiles.Writing;

/// <summary>
/// Writes an agent as an AgentFile v2 that a stock server (0.16.x) imports, with its whole history, and under the extra key <c>lettaps</c>,
/// which stock servers ignore, everything that the format has no place for.
/// </summary>
/// <remarks>
/// Lists are sorted and numbered by name, so that two exports of an unchanged agent are equal but for their times. The import schemas of
/// files, file views, sources and tools refuse properties that they do not know; of those only the ones that all of 0.16 knows are written
/// there, the others are in the raw state.
/// </remarks>
internal sealed class SnapshotFileWriter : IDisposable
{
    /// <summary>Version of the <c>lettaps</c> part.</summary>
    public const int Format = 1;

    /// <summary>The key of that part.</summary>
    public const string Extension = "lettaps";

    /// <summary>The property of that part that has the rows of the database.</summary>
    public const string DatabaseProperty = "database";

    /// <summary>The property of that part that has items of messages in a form that LettaPS does not know.</summary>
    public const string UnreadMessages = "unread_messages";

    private const string AgentId = "agent-0";

    internal static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Indented = false };

    internal static readonly JsonSerializerOptions SerializerOptions = new() { MaxDepth = JsonValues.MaxDepth, Encoder = WriterOptions.Encoder };

    internal static readonly string[] BlockFields =
    [
        "value", "limit", "project_id", "template_name", "is_template", "template_id", "base_template_id", "deployment_id", "entity_id",
        "preserve_on_migration", "label", "read_only", "description", "metadata", "hidden",
    ];

    internal static readonly string[] ToolFields =
    [
        "tool_type", "description", "source_type", "name", "tags", "source_code", "json_schema", "args_json_schema", "return_char_limit",
        "pip_requirements", "npm_requirements", "default_requires_approval", "enable_parallel_execution", "created_by_id", "last_updated_by_id",
        "metadata_", "project_id",
    ];

    internal static readonly string[] SourceFields = ["name", "description", "instructions", "metadata", "embedding_config"];

    internal static readonly string[] FileFields =
    [
        "file_name", "original_file_name", "file_path", "file_type", "file_size", "file_creation_date", "file_last_modified_date",
        "processing_status", "error_message", "total_chunks", "chunks_embedded", "content",
    ];

    internal static readonly string[] FileViewFields = ["file_name", "is_open", "visible_content", "last_accessed_at", "start_line", "end_line"];

    internal static readonly string[] McpFields = ["server_type", "server_name", "server_url", "stdio_config", "metadata_"];

    private static readonly string[] s_agentFields =
    [
        "name", "tool_rules", "system", "agent_type", "llm_config", "embedding_config", "description", "metadata", "response_format",
        "message_buffer_autoclear", "max_files_open", "per_file_view_window_char_limit",
    ];

    /// <summary>Fields of an agent that the import of every release forgets and only a PATCH sets.</summary>
    private static readonly string[] s_patchFields =
    [
        "model", "embedding", "model_settings", "compaction_settings", "hidden", "project_id", "template_id", "base_template_id", "deployment_id",
        "entity_id", "identity_ids", "enable_sleeptime",
    ];

    private readonly AgentSnapshot _snapshot;
    private readonly IReadOnlyList<string> _leftOut;
    private readonly BufferedOutput _output;
    private readonly Utf8JsonWriter _json;
    private readonly List<(string FileId, string Id)> _ids = [];
    private readonly List<Numbered> _blocks;
    private readonly List<Numbered> _tools;
    private readonly List<Numbered> _sources;
    private readonly Dictionary<string, string> _sourceIds;
    private readonly Dictionary<string, (string FileId, string SourceId)> _fileIds = [];
    private readonly Dictionary<Guid, int> _messageNumbers = [];
    private readonly HashSet<Guid> _messagesNamed;

    private SnapshotFileWriter(AgentSnapshot snapshot, IReadOnlyList<string> leftOut, Stream destination)
    {
        _snapshot = snapshot;
        _leftOut = leftOut;
        _output = new BufferedOutput(destination);
        _json = new Utf8JsonWriter(_output, WriterOptions);
        _blocks = Number("block", AgentState.Blocks(snapshot.State), "label");
        _tools = Number("tool", snapshot.State.Items("tools"), "name");
        _sources = Number("source", snapshot.Sources, "name");
        _sourceIds = _sources.Where(s => s.Id is not null).ToDictionary(s => s.Id!, s => s.FileId, StringComparer.Ordinal);
        _ids.Insert(0, (AgentId, snapshot.Agent.Id));

        // Of a million messages only few are named anywhere else.
        _messagesNamed = [.. snapshot.InContext, .. snapshot.Conversations.SelectMany(c => c.Messages.Concat(InContextOf(c)))];
    }

    /// <summary>Writes the file.</summary>
    /// <param name="snapshot">The agent.</param>
    /// <param name="leftOut">What was left out on request: names of <see cref="AgentFilePart"/>.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="exportedAt">The time that the file says.</param>
    /// <returns>What the file holds.</returns>
    public static AgentFileCounts Write(AgentSnapshot snapshot, IReadOnlyList<string> leftOut, Stream destination, DateTimeOffset exportedAt, CancellationToken cancellationToken)
    {
        using var composer = new SnapshotFileWriter(snapshot, leftOut, destination);
        composer.WriteDocument(exportedAt, cancellationToken);
        composer._json.Flush();
        composer._output.Flush();
        return new AgentFileCounts(
            snapshot.Messages.Entries.Count,
            snapshot.Messages.Rebuilt,
            snapshot.Passages.Count,
            composer._blocks.Count,
            composer._tools.Count,
            snapshot.Files.Count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _json.Dispose();
        _output.Dispose();
    }

    private void WriteDocument(DateTimeOffset exportedAt, CancellationToken cancellationToken)
    {
        _json.WriteStartObject();

        _json.WriteStartArray("agents"u8);
        WriteAgent(cancellationToken);
        _json.WriteEndArray();

        _json.WriteStartArray("groups"u8);
        _json.WriteEndArray();

        WriteList("blocks", _blocks, BlockFields);
        WriteFiles();
        WriteSources();
        WriteList("tools", _tools, ToolFields);
        WriteList("mcp_servers", Number("mcp_server", _snapshot.McpServers, "server_name"), McpFields);

        foreach (var (name, value) in _snapshot.OtherParts)
        {
            _json.WritePropertyName(name);
            value.WriteTo(_json);
        }

        _json.WriteStartObject("metadata"u8);
        _json.WriteString("revision_id"u8, _snapshot.SchemaRevision ?? "unknown");
        _json.WriteEndObject();
        _json.WriteString("created_at"u8, exportedAt);

        WriteExtension(exportedAt, cancellationToken);
        _json.WriteEndObject();
    }

    private void WriteAgent(CancellationToken cancellationToken)
    {
        var state = _snapshot.State;
        _json.WriteStartObject();
        _json.WriteString("id"u8, AgentId);
        _json.CopyFields(state, s_agentFields);
        _json.WriteString("timezone"u8, state.StringOrNull("timezone") ?? "UTC");
        _json.WriteTexts("tags", _snapshot.Agent.Tags.Order(StringComparer.Ordinal));
        _json.WriteTexts("tool_ids", _tools.Select(t => t.FileId));
        _json.WriteTexts("block_ids", _blocks.Select(b => b.FileId));
        _json.WriteTexts("source_ids", _sources.Select(s => s.FileId));

        _json.WriteStartObject("tool_exec_environment_variables"u8);
        foreach (var variable in AgentState.Variables(state))
        {
            // Snapshots without secrets have no values; the import takes an empty one and keeps the key.
            _json.WriteString(variable.StringOrNull("key") ?? string.Empty, AgentState.Value(variable) ?? string.Empty);
        }

        _json.WriteEndObject();

        // What an import would add by itself must not be added: the file says all that the agent has.
        foreach (var off in (string[])["include_base_tools", "include_multi_agent_tools", "include_base_tool_rules", "include_default_source"])
        {
            _json.WriteBoolean(off, false);
        }

        foreach (var (name, value) in _snapshot.OtherFields)
        {
            _json.WritePropertyName(name);
            value.WriteTo(_json);
        }

        _json.WriteTexts("group_ids", []);
        WriteFileViews();
        WriteMessages(cancellationToken);
        _json.WriteTexts("in_context_message_ids", _snapshot.InContext.Where(_messageNumbers.ContainsKey).Select(FileMessageId));
        _json.WriteEndObject();
    }

    private void WriteMessages(CancellationToken cancellationToken)
    {
        _json.WriteStartArray("messages"u8);
        var row = new List<byte>();
        var number = 0;
        foreach (var entry in _snapshot.Messages.Entries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_messagesNamed.Contains(entry.Id))
            {
                _messageNumbers.TryAdd(entry.Id, number);
            }

            // The stored row begins with its brace; the identifiers, which depend on the place in this file, are put behind it.
            row.Clear();
            row.AddRange(Encoding.UTF8.GetBytes($"{{\"id\":\"message-{number++}\",\"agent_id\":\"{AgentId}\","));
            row.AddRange(_snapshot.Messages.Row(entry)[1..]);
            _json.WriteRawValue(CollectionsMarshal.AsSpan(row), skipInputValidation: true);
        }

        _json.WriteEndArray();
    }

    private void WriteFiles()
    {
        _json.WriteStartArray("files"u8);
        foreach (var (file, fileId) in NumberedFiles())
        {
            if (file.StringOrNull("source_id") is not { } source || !_sourceIds.TryGetValue(source, out var sourceId))
            {
                continue;
            }

            _json.WriteStartObject();
            _json.WriteString("id"u8, fileId);
            _json.WriteString("source_id"u8, sourceId);
            _json.CopyFields(file, FileFields);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private IEnumerable<(JsonElement File, string FileId)> NumberedFiles()
    {
        var number = 0;
        foreach (var file in _snapshot.Files.Read())
        {
            yield return (file, $"file-{number++}");
        }
    }

    /// <summary>Called before the files are written, because the agent comes first in the document.</summary>
    private void WriteFileViews()
    {
        foreach (var (file, fileId) in NumberedFiles())
        {
            if (file.StringOrNull("id") is { } id && file.StringOrNull("source_id") is { } source && _sourceIds.TryGetValue(source, out var sourceId))
            {
                _fileIds[id] = (fileId, sourceId);
                _ids.Add((fileId, id));
            }
        }

        _json.WriteStartArray("files_agents"u8);
        var number = 0;
        foreach (var view in _snapshot.FileViews)
        {
            if (view.StringOrNull("file_id") is not { } id || !_fileIds.TryGetValue(id, out var file))
            {
                continue;
            }

            var viewId = $"file_agent-{number++}";
            _json.WriteStartObject();
            _json.WriteString("id"u8, viewId);
            _json.WriteString("agent_id"u8, AgentId);
            _json.WriteString("file_id"u8, file.FileId);
            _json.WriteString("source_id"u8, file.SourceId);
            _json.CopyFields(view, FileViewFields);
            _json.WriteEndObject();
            if (view.StringOrNull("id") is { } original)
            {
                _ids.Add((viewId, original));
            }
        }

        _json.WriteEndArray();
    }

    private void WriteSources() => WriteList("sources", _sources, SourceFields);

    private void WriteList(string name, List<Numbered> items, string[] fields) => _json.WriteParts(name, items.Select(i => (i.FileId, i.Value)), fields);

    private void WriteExtension(DateTimeOffset exportedAt, CancellationToken cancellationToken)
    {
        _json.WriteStartObject(Extension);
        _json.WriteNumber("format"u8, Format);
        _json.WriteString("exported_at"u8, exportedAt);
        _json.WriteString("source"u8, _snapshot.Source);
        _json.WriteString("server_version"u8, _snapshot.Agent.Connection.ReportedVersion);
        _json.WriteString("schema_revision"u8, _snapshot.SchemaRevision);
        _json.WriteString("agent_id"u8, _snapshot.Agent.Id);

        _json.WriteStartObject("ids"u8);
        foreach (var (fileId, id) in _ids)
        {
            _json.WriteString(fileId, id);
        }

        _json.WriteEndObject();

        _json.WriteStartArray("message_ids"u8);
        foreach (var entry in _snapshot.Messages.Entries)
        {
            _json.WriteStringValue(EntityId.Format("message", entry.Id));
        }

        _json.WriteEndArray();
        _json.WriteNumber("rebuilt_messages"u8, _snapshot.Messages.Rebuilt);
        _json.WriteTexts("left_out", _leftOut);
        _json.WriteTexts("missing", _snapshot.Missing);
        if (_snapshot.UnreadMessages.Count > 0)
        {
            _json.WriteElements(UnreadMessages, _snapshot.UnreadMessages, cancellationToken);
        }


        _json.WriteStartObject("patch"u8);
        _json.CopyFields(_snapshot.State, s_patchFields);
        _json.WriteEndObject();

        _json.WriteElements("identities", _snapshot.Identities.Where(i => i.ValueKind == JsonValueKind.Object), cancellationToken);
        _json.WriteElements("groups", _snapshot.Groups.Where(i => i.ValueKind == JsonValueKind.Object), cancellationToken);
        WriteConversations();
        _json.WriteElements("archives", _snapshot.Archives.Where(i => i.ValueKind == JsonValueKind.Object), cancellationToken);

        _json.WriteElements("passages", _snapshot.Passages.Read(), cancellationToken);
        _json.WritePropertyName("state"u8);
        _snapshot.State.WriteTo(_json);
        if (_snapshot.Database is { } database)
        {
            _json.WritePropertyName(DatabaseProperty);
            database.Write(_json, cancellationToken);
        }

        _json.WriteEndObject();
    }

    private void WriteConversations()
    {
        _json.WriteStartArray("conversations"u8);
        foreach (var conversation in _snapshot.Conversations)
        {
            _json.WriteStartObject();
            foreach (var property in conversation.Conversation.EnumerateObject())
            {
                if (property.Name != "in_context_message_ids")
                {
                    property.WriteTo(_json);
                }
            }

            _json.WriteTexts("message_ids", conversation.Messages.Where(_messageNumbers.ContainsKey).Select(FileMessageId));
            _json.WriteTexts(
                "in_context_message_ids",
                InContextOf(conversation).Where(_messageNumbers.ContainsKey).Select(FileMessageId));
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private static IEnumerable<Guid> InContextOf(ConversationLog conversation) =>
        conversation.Conversation.Strings("in_context_message_ids").Select(id => EntityId.TryParse(id, "message", out var uuid) ? uuid : Guid.Empty);

    private string FileMessageId(Guid id) => $"message-{_messageNumbers[id]}";

    /// <summary>
    /// Sorts items by name, so that their numbers do not depend on the order in which the server happened to answer. An item that the server lists twice is one
    /// item; what is not an object is only in the agent state.
    /// </summary>
    private List<Numbered> Number(string prefix, IEnumerable<JsonElement> items, string nameField)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        var sorted = items
            .Where(i => i.ValueKind == JsonValueKind.Object && (i.StringOrNull("id") is not { } id || known.Add(id)))
            .OrderBy(i => i.StringOrNull(nameField), StringComparer.Ordinal)
            .ThenBy(i => i.StringOrNull("id"), StringComparer.Ordinal)
            .Select((value, i) => new Numbered($"{prefix}-{i}", value.StringOrNull("id"), value))
            .ToList();
        _ids.AddRange(sorted.Where(s => s.Id is not null).Select(s => (s.FileId, s.Id!)));
        return sorted;
    }

    private sealed record Numbered(string FileId, string? Id, JsonElement Value);
}

/// <summary>What an agent file holds.</summary>
/// <param name="Rebuilt">How many of them were rebuilt from the view of the API.</param>
/// <param name="Passages">Archival passages.</param>
/// <param name="Blocks">Memory blocks.</param>
/// <param name="Files">Files of attached sources.</param>
internal sealed record AgentFileCounts(int Messages, int Rebuilt, int Passages, int Blocks, int Tools, int Files);
