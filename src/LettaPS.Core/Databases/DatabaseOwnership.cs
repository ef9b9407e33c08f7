namespace LettaPS.Core.Databases;

/// <summary>
/// The right of one run to work on a database, which no other LettaPS has meanwhile: a reservation of the data directory where the database runs in a
/// server's own container, and a lock in PostgreSQL while that is open.
/// </summary>
/// <param name="host">The servers and the way to their database.</param>
/// <param name="database">Name of the database.</param>
internal sealed class DatabaseOwnership(IDatabaseHost host, string database) : IAsyncDisposable
{
    private IAsyncDisposable? _reservation;
    private IDatabaseLock? _lock;
    private bool _reserved;

    /// <summary>The PostgreSQL server; <see langword="null"/> while it is closed.</summary>
    public DatabaseSite? Site { get; private set; }

    /// <summary>Whether this run has owned the database at any time. One that never has changes nothing, and so has nothing to roll back.</summary>
    public bool WasAcquired { get; private set; }

    /// <summary>Reserves the data directory where needed, opens the way to the database and locks it.</summary>
    /// <exception cref="LettaException"><c>DatabaseWorkInUse</c>; why there is no way.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        if (!_reserved)
        {
            _reservation = await host.ReserveAsync(cancellationToken).ConfigureAwait(false);
            _reserved = true;
        }

        try
        {
            Site = await host.OpenAsync(cancellationToken).ConfigureAwait(false);
            _lock = await Site.Cluster.LockAsync(database, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await CloseAsync().ConfigureAwait(false);
            throw;
        }

        WasAcquired = true;
    }

    /// <summary>
    /// Verifies that the database is still this run's. A lock that was lost without anybody taking it is taken again; whether somebody had it in between, the
    /// marker of the work database tells.
    /// </summary>
    /// <exception cref="LettaException"><c>DatabaseLockFailed</c>, <c>DataDirectoryInUse</c>.</exception>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        await host.EnsureExclusiveAsync(cancellationToken).ConfigureAwait(false);
        if (Site is null || (_lock is not null && await _lock.IsHeldAsync(cancellationToken).ConfigureAwait(false)))
        {
            return;
        }

        await UnlockAsync().ConfigureAwait(false);
        try
        {
            _lock = await Site.Cluster.LockAsync(database, cancellationToken).ConfigureAwait(false);
        }
        catch (LettaException e) when (e.Kind == LettaErrorKind.Conflict)
        {
            throw DatabaseProblems.LockLost(database, e);
        }
    }

    /// <summary>Closes the way to the database and gives up the lock in it, but not the reservation.</summary>
    public async Task CloseAsync()
    {
        await UnlockAsync().ConfigureAwait(false);
        if (Site is { } site)
        {
            Site = null;
            await site.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync().ConfigureAwait(false);
        if (_reservation is { } reservation)
        {
            _reservation = null;
            await reservation.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task UnlockAsync()
    {
        if (_lock is { } held)
        {
            _lock = null;
            await held.DisposeAsync().ConfigureAwait(false);
        }
    }
}
