using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Json;

namespace LettaPS.Adapters.Http;

/// <summary>What only an export gives: the rows of messages as the database has them, the MCP servers and the revision of the schema.</summary>
internal sealed class ExportedRows
{
    /// <summary>The rows, in the export's order, without identifiers.</summary>
    public List<MessageEntry> Rows { get; private set; } = [];

    /// <summary>For each message in context the index of its row.</summary>
    public List<int> InContext { get; private set; } = [];

    /// <summary>The MCP servers of the agent's tools.</summary>
    public List<JsonElement> McpServers { get; } = [];

    /// <summary>Whether any row is a tool's return as 0.11 wrote it.</summary>
    public bool HasOldToolMessages { get; private set; }

    /// <summary>Alembic revision of the database.</summary>
    public string? SchemaRevision { get; private set; }

    /// <summary>Reads an export, AgentFile v2 or legacy.</summary>
    /// <param name="json">The document.</param>
    /// <param name="log">Where the rows are kept.</param>
    /// <param name="agentName">Name of the agent: the export of a group holds its other members too.</param>
    public static async Task<ExportedRows> ReadAsync(JsonStreamReader json, MessageLog log, string? agentName, CancellationToken cancellationToken)
    {
        var export = new ExportedRows();
        if (await json.ReadAsync(cancellationToken).ConfigureAwait(false) != JsonTokenType.StartObject)
        {
            throw new JsonException("An export is expected.");
        }

        while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.PropertyName)
        {
            switch (json.PropertyName)
            {
                case "agents":
                    await export.ReadAgentsAsync(json, log, agentName, cancellationToken).ConfigureAwait(false);
                    break;
                case "messages":
                    await foreach (var row in json.ReadArrayAsync(cancellationToken).ConfigureAwait(false))
                    {
                        export.Rows.Add(export.Keep(log, row));
                    }

                    break;
                case "in_context_message_indices":
                    await foreach (var index in json.ReadArrayAsync(cancellationToken).ConfigureAwait(false))
                    {
                        export.InContext.Add(index.GetInt32());
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
                default:
                    await json.SkipAsync(cancellationToken).ConfigureAwait(false);
                    break;
            }
        }

        await json.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        if (export.InContext.Exists(i => i < 0 || i >= export.Rows.Count))
        {
            throw new JsonException("The export refers to a message that is not in it.");
        }

        return export;
    }

    private async Task ReadAgentsAsync(JsonStreamReader json, MessageLog log, string? agentName, CancellationToken cancellationToken)
    {
        if (await json.ReadAsync(cancellationToken).ConfigureAwait(false) != JsonTokenType.StartArray)
        {
            throw new JsonException("A list of agents is expected.");
        }

        var found = false;
        while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.StartObject)
        {
            var (name, rows, inContext) = await ReadAgentAsync(json, log, cancellationToken).ConfigureAwait(false);
            if (!found && name == agentName)
            {
                (Rows, InContext, found) = (rows, inContext, true);
            }
        }
    }

    private MessageEntry Keep(MessageLog log, JsonElement exported)
    {
        var row = MessageRow.FromExport(exported);
        HasOldToolMessages |= row.Old;
        return log.Keep(Guid.Empty, row, rebuilt: false);
    }

    private async Task<(string? Name, List<MessageEntry> Rows, List<int> InContext)> ReadAgentAsync(JsonStreamReader json, MessageLog log, CancellationToken cancellationToken)
    {
        string? name = null;
        var rows = new List<MessageEntry>();
        var indexes = new Dictionary<string, int>(StringComparer.Ordinal);
        var inContext = new List<string>();
        while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.PropertyName)
        {
            switch (json.PropertyName)
            {
                case "name":
                    name = (await json.ReadValueAsync(cancellationToken).ConfigureAwait(false)) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
                    break;
                case "messages":
                    await foreach (var row in json.ReadArrayAsync(cancellationToken).ConfigureAwait(false))
                    {
                        indexes[row.StringOrNull("id") ?? string.Empty] = rows.Count;
                        rows.Add(Keep(log, row));
                    }

                    break;
                case "in_context_message_ids":
                    await foreach (var id in json.ReadArrayAsync(cancellationToken).ConfigureAwait(false))
                    {
                        inContext.Add(id.ToString());
                    }

                    break;
                default:
                    await json.SkipAsync(cancellationToken).ConfigureAwait(false);
                    break;
            }
        }

        return (name, rows, [.. inContext.Select(id => indexes.TryGetValue(id, out var index) ? index : -1)]);
    }
}
