using Npgsql;

namespace LettaPS.Adapters.Postgres;

/// <summary>A lock that a session holds.</summary>
internal sealed class DatabaseLock(NpgsqlConnection connection) : IAsyncDisposable
{
    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            // Given back to the pool, the session would live on and hold it.
            using var unlock = new NpgsqlCommand("SELECT pg_advisory_unlock_all()", connection);
            await unlock.ExecuteNonQueryAsync().ConfigureAwait(false);
        }
        catch (NpgsqlException)
        {
            // The session is gone, and the lock with it.
        }

        await connection.DisposeAsync().ConfigureAwait(false);
    }
}
