using LettaPS.TestKit;
using Npgsql;

namespace LettaPS.Adapters.Tests.Postgres;

/// <summary>Another session with an open transaction that is in a repair's way.</summary>
internal sealed class Rival : IAsyncDisposable
{
    private readonly PostgresDatabase _database;
    private readonly NpgsqlConnection _connection;

    private Rival(PostgresDatabase database, NpgsqlConnection connection) => (_database, _connection) = (database, connection);

    /// <summary>Begins a transaction that takes locks.</summary>
    public static async Task<Rival> BeginAsync(PostgresDatabase database, string locks)
    {
        var rival = new Rival(database, await database.ConnectAsync());
        await using var begin = new NpgsqlCommand($"BEGIN; {locks}", rival._connection);
        await begin.ExecuteNonQueryAsync();
        return rival;
    }

    /// <summary>Waits until the repair waits for a lock.</summary>
    /// <param name="repair">The repair, which must not have ended.</param>
    /// <param name="then">What to do to it then, as an expression over pg_stat_activity.</param>
    public async Task UntilMetAsync(Task repair, string then = "pid")
    {
        await using var connection = await _database.ConnectAsync();
        await using var command = new NpgsqlCommand(
            $"SELECT count({then}) FROM pg_stat_activity WHERE application_name = 'LettaPS' AND wait_event_type = 'Lock' AND datname = current_database()", connection);
        while ((long)(await command.ExecuteScalarAsync())! == 0)
        {
            Assert.False(repair.IsCompleted, "It did not wait.");
        }
    }

    /// <summary>Gets out of the way.</summary>
    public async Task EndAsync()
    {
        await using var end = new NpgsqlCommand("ROLLBACK", _connection);
        await end.ExecuteNonQueryAsync();
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
