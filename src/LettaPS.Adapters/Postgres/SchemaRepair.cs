using System.Diagnostics;
using LettaPS.Core.Schemas.Model;
using Npgsql;
using Polly;
using Polly.Retry;

namespace LettaPS.Adapters.Postgres;

/// <summary>
/// A repair under way on a connection of its own. Locks are waited for a little at a time and from the beginning again, since whoever waits for an
/// exclusive lock holds up everybody who comes after.
/// </summary>
internal sealed class SchemaRepair : ISchemaRepair
{
    /// <summary>PostgreSQL's advisory locks are numbers; this is "LettaPS" in ASCII.</summary>
    private const long AdvisoryLock = 0x4C65747461505300;

    /// <summary>As long as the server's own work may have to wait behind one attempt.</summary>
    private static readonly TimeSpan s_attempt = TimeSpan.FromMilliseconds(500);

    private readonly NpgsqlConnection _connection;
    private readonly DatabaseAddress _address;
    private readonly TimeSpan _patience;

    private SchemaRepair(NpgsqlConnection connection, DatabaseAddress address, TimeSpan patience) =>
        (_connection, _address, _patience) = (connection, address, patience);

    /// <summary>Takes the advisory lock. It is asked for again and again and never waited for: whoever waits holds a snapshot, and building an index concurrently waits for snapshots.</summary>
    public static async Task<SchemaRepair> BeginAsync(NpgsqlConnection connection, DatabaseAddress address, TimeSpan patience, CancellationToken cancellationToken)
    {
        var repair = new SchemaRepair(connection, address, patience);
        try
        {
            await repair.ExecuteAsync("SET standard_conforming_strings = on; SET search_path = ''", cancellationToken).ConfigureAwait(false);
            var isOurs = await Patiently<bool>(patience, static outcome => outcome.Result is false)
                .ExecuteAsync(async token => await repair.ScalarAsync<bool>($"SELECT pg_try_advisory_lock({AdvisoryLock})", token).ConfigureAwait(false), cancellationToken)
                .ConfigureAwait(false);
            return isOurs ? repair : throw new LettaException(
                ErrorIds.SchemaFixInUse,
                LettaErrorKind.Conflict,
                $"Another repair of '{address}' is running.",
                "Wait until it has ended, or allow more time: Invoke-LettaSchemaFix -LockTimeout 600",
                address);
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.OfStatement(e, address, "Nothing was changed");
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StatementOutcome>> RunTogetherAsync(IReadOnlyList<string> statements, CancellationToken cancellationToken)
    {
        try
        {
            return await Patiently<IReadOnlyList<StatementOutcome>>(_patience, static outcome => outcome.Exception is { } e && PostgresErrors.IsLock(e))
                .ExecuteAsync(async token => await TryTogetherAsync(statements, token).ConfigureAwait(false), cancellationToken)
                .ConfigureAwait(false);
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.IsLock(e)
                ? await LockedAsync(e, cancellationToken).ConfigureAwait(false)
                : PostgresErrors.OfStatement(e, _address, "Nothing was changed");
        }
    }

    /// <inheritdoc/>
    public async Task<StatementOutcome> RunAloneAsync(string statement, string? undo, CancellationToken cancellationToken)
    {
        try
        {
            return await Patiently<StatementOutcome>(_patience, static outcome => outcome.Exception is { } e && PostgresErrors.IsLock(e))
                .ExecuteAsync(async token => await TryAloneAsync(statement, undo, token).ConfigureAwait(false), cancellationToken)
                .ConfigureAwait(false);
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.IsLock(e)
                ? await LockedAsync(e, cancellationToken).ConfigureAwait(false)
                : PostgresErrors.OfStatement(e, _address, $"What is reported as done is done; this failed and left nothing behind: {statement}");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_connection.State == System.Data.ConnectionState.Open)
        {
            try
            {
                await ExecuteAsync($"SELECT pg_advisory_unlock({AdvisoryLock})", CancellationToken.None).ConfigureAwait(false);
            }
            catch (NpgsqlException) when (_connection.State != System.Data.ConnectionState.Open)
            {
                // A connection that is gone has given the lock back already.
            }
        }

        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<StatementOutcome>> TryTogetherAsync(IReadOnlyList<string> statements, CancellationToken cancellationToken)
    {
        var transaction = await _connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            await ExecuteAsync(TableLocks.Timeout("SET LOCAL", s_attempt), cancellationToken).ConfigureAwait(false);
            var outcomes = new List<StatementOutcome>(statements.Count);
            foreach (var statement in statements)
            {
                outcomes.Add(await MeasureAsync(statement, cancellationToken).ConfigureAwait(false));
            }

            try
            {
                // Once begun it is not broken off: nobody could tell any more whether it took place.
                await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            }
            catch (NpgsqlException e) when (e is not PostgresException)
            {
                throw new LettaException(
                    ErrorIds.SchemaFixUncertain,
                    LettaErrorKind.Connection,
                    $"The connection to '{_address}' was lost while the repair was being committed. The repair was done completely or not at all.",
                    "See which: Compare-LettaSchema",
                    _address,
                    e);
            }

            return outcomes;
        }
    }

    private async Task<StatementOutcome> TryAloneAsync(string statement, string? undo, CancellationToken cancellationToken)
    {
        await ExecuteAsync(TableLocks.Timeout("SET", undo is null ? s_attempt : _patience), cancellationToken).ConfigureAwait(false);
        try
        {
            return await MeasureAsync(statement, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception) when (undo is not null && _connection.State == System.Data.ConnectionState.Open)
        {
            await ExecuteAsync(undo, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<StatementOutcome> MeasureAsync(string statement, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var rows = await ExecuteAsync(statement, cancellationToken).ConfigureAwait(false);
        return new StatementOutcome(rows < 0 ? null : rows, watch.Elapsed);
    }

    private async Task<int> ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, _connection);
        await using (command.ConfigureAwait(false))
        {
            return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<T> ScalarAsync<T>(string sql, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, _connection);
        await using (command.ConfigureAwait(false))
        {
            return (T)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        }
    }

    private Task<LettaException> LockedAsync(NpgsqlException e, CancellationToken cancellationToken) =>
        TableLocks.DescribeAsync(_connection, _address, _patience, ofReaders: false, "Nothing was changed by what is not reported as done.", e, cancellationToken);

    private static ResiliencePipeline<T> Patiently<T>(TimeSpan patience, Func<Outcome<T>, bool> isRetried)
    {
        var watch = Stopwatch.StartNew();
        return new ResiliencePipelineBuilder<T>().AddRetry(new RetryStrategyOptions<T>
        {
            ShouldHandle = attempt => ValueTask.FromResult(watch.Elapsed < patience && isRetried(attempt.Outcome)),
            MaxRetryAttempts = int.MaxValue,
            Delay = TimeSpan.FromMilliseconds(50),
            MaxDelay = TimeSpan.FromSeconds(1),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
        }).Build();
    }
}
