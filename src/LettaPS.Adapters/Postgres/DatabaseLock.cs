using LettaPS.Core.Databases;
using Npgsql;

namespace LettaPS.Adapters.Postgres;

/// <summary>An advisory lock that a session holds.</summary>
internal sealed class DatabaseLock : IDatabaseLock
{
    private const string Key = "hashtextextended('LettaPS ' || $1, 0)";

    // Such a lock counts within one database, and not everybody may connect to the same one: those who hold it in another are looked for too.
    private const string Holders =
        $"SELECT count(*) FILTER (WHERE pid = pg_backend_pid()), count(*) FILTER (WHERE pid <> pg_backend_pid()), pg_backend_pid() FROM pg_locks"
        + $" WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND ((classid::bigint << 32) | objid::bigint) = {Key}";

    private readonly NpgsqlConnection _connection;
    private readonly string _database;
    private readonly int _session;

    private DatabaseLock(NpgsqlConnection connection, string database, int session) => (_connection, _database, _session) = (connection, database, session);

    /// <summary>Takes the lock where nobody has it.</summary>
    /// <param name="connection">The session that is to hold it. It belongs to the lock from then on.</param>
    /// <param name="database">Name of the database.</param>
    /// <returns><see langword="null"/> where somebody else has it.</returns>
    public static async Task<DatabaseLock?> TryTakeAsync(NpgsqlConnection connection, string database, CancellationToken cancellationToken)
    {
        if (!(bool)(await ScalarAsync(connection, $"SELECT pg_try_advisory_lock({Key})", database, cancellationToken).ConfigureAwait(false))!)
        {
            return null;
        }

        var (own, others, session) = await ReadAsync(connection, database, cancellationToken).ConfigureAwait(false);
        if (own > 0 && others == 0)
        {
            return new DatabaseLock(connection, database, session);
        }

        await ScalarAsync(connection, $"SELECT pg_advisory_unlock({Key})", database, cancellationToken).ConfigureAwait(false);
        return null;
    }

    /// <inheritdoc/>
    public async Task<bool> IsHeldAsync(CancellationToken cancellationToken)
    {
        try
        {
            var (own, _, session) = await ReadAsync(_connection, _database, cancellationToken).ConfigureAwait(false);
            return own > 0 && session == _session;
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            // The session was ended.
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            // Given back to the pool, the session would live on and hold it.
            using var unlock = new NpgsqlCommand("SELECT pg_advisory_unlock_all()", _connection);
            await unlock.ExecuteNonQueryAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            // The session is gone, and the lock with it.
        }

        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task<(long Own, long Others, int Session)> ReadAsync(NpgsqlConnection connection, string database, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(Holders, connection) { Parameters = { new() { Value = database } } };
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            return (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt32(2));
        }
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, string database, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = database } } };
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
    }
}
