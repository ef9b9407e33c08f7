using System.Runtime.CompilerServices;
using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.Sources;
using Npgsql;

namespace LettaPS.Adapters.Postgres;

/// <summary>
/// Agents straight from their database, in one transaction that sees it as it was when that began and locks nothing against writers. One agent is read
/// at a time, whoever asks; what is made of the rows is made side by side.
/// </summary>
internal sealed class DatabaseAgentSource(AgentDatabase from) : IAgentSource, IAsyncDisposable
{
    private const int PageSize = 100;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<(bool History, bool Archive), DatabaseAgentReader> _readings = [];
    private PostgresSource? _source;
    private DatabaseSession? _session;

    /// <inheritdoc/>
    public LettaConnection Connection => from.Connection;

    /// <inheritdoc/>
    public async IAsyncEnumerable<LettaAgent> ListAsync(AgentQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ids = await InTurnAsync(session => session.ListAsync(query, cancellationToken), "Reading the database before its agents", cancellationToken).ConfigureAwait(false);
        foreach (var page in ids.Chunk(PageSize))
        {
            var valid = new List<string>(page.Length);
            foreach (var (id, name) in page)
            {
                if (EntityId.TryParse(id, "agent", out _))
                {
                    valid.Add(id);
                }
                else if (query.OnInvalid is { } tell)
                {
                    await tell(InvalidId(id, name)).ConfigureAwait(false);
                }
                else
                {
                    throw InvalidId(id, name);
                }
            }

            foreach (var agent in await AgentsAsync(valid, cancellationToken).ConfigureAwait(false))
            {
                yield return agent;
            }
        }
    }

    /// <inheritdoc/>
    public async Task<LettaAgent> GetAsync(string agentId, CancellationToken cancellationToken)
    {
        var id = EntityId.Require(agentId, "agent");
        return await AgentsAsync([id], cancellationToken).ConfigureAwait(false) is [var agent] ? agent : throw NotFound(id);
    }

    /// <inheritdoc/>
    public async Task<AgentSnapshot> ReadAsync(string agentId, SnapshotOptions options, CancellationToken cancellationToken)
    {
        var id = EntityId.Require(agentId, "agent");
        var (reading, agent) = await InTurnAsync(
            async session =>
            {
                if (!_readings.TryGetValue((options.IncludeHistory, options.IncludeArchive), out var reading))
                {
                    reading = await DatabaseAgentReader.PrepareAsync(session, options, cancellationToken).ConfigureAwait(false);
                    _readings[(options.IncludeHistory, options.IncludeArchive)] = reading;
                }

                return (reading, await reading.ReadAsync(id, options, from, cancellationToken).ConfigureAwait(false));
            },
            $"Reading {id}",
            cancellationToken).ConfigureAwait(false);
        using (agent)
        {
            agent.AddWaiting();
            if (!agent.HasAgent)
            {
                throw NotFound(id);
            }

            if (!reading.Knows(agent.References))
            {
                await InTurnAsync(
                    async _ =>
                    {
                        await reading.LearnAsync(agent.References, cancellationToken).ConfigureAwait(false);
                        return true;
                    },
                    $"Reading whom {id} belongs to",
                    cancellationToken).ConfigureAwait(false);
            }

            reading.AddNamed(agent);
            return agent.Finish(from.Connection, reading.Missing);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var reading in _readings.Values)
        {
            reading.Dispose();
        }

        if (_session is not null)
        {
            await _session.DisposeAsync().ConfigureAwait(false);
        }

        if (_source is not null)
        {
            await _source.DisposeAsync().ConfigureAwait(false);
        }

        _turn.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private async Task<IReadOnlyList<LettaAgent>> AgentsAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var states = await InTurnAsync(session => session.StatesAsync(ids, cancellationToken), "Reading the list of agents", cancellationToken).ConfigureAwait(false);
        return [.. ids.Select(states.GetValueOrDefault).Where(s => s.ValueKind == JsonValueKind.Object).Select(s => LettaAgent.FromState(s, Connection))];
    }

    /// <summary>Does something on the connection, which nobody else uses meanwhile. A failure of one statement leaves the transaction as it was.</summary>
    private async Task<T> InTurnAsync<T>(Func<DatabaseSession, Task<T>> work, string what, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _source ??= await PostgresSource.OpenAsync(from.Address, cancellationToken).ConfigureAwait(false);
            _session ??= await DatabaseSession.OpenAsync(_source, from, cancellationToken).ConfigureAwait(false);
            try
            {
                return await work(_session).ConfigureAwait(false);
            }
            catch (PostgresException)
            {
                await _session.RecoverAsync(cancellationToken).ConfigureAwait(false);
                throw;
            }
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.OfStatement(e, from.Address, $"{what} failed");
        }
        finally
        {
            _turn.Release();
        }
    }

    private LettaException NotFound(string id) =>
        new(ErrorIds.AgentNotFound, LettaErrorKind.NotFound, $"The agent '{id}' does not exist in '{from.Address}'.", "List the agents: Get-LettaAgent -Source Database -IncludeHidden", id);

    private LettaException InvalidId(string id, string name) => new(
        ErrorIds.InvalidIdInDatabase, LettaErrorKind.InvalidData, $"The agent '{name}' in {from.Address} has the identifier '{id}', which is not valid. LettaPS skips it.", "Keep it in a dump: Backup-LettaDatabase -Path <folder>", id);
}
