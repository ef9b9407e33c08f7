using LettaPS.Core.Connections;
using LettaPS.Core.Restores;
using LettaPS.Core.Schemas;

namespace LettaPS.Adapters.Postgres;

/// <summary>A database that agents are written into.</summary>
internal sealed class RestoreDatabase(DatabaseAddress address) : IRestoreDatabase
{
    private readonly SchemaDatabase _catalog = new(address);
    private readonly Lazy<Task<PostgresSource>> _source = new(() => PostgresSource.OpenAsync(address, CancellationToken.None));

    /// <inheritdoc/>
    public DatabaseAddress Address => address;

    /// <inheritdoc/>
    public Task<DatabaseSnapshot> ReadCatalogAsync(CancellationToken cancel) => _catalog.ReadAsync(_ => [], SchemaDoctor.ReadingPatience, cancel);

    /// <inheritdoc/>
    public async Task<IDatabaseTransaction> BeginAsync(string searchPath, TimeSpan patience, CancellationToken cancel)
    {
        var source = await _source.Value.WaitAsync(cancel).ConfigureAwait(false);
        var connection = await source.ConnectAsync(cancel).ConfigureAwait(false);
        try
        {
            return await DatabaseTransaction.BeginAsync(connection, address, searchPath, patience, cancel).ConfigureAwait(false);
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
