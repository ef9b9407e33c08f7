using LettaPS.Core.Restores.Database;
using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Schemas.Repair;

namespace LettaPS.Adapters.Postgres;

/// <summary>A database that agents are written into.</summary>
internal sealed class AgentRowStore(DatabaseAddress address) : IAgentRowStore
{
    private readonly SchemaDatabase _catalog = new(address);
    private readonly Lazy<Task<PostgresSource>> _source = new(() => PostgresSource.OpenAsync(address, CancellationToken.None));

    /// <inheritdoc/>
    public DatabaseAddress Address => address;

    /// <inheritdoc/>
    public Task<DatabaseSnapshot> ReadCatalogAsync(CancellationToken cancellationToken) => _catalog.ReadAsync(_ => [], SchemaDoctor.ReadingPatience, cancellationToken);

    /// <inheritdoc/>
    public async Task<IDatabaseTransaction> BeginAsync(string searchPath, TimeSpan patience, CancellationToken cancellationToken)
    {
        var source = await _source.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
        var connection = await source.ConnectAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await DatabaseTransaction.BeginAsync(connection, address, searchPath, patience, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _catalog.DisposeAsync().ConfigureAwait(false);
        if (_source is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await _source.Value.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }
    }
}
