using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Json;

namespace LettaPS.Adapters.Http;

/// <summary>What only an export gives: the rows of messages as the database has them, the MCP servers and the revision of the schema.</summary>
internal sealed class ExportedRows
{
    private static readonly HashSet<string> s_legacy =
    [
        "agent_type", "core_memory", "created_at", "description", "embedding_config", "llm_config", "message_buffer_autoclear", "metadata_", "multi_agent_group", "name", "system",
        "tags", "tool_exec_environment_variables", "tool_rules", "tools", "updated_at", "version",
    ];

    private readonly List<ExportedAgent> _agents = [];

    /// <summary>Top-level parts that LettaPS does not know, as they are.</summary>
    public Dictionary<string, JsonElement> OtherParts { get; } = new(StringComparer.Ordinal);

    /// <summary>The MCP servers of the agent's tools.</summary>
    public List<JsonElement> McpServers { get; } = [];

    /// <summary>Whether any row is a tool's return as 0.11 wrote it.</summary>
    public bool HasOldToolMessages { get; private set; }

    /// <summary>Alembic revision of the database.</summary>
    public string? SchemaRevision { get; private set; }

    /// <summary>Reads an export, AgentFile v2 or legacy.</summary>
    /// <param name="json">The document.</param>
    /// <param name="log">Where the rows are kept.</param>
    public static async Task<ExportedRows> ReadAsync(JsonStreamReader json, MessageLog log, CancellationToken cancellationToken)
    {
        var export = new ExportedRows();
        var legacy = new ExportedAgent();
        if (await json.ReadAsync(cancellationToken).ConfigureAwait(false) != JsonTokenType.StartObject)
        {
            throw new JsonException("An export is expected.");
        }

        while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.PropertyName)
        {
            switch (json.PropertyName)
            {
                case "agents":
                    await export.ReadAgentsAsync(json, log, cancellationToken).ConfigureAwait(false);
                    break;
                case "messages":
                    await foreach (var row in json.ReadArrayAsync(cancellationToken).ConfigureAwait(false))
                    {
                        legacy.Rows.Add(row.ValueKind == JsonValueKind.Object ? export.Keep(log, row) : throw new JsonException("A message of the export is not an object."));
                    }

                    break;
                case "in_context_message_indices":
                    await foreach (var index in json.ReadArrayAsync(cancellationToken).ConfigureAwait(false))
                    {
                        legacy.InContext.Add(index.ValueKind == JsonValueKind.Number && index.TryGetInt32(out var i) ? i : -1);
                    }

                    break;
                case "mcp_servers":
                    await foreach (var server in json.ReadArrayAsync(cancellationToken).ConfigureAwait(false))
                    {
                        export.McpServers.Add(server);
                    }

                    break;
                case "metadata":
                    export.SchemaRevision = (await json.ReadValueAsync(cancellationToken).ConfigureAwait(false))?.StringOrNull("revision_id") is { } revision and not "unknown" ? revision : null;
                    break;
                case "name":
                    legacy.Name = await ReadNameAsync(json, cancellationToken).ConfigureAwait(false);
                    break;
                case var name when AgentFields.Root.Except(["skills"]).Contains(name) || s_legacy.Contains(name!):
                    await json.SkipAsync(cancellationToken).ConfigureAwait(false);
                    break;
                default:
                    var part = json.PropertyName!;
                    if (await json.ReadValueAsync(cancellationToken).ConfigureAwait(false) is { } value && !AgentFields.IsEmpty(value))
                    {
                        export.OtherParts[part] = value;
                    }

                    break;
            }
        }

        await json.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        if (legacy.Rows.Count > 0)
        {
            legacy.InContext = [.. legacy.InContext.Select(i => i < legacy.Rows.Count ? i : -1)];
            export._agents.Add(legacy);
        }

