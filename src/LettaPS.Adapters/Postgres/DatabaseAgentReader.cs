using System.Collections.Concurrent;
using LettaPS.Core.AgentTables;
using LettaPS.Core.Sources;
using Npgsql;

namespace LettaPS.Adapters.Postgres;

/// <summary>The queries for all that belongs to an agent, prepared once and sent together: one round trip an agent.</summary>
internal sealed class DatabaseAgentReader : IDisposable
{
    private readonly DatabaseSession _session;
    private readonly AgentQueries _queries;
    private readonly NpgsqlBatch _batch;
    private readonly List<TableShape> _tables = [];
    private readonly List<NpgsqlParameter<string>> _ids = [];
    private readonly ConcurrentDictionary<string, DatabaseRow?> _organizations = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DatabaseRow?> _users = new(StringComparer.Ordinal);

    private DatabaseAgentReader(DatabaseSession session, SnapshotOptions options)
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
    public static async Task<DatabaseAgentReader> PrepareAsync(DatabaseSession session, SnapshotOptions options, CancellationToken cancellationToken)
    {
        var reading = new DatabaseAgentReader(session, options);
        try
        {
            reading._ids.ForEach(id => id.TypedValue = string.Empty);
            await reading._batch.PrepareAsync(cancellationToken).ConfigureAwait(false);
            return reading;
        }
        catch
        {
            reading.Dispose();
            throw;
        }
    }

    /// <summary>What no agent of the database can have, in words.</summary>
    public IReadOnlyList<string> Missing => _session.Missing;

    /// <summary>Reads the rows of an agent.</summary>
    /// <param name="agentId">Its identifier.</param>
    /// <param name="options">Where long lists go, and whether secrets are shown.</param>
    /// <param name="from">The database.</param>
    /// <returns>The agent, with rows that wait to be taken, which needs no connection.</returns>
    public async Task<AgentAssembly> ReadAsync(string agentId, SnapshotOptions options, AgentDatabase from, CancellationToken cancellationToken)
    {
        var agent = new AgentAssembly(_session.Facts, options, from.EncryptionKey);
        try
        {
            _ids.ForEach(id => id.TypedValue = agentId);
            var reader = await _batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                foreach (var table in _tables)
                {
                    while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                    {
                        agent.AddLater(new DatabaseRow(table, reader.GetFieldValue<byte[]>(0)));
                    }

                    await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                }
            }

            return agent;
        }
        catch
        {
            agent.Dispose();
            throw;
        }
    }

    /// <summary>Whether the organizations and users that an agent's rows name are known. They are the same for nearly every agent, and remembered.</summary>
    /// <param name="names">What they name.</param>
    public bool Knows(RowReferences names) => names.Users.All(_users.ContainsKey) && names.Organizations.All(_organizations.ContainsKey);

    /// <summary>Reads the organizations and users that are not known yet.</summary>
    /// <param name="names">What the rows of an agent name.</param>
    public async Task LearnAsync(RowReferences names, CancellationToken cancellationToken)
    {
        await LearnAsync(AgentTables.Users, names.Users, _users, cancellationToken).ConfigureAwait(false);
        await LearnAsync(AgentTables.Organizations, names.Organizations, _organizations, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Adds the organizations and users that an agent's rows name; those that the database does not have are not there.</summary>
    public void AddNamed(AgentAssembly agent)
    {
        Add(agent, agent.References.Users, _users);
        Add(agent, agent.References.Organizations, _organizations);
    }

    /// <inheritdoc/>
    public void Dispose() => _batch.Dispose();

    private static void Add(AgentAssembly agent, IEnumerable<string> ids, ConcurrentDictionary<string, DatabaseRow?> known)
    {
        foreach (var row in ids.Order(StringComparer.Ordinal).Select(known.GetValueOrDefault).OfType<DatabaseRow>().ToList())
        {
            agent.Add(row);
        }
    }

    private async Task LearnAsync(string table, IEnumerable<string> ids, ConcurrentDictionary<string, DatabaseRow?> known, CancellationToken cancellationToken)
    {
        var unknown = ids.Where(id => !known.ContainsKey(id)).ToList();
        if (unknown.Count > 0 && _queries.Table(table) is { } shape && shape.Has("id"))
        {
            await foreach (var row in _session.RowsAsync(shape, _queries.By(shape, "id"), unknown, cancellationToken).ConfigureAwait(false))
            {
                known[row.Text("id")!] = row;
            }
        }

        // What is not there need not be asked for again.
        unknown.ForEach(id => known.TryAdd(id, null));
    }
}
