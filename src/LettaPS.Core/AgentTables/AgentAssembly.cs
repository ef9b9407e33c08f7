using System.Text;
using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.IO;
using LettaPS.Core.Json;
using LettaPS.Core.Sources;
using LettaPS.Core.Text;

namespace LettaPS.Core.AgentTables;

/// <summary>Puts an agent together from its rows as they come, table by table: <c>agents</c> before <c>messages</c>, <c>files</c> before their contents.</summary>
internal sealed class AgentAssembly : IDisposable
{
    /// <summary>Tables that may be long and of which the part <c>database</c> alone has something.</summary>
    private static readonly HashSet<string> s_passedOver =
        ["block_history", "source_passages", "passage_tags", "steps", "step_metrics", "runs", "run_metrics", "jobs", "job_messages"];

    /// <summary>1 MiB: all rows of an ordinary agent.</summary>
    private const int WaitingLimit = 1 << 20;

    private readonly AgentDatabaseFacts _facts;
    private readonly AgentDatabaseRows _database;
    private readonly MessageLog _messages;
    private readonly JsonLog _passages;
    private readonly JsonLog _files;
    private readonly AgentRows _rows;
    private readonly Dictionary<string, DatabaseRow> _filesToCome = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (List<Guid> All, List<string> InContext)> _conversations = new(StringComparer.Ordinal);
    private readonly HashSet<Guid> _unseen = [];
    private readonly List<DatabaseRow> _waiting = [];
    private readonly Dictionary<string, (int Rows, string First)> _unread = new(StringComparer.Ordinal);
    private readonly List<Guid> _inContext = [];
    private int _waitingSize;
    private int _strange;
    private MessageCells? _messageCells;
    private TableShape? _table;
    private Action<DatabaseRow> _take = _ => { };
    private bool _handedOver;

    /// <summary>Begins with nothing.</summary>
    /// <param name="facts">The database.</param>
    /// <param name="options">What is left out.</param>
    /// <param name="encryptionKey">The server's <c>LETTA_ENCRYPTION_KEY</c>, or <see langword="null"/>.</param>
    public AgentAssembly(AgentDatabaseFacts facts, SnapshotOptions options, string? encryptionKey)
    {
        _facts = facts;
        _rows = new AgentRows(options.IncludeSecrets, encryptionKey);
        _database = new AgentDatabaseRows(facts, options.WorkFolder, options.IncludeSecrets);
        _messages = new MessageLog(options.WorkFolder);
        _passages = new JsonLog(options.WorkFolder);
        _files = new JsonLog(options.WorkFolder);
    }

    /// <summary>The organizations and users that the rows name.</summary>
    public RowReferences References { get; } = new();

    /// <summary>Whether the agent itself has come.</summary>
    public bool HasAgent => _rows.Of(AgentTables.Agents).Count > 0;

    /// <summary>
    /// Takes a row later, with the others that wait: who reads them from the connection, where other agents wait for their turn, is to be done soon. Of many, none
    /// waits long.
    /// </summary>
    public void AddLater(DatabaseRow row)
    {
        _waiting.Add(row);
        _waitingSize += row.Size;
        if (_waitingSize >= WaitingLimit)
        {
            AddWaiting();
        }
    }

    /// <summary>Takes the rows that wait.</summary>
    public void AddWaiting()
    {
        _waiting.ForEach(Add);
        _waiting.Clear();
        _waitingSize = 0;
    }

    /// <summary>Takes a row.</summary>
    public void Add(DatabaseRow row)
    {
        if (_table != row.Shape)
        {
            _table = row.Shape;
            _take = TakerOf(row.Shape);
        }

        try
        {
            _database.Add(row);
            References.Note(row);
            if (row.IsShown)
            {
                _take(row);
            }
        }
        catch (Exception e) when (row.Shape.Name != AgentTables.Agents && e is not IOException && !ItemBoundary.EndsRun(e))
        {
            // One row that cannot be read is missing; the others are not.
            _unread[row.Shape.Name] = _unread.TryGetValue(row.Shape.Name, out var before) ? before with { Rows = before.Rows + 1 } : (1, $"{row.Text("id")}: {e.Message}");
        }
    }

