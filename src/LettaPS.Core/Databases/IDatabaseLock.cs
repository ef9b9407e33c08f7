namespace LettaPS.Core.Databases;

/// <summary>The lock on a database that keeps every other LettaPS away from it, until disposed of.</summary>
internal interface IDatabaseLock : IAsyncDisposable
{
    /// <summary>
    /// Whether the lock is still held. A session that PostgreSQL ended, or that a connection pooler gave to another client, holds it no longer.
    /// </summary>
    Task<bool> IsHeldAsync(CancellationToken cancellationToken);
}
