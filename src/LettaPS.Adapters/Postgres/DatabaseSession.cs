using System.Data;
using System.Text.Json;
using LettaPS.Core.AgentTables;
using LettaPS.Core.Releases;
using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Schemas.Repair;
using LettaPS.Core.Secrets;
using LettaPS.Core.Sources;
using Npgsql;
using NpgsqlTypes;

namespace LettaPS.Adapters.Postgres;

/// <summary>One transaction that agents are read in, and what is known of the database.</summary>
internal sealed class DatabaseSession : IAsyncDisposable
{
    private const string Savepoint = "lettaps";

    /// <summary>
    /// Makes what is printed the same everywhere, and keeps the plans of queries that come again for every agent. Not every version of PostgreSQL has all of these.
    /// </summary>
    private const string Settings = """
        SELECT set_config(name, value, true)
        FROM (VALUES ('timezone', 'UTC'), ('datestyle', 'ISO'), ('intervalstyle', 'postgres'), ('bytea_output', 'hex'), ('extra_float_digits', '1'),
            ('plan_cache_mode', 'force_generic_plan'), ('jit', 'off')) AS s (wanted, value)
        JOIN pg_settings ON lower(name) = wanted
        """;

    private readonly DatabaseSnapshot _catalog;
    private readonly HashSet<string> _empty;

    private DatabaseSession(NpgsqlConnection connection, DatabaseSnapshot catalog, AgentDatabaseFacts facts, HashSet<string> empty)
    {
        Connection = connection;
        _catalog = catalog;
        Facts = facts;
        _empty = empty;
        Missing = [.. Expected(facts).Tables
            .Where(t => AgentTables.All.Any(a => a.Name == t.Name) && catalog.Model.Table(t.Name) is null)
            .Select(t => $"The rows of {t.Name}: the database has no such table.")];
    }

    /// <summary>The connection, with the transaction open on it.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>What the files say of the database.</summary>
    public AgentDatabaseFacts Facts { get; }

    /// <summary>What no agent of the database can have, in words.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>Begins the transaction.</summary>
    /// <exception cref="LettaException">The database cannot be reached or read; <c>InvalidDatabase</c>: it has no tables of Letta's.</exception>
    public static async Task<DatabaseSession> OpenAsync(PostgresSource source, AgentDatabase from, CancellationToken cancellationToken)
    {
        var connection = await source.ConnectAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var catalog = await SchemaReader.BeginAsync(connection, SchemaDoctor.ReadingPatience, cancellationToken).ConfigureAwait(false);
            if (catalog.Schema is null || catalog.Model.Table(AgentTables.Agents)?.Column("id") is null)
            {
                throw new LettaException(
                    ErrorIds.InvalidDatabase, LettaErrorKind.Refused, $"'{from.Address}' is not a Letta database: it has no table of agents.", "Check the name of the database: -DatabaseUri postgresql://<user>:<password>@<host>:5432/<database>", from.Address);
            }

            await connection.ListAsync(Settings, _ => true, cancellationToken).ConfigureAwait(false);
            var begun = await connection.ListAsync("SELECT transaction_timestamp()", r => r.GetDateTime(0), cancellationToken).ConfigureAwait(false);
            var tables = AgentTables.All.Where(t => catalog.Model.Table(t.Name) is not null).Select(t => t.Name).ToList();
            var filled = await connection.ListAsync(
                $"SELECT ARRAY[{string.Join(", ", tables.Select(t => $"EXISTS (SELECT FROM {Sql.Id(catalog.Schema, t)})"))}]",
                r => r.GetFieldValue<bool[]>(0),
                cancellationToken).ConfigureAwait(false);
            await ExecuteAsync(connection, $"SAVEPOINT {Savepoint}", cancellationToken).ConfigureAwait(false);
            var facts = new AgentDatabaseFacts(
                catalog.Server.Version.ToString(),
                catalog.Schema,
                catalog.Revisions.Count > 0 ? catalog.Revisions[0] : null,
                SchemaFingerprint.Nearest(catalog.Model).Schema.Releases[^1],
                new DateTimeOffset(begun[0], TimeSpan.Zero),
                from.EncryptionKey is null ? null : SecretCipher.Fingerprint(from.EncryptionKey));
            return new DatabaseSession(connection, catalog, facts, [.. tables.Where((_, i) => !filled[0][i])]);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Composes the queries.</summary>
    /// <param name="contextOnly">Whether to read those messages only that are in a context.</param>
    public AgentQueries Queries(bool contextOnly = false) => new(_catalog.Schema!, _catalog.Model, contextOnly);

    /// <summary>Whether a table has no row, so that it need not be asked again for every agent: in this transaction that stays so.</summary>
    public bool IsEmpty(string table) => _empty.Contains(table);

    /// <summary>Identifiers and names of agents, the newest first.</summary>
    public async Task<List<(string Id, string Name)>> ListAsync(AgentQuery query, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(Queries().AgentIds(query), Connection);
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)query.Name ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter { Value = query.Tags.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            var agents = new List<(string, string)>();
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                agents.Add((reader.GetString(0), reader.IsDBNull(1) ? string.Empty : reader.GetString(1)));
            }

            return agents;
        }
    }

    /// <summary>What lists show of agents.</summary>
    /// <param name="ids">Their identifiers.</param>
    /// <returns>The states by identifier; those that are not there are not in it.</returns>
    public async Task<Dictionary<string, JsonElement>> StatesAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var queries = Queries();
        var list = new AgentList();
        foreach (var (table, column) in AgentList.Tables)
        {
            if (queries.Table(table) is { } shape && shape.Has(column))
            {
                await foreach (var row in RowsAsync(shape, queries.By(shape, column), ids, cancellationToken).ConfigureAwait(false))
                {
                    list.Add(row);
                }
            }
        }

        return list.States();
    }

    /// <summary>The rows of a table that have one of some values.</summary>
    public async IAsyncEnumerable<DatabaseRow> RowsAsync(
        TableShape shape, string sql, IReadOnlyCollection<string> values, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, Connection);
        command.Parameters.Add(new NpgsqlParameter { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return new DatabaseRow(shape, reader.GetFieldValue<byte[]>(0));
            }
        }
    }

    /// <summary>Makes the transaction usable again after a statement failed. What it sees stays the same.</summary>
    public async Task RecoverAsync(CancellationToken cancellationToken)
    {
        if (Connection.FullState.HasFlag(ConnectionState.Open))
        {
            await ExecuteAsync(Connection, $"ROLLBACK TO SAVEPOINT {Savepoint}", cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (NpgsqlException)
        {
            // The server went away while the transaction was ended; whoever waited for an answer has been told so.
        }
    }

    /// <summary>The schema that the database ought to have: that of the release whose migrations ran last, else the nearest.</summary>
    private static SchemaModel Expected(AgentDatabaseFacts facts) =>
        SchemaCatalogue.Of(ReleaseCatalogue.FindByHead(facts.Revision)?.ToString() ?? facts.NearestRelease)!.Model;

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
