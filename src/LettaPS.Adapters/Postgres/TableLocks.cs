using System.Globalization;
using Npgsql;

namespace LettaPS.Adapters.Postgres;

/// <summary>Locks of tables that other sessions hold.</summary>
internal static class TableLocks
{
    /// <summary>The statement that limits how long each lock is waited for.</summary>
    /// <param name="set"><c>SET</c> or <c>SET LOCAL</c>.</param>
    /// <param name="time">Longest wait. PostgreSQL takes 0 for no limit, so that no wait is one millisecond.</param>
    public static string Timeout(string set, TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{set} lock_timeout = '{Math.Max(1, (long)time.TotalMilliseconds)}ms'");

    /// <summary>Says who is in the way.</summary>
    /// <param name="connection">A connection that is in no failed transaction.</param>
    /// <param name="address">The database.</param>
    /// <param name="patience">How long was waited.</param>
    /// <param name="ofReaders">Whether readers were in want of the lock, whom only an exclusive one keeps out.</param>
    /// <param name="what">What became of the work, as a sentence.</param>
    /// <param name="e">The failure.</param>
    public static async Task<LettaException> DescribeAsync(
        NpgsqlConnection connection, DatabaseAddress address, TimeSpan patience, bool ofReaders, string what, NpgsqlException e, CancellationToken cancellationToken)
    {
        // The state of another role's session is not shown to everybody.
        const string Holders = """
            SELECT coalesce(string_agg(DISTINCT format('%s (process %s%s)', coalesce(nullif(a.application_name, ''), 'a session'), a.pid, ', ' || a.state), ', '), 'none')
            FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
            WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_backend_pid() AND l.relation > 16383 AND (l.mode = 'AccessExclusiveLock' OR NOT $1)
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """;
        var command = new NpgsqlCommand(Holders, connection) { Parameters = { new NpgsqlParameter<bool> { TypedValue = ofReaders } } };
        await using (command.ConfigureAwait(false))
        {
            var holders = (string)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
            return new LettaException(
                ErrorIds.SchemaLockTimeout,
                LettaErrorKind.Timeout,
                string.Create(CultureInfo.InvariantCulture, $"Other sessions locked tables of '{address}' for {patience.TotalSeconds:0.#} seconds; holding locks now: {holders}. {what}"),
                "Stop the server, then run the command again: Stop-LettaServer <container>",
                address,
                e);
        }
    }
}