        return export;
    }

    /// <summary>
    /// The agent that was asked for: the export of a group holds its other members too, and names are not unique. Of several with the name it is the one whose
    /// messages in context are those of the agent; where that is not certain, it is none of them.
    /// </summary>
    /// <param name="name">Name of the agent.</param>
    /// <param name="history">The messages that the API lists.</param>
    /// <param name="inContext">Identifiers of the messages in context.</param>
    public ExportedAgent? Find(string name, IReadOnlyList<MessageEntry> history, IReadOnlyList<Guid> inContext)
    {
        var named = _agents.Where(a => a.Name == name).ToList();
        if (named.Count < 2)
        {
            return named.FirstOrDefault();
        }

        var best = named.GroupBy(a => HistoryMerge.Agreement(history, a.Rows, inContext, a.InContext)).MaxBy(g => g.Key)!;
        return best.Key > 0 && best.Count() == 1 ? best.Single() : null;
    }

    private static async Task<string?> ReadNameAsync(JsonStreamReader json, CancellationToken cancellationToken) =>
        await json.ReadValueAsync(cancellationToken).ConfigureAwait(false) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    private async Task ReadAgentsAsync(JsonStreamReader json, MessageLog log, CancellationToken cancellationToken)
    {
        if (await json.ReadAsync(cancellationToken).ConfigureAwait(false) != JsonTokenType.StartArray)
        {
            throw new JsonException("A list of agents is expected.");
        }

        while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.StartObject)
        {
            _agents.Add(await ReadAgentAsync(json, log, cancellationToken).ConfigureAwait(false));
        }
    }

    private MessageEntry Keep(MessageLog log, JsonElement exported)
    {
        var row = MessageRow.FromExport(exported);
        HasOldToolMessages |= row.Old;
        return log.Keep(Guid.Empty, row, rebuilt: false);
    }

    private async Task<ExportedAgent> ReadAgentAsync(JsonStreamReader json, MessageLog log, CancellationToken cancellationToken)
    {
        var agent = new ExportedAgent();
        var strange = 0;
        var indexes = new Dictionary<string, int>(StringComparer.Ordinal);
        var inContext = new List<string>();
        while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.PropertyName)
        {
            switch (json.PropertyName)
            {
                case "name":
                    agent.Name = await ReadNameAsync(json, cancellationToken).ConfigureAwait(false);
                    break;
                case "messages":
                    await foreach (var row in json.ReadArrayAsync(cancellationToken).ConfigureAwait(false))
                    {
                        if (row.ValueKind != JsonValueKind.Object)
                        {
                            strange = strange < PartialRead.MaxStrange ? strange + 1 : throw new JsonException("Too many messages of the export are not objects.");
                            continue;
                        }

                        indexes[row.StringOrNull("id") ?? string.Empty] = agent.Rows.Count;
                        agent.Rows.Add(Keep(log, row));
                    }

                    break;
                case "in_context_message_ids":
                    await foreach (var id in json.ReadArrayAsync(cancellationToken).ConfigureAwait(false))
                    {
                        inContext.Add(id.ToString());
                    }

                    break;
                case var name when AgentFields.IsKnown(name!):
                    await json.SkipAsync(cancellationToken).ConfigureAwait(false);
                    break;
                default:
                    var field = json.PropertyName!;
                    if (await json.ReadValueAsync(cancellationToken).ConfigureAwait(false) is { } value && !AgentFields.IsEmpty(value))
                    {
                        agent.OtherFields[field] = value;
                    }

                    break;
            }
        }

        agent.InContext = [.. inContext.Select(id => indexes.TryGetValue(id, out var index) ? index : -1)];
        return agent;
    }
}

/// <summary>One agent of an export.</summary>
internal sealed class ExportedAgent
{
    /// <summary>Its name.</summary>
    public string? Name { get; set; }

    /// <summary>The rows of its messages, in the export's order, without identifiers.</summary>
    public List<MessageEntry> Rows { get; } = [];

    /// <summary>For each message in context the index of its row, -1 where it is not in the export.</summary>
    public List<int> InContext { get; set; } = [];

    /// <summary>Properties that LettaPS does not know, as they are.</summary>
    public Dictionary<string, JsonElement> OtherFields { get; } = new(StringComparer.Ordinal);
}
