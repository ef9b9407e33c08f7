using LettaPS.Core.Restores.Database;
using LettaPS.Core.Schemas.Model;

namespace LettaPS.KillChild;

/// <summary>A database to restore into; something happens before one of the statements.</summary>
/// <param name="inner">The database.</param>
/// <param name="statement">Which statement, from 1.</param>
/// <param name="interrupt">What happens.</param>
internal sealed class InterruptedDatabase(IAgentRowStore inner, int statement, Action interrupt) : IAgentRowStore
{
    private int _statements;

    /// <inheritdoc/>
    public DatabaseAddress Address => inner.Address;

    /// <inheritdoc/>
    public Task<DatabaseSnapshot> ReadCatalogAsync(CancellationToken cancellationToken) => inner.ReadCatalogAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<IDatabaseTransaction> BeginAsync(string searchPath, TimeSpan patience, CancellationToken cancellationToken) =>
        new Transaction(this, await inner.BeginAsync(searchPath, patience, cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private void Count()
    {
        if (Interlocked.Increment(ref _statements) == statement)
        {
            interrupt();
        }
    }

    private sealed class Transaction(InterruptedDatabase database, IDatabaseTransaction inner) : IDatabaseTransaction
    {
        public Task<long> ExecuteAsync(string sql, CancellationToken cancellationToken, params string?[] parameters)
        {
            database.Count();
            return inner.ExecuteAsync(sql, cancellationToken, parameters);
        }

        public Task<IReadOnlyList<string?[]>> QueryAsync(string sql, CancellationToken cancellationToken, params string?[] parameters)
        {
            database.Count();
            return inner.QueryAsync(sql, cancellationToken, parameters);
        }

        public Task CopyAsync(string sql, Func<TextWriter, Task> write, CancellationToken cancellationToken)
        {
            database.Count();
            return inner.CopyAsync(sql, write, cancellationToken);
        }

        public Task CommitAsync()
        {
            database.Count();
            return inner.CommitAsync();
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
