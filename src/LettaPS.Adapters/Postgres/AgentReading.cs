using LettaPS.Core.Agents;
using LettaPS.Core.AgentTables;
using Npgsql;

namespace LettaPS.Adapters.Postgres;

/// <summary>The queries for all that belongs to an agent, prepared once and sent together: one round trip an agent.</summary>
internal sealed class AgentReading : IDisposable
{
    private readonly DatabaseSession _session;
    private readonly AgentQueries _queries;
    private readonly NpgsqlBatch _batch;
    private readonly List<TableShape> _tables = [];
    private readonly List<NpgsqlParameter<string>> _ids = [];
    private readonly Dictionary<string, DatabaseRow> _organizations = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DatabaseRow> _users = new(StringComparer.Ordinal);

    private AgentReading(DatabaseSession session, SnapshotOptions options)
    {
        _session = session;
        _queries = session.Queries(contextOnly: !options.IncludeHistory);
        _batch = new NpgsqlBatch(session.Connection);
        foreach (var table in AgentTables.ReadingOrder.Where(t => !session.IsEmpty(t.Name) && (options.IncludeArchive || !AgentTables.OfArchive.Contains(t.Name))))
        {
            if (_queries.OfAgent(table) is not { } sql)
            {
                continue;
            }

            var command = new NpgsqlBatchCommand(sql);
            var id = new NpgsqlParameter<string>();
            command.Parameters.Add(id);
            _batch.BatchCommands.Add(command);
            _ids.Add(id);
            _tables.Add(_queries.Table(table.Name)!);
        }
    }

    /// <summary>Prepares the queries.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="options">What is left out.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<AgentReading> PrepareAsync(DatabaseSession session, SnapshotOptions options, CancellationToken cancel)
    {
        var reading = new AgentReading(session, options);
        try
        {
            reading._ids.ForEach(id => id.TypedValue = string.Empty);
            await reading._batch.PrepareAsync(cancel).ConfigureAwait(false);
            return reading;
        }
        catch
        {
            reading.Dispose();
            throw;
        }
    }

    /// <summary>Reads an agent.</summary>
    /// <param name="agentId">Its identifier.</param>
    /// <param name="options">Where long lists go, and whether secrets are shown.</param>
    /// <param name="from">The database.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns><see langword="null"/> where there is none.</returns>
    public async Task<AgentSnapshot?> ReadAsync(string agentId, SnapshotOptions options, AgentDatabase from, CancellationToken cancel)
    {
        using var agent = new AgentAssembly(_session.Facts, options, from.EncryptionKey);
        _ids.ForEach(id => id.TypedValue = agentId);
        var reader = await _batch.ExecuteReaderAsync(cancel).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            foreach (var table in _tables)
            {
                while (await reader.ReadAsync(cancel).ConfigureAwait(false))
                {
                    agent.Add(new DatabaseRow(table, reader.GetFieldValue<byte[]>(0)));
                }

                await reader.NextResultAsync(cancel).ConfigureAwait(false);
            }
        }

        if (!agent.HasAgent)
        {
            return null;
        }

        await AddNamedAsync(agent, AgentTables.Users, agent.References.Users, _users, cancel).ConfigureAwait(false);
        await AddNamedAsync(agent, AgentTables.Organizations, agent.References.Organizations, _organizations, cancel).ConfigureAwait(false);
        return agent.Finish(from.Connection, _session.Missing);
    }

    /// <inheritdoc/>
    public void Dispose() => _batch.Dispose();

    /// <summary>Adds the organizations or users that the rows name; they are the same for nearly every agent, and remembered.</summary>
    private async Task AddNamedAsync(AgentAssembly agent, string table, IReadOnlyCollection<string> ids, Dictionary<string, DatabaseRow> known, CancellationToken cancel)
    {
        if (_queries.Table(table) is not { } shape || !shape.Has("id"))
        {
            return;
        }

        var unknown = ids.Where(id => !known.ContainsKey(id)).ToList();
        if (unknown.Count > 0)
        {
            await foreach (var row in _session.RowsAsync(shape, _queries.By(shape, "id"), unknown, cancel).ConfigureAwait(false))
            {
                known[row.Text("id")!] = row;
            }
        }

        foreach (var row in ids.Order(StringComparer.Ordinal).Select(known.GetValueOrDefault).OfType<DatabaseRow>().ToList())
        {
            agent.Add(row);
        }
    }
}