    /// <summary>The agent, when all rows have come.</summary>
    /// <param name="connection">The server that it lives on.</param>
    /// <param name="missing">What the database does not have.</param>
    public AgentSnapshot Finish(LettaConnection connection, IEnumerable<string> missing)
    {
        foreach (var file in _filesToCome.Values)
        {
            AddFile(file, content: null);
        }

        if (_unseen.Count > 0)
        {
            _rows.Missing.Add($"{_unseen.Count} of the {_inContext.Count} messages in context: the database does not have them.");
        }

        foreach (var (table, (rows, first)) in _unread.OrderBy(u => u.Key, StringComparer.Ordinal))
        {
            _rows.Missing.Add($"{rows} rows of {table}, first {first}");
        }

        if (_strange > 0)
        {
            _rows.Missing.Add($"{_strange} entries of the context (agents.message_ids): they are no identifiers of messages. The row of the agent keeps them.");
        }

        var state = _rows.State();
        _handedOver = true;
        return new AgentSnapshot(LettaAgent.FromState(state, connection), "Database", state)
        {
            SchemaRevision = _facts.Revision,
            Messages = _messages,
            InContext = _inContext,
            Passages = _passages,
            Files = _files,
            Sources = [.. state.Items("sources")],
            FileViews = _rows.Elements("files_agents", AnswerFields.FileView),
            McpServers = _rows.McpServers(),
            Identities = [.. state.Items("identities")],
            Archives = _rows.Elements("archives", AnswerFields.Archive),
            Groups = _rows.Groups(),
            Conversations = [.. _rows.Of("conversations").Select(Conversation)],
            Database = _database,
            Missing = [.. missing, .. _rows.Missing],
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _messageCells?.Dispose();
        if (!_handedOver)
        {
            _messages.Dispose();
            _passages.Dispose();
            _files.Dispose();
            _database.Dispose();
        }
    }

    private Action<DatabaseRow> TakerOf(TableShape table)
    {
        switch (table.Name)
        {
            case AgentTables.Messages:
                var cells = _messageCells = new MessageCells(table);
                return row => AddMessage(cells, row);
            case AgentTables.Agents:
                return AddAgent;
            case AgentTables.Passages:
                return row => _passages.Append(PassageCells.FromDatabase(row).Span);
            case "files":
                return row => _filesToCome[row.Text("id") ?? string.Empty] = row;
            case "file_contents":
                return AddContent;
            case "conversation_messages":
                var (conversation, message) = (table.Ordinal("conversation_id"), table.Ordinal("message_id"));
                return row => AddToConversation(row, conversation, message);
            default:
                return s_passedOver.Contains(table.Name) ? _ => { } : _rows.Add;
        }
    }

    private void AddAgent(DatabaseRow row)
    {
        _rows.Add(row);
        if (row.Text("message_ids") is { } text && JsonValues.Parse(text) is { ValueKind: JsonValueKind.Array } ids)
        {
            foreach (var id in ids.EnumerateArray())
            {
                // As written: a text with half a surrogate pair cannot be read as one, and identifiers have nothing to escape.
                if (MessageCells.TryParseId(Encoding.UTF8.GetBytes(id.GetRawText().Trim('"')), out var message))
                {
                    _inContext.Add(message);
                    _unseen.Add(message);
                }
                else
                {
                    _strange++;
                }
            }
        }
    }

    private void AddMessage(MessageCells cells, DatabaseRow row)
    {
        // Read in any case: the messages after it may need to know of it.
        var json = cells.Json(row);
        if (!MessageCells.TryParseId(cells.Id(row), out var id))
        {
            _rows.Missing.Add($"The message '{UntrustedText.Shorten(Encoding.UTF8.GetString(cells.Id(row)))}': the database has an identifier for it that is not one of Letta's.");
            return;
        }

        _messages.Add(id, json.Span);
        _unseen.Remove(id);
    }

    private void AddContent(DatabaseRow row)
    {
        if (row.Text("file_id") is { } id && _filesToCome.Remove(id, out var file))
        {
            AddFile(file, row.Text("text"));
        }
    }

    private void AddFile(DatabaseRow file, string? content) => _files.Append(JsonValues.ToUtf8(_rows.Element(json =>
    {
        json.WriteStartObject();
        json.WriteFields(file, AnswerFields.File);
        json.WriteString("content"u8, content);
        json.WriteEndObject();
    })));

    private void AddToConversation(DatabaseRow row, int conversation, int message)
    {
        var id = Encoding.UTF8.GetString(row.Bytes(conversation));
        if (!_conversations.TryGetValue(id, out var lists))
        {
            _conversations[id] = lists = ([], []);
        }

        if (!MessageCells.TryParseId(row.Bytes(message), out var uuid))
        {
            // The message itself is named as missing.
            return;
        }

        lists.All.Add(uuid);
        if (row.IsTrue("in_context"))
        {
            lists.InContext.Add(Encoding.UTF8.GetString(row.Bytes(message)));
        }
    }

    private ConversationLog Conversation(DatabaseRow row)
    {
        var (all, inContext) = _conversations.GetValueOrDefault(row.Text("id") ?? string.Empty, ([], []));
        return new ConversationLog(_rows.Conversation(row, inContext), all);
    }
}
