namespace LettaPS.Core.Databases.Hosts;

/// <summary>A database at an address. Which servers use it is not known, and none is stopped or started.</summary>
/// <param name="adapters">Opens databases and programs.</param>
internal sealed class AddressDatabaseHost(DatabaseAddress address, IDatabaseAdapters adapters) : IDatabaseHost
{
    /// <inheritdoc/>
    public bool IsEmbedded => false;

    /// <inheritdoc/>
    public Task<IAsyncDisposable?> ReserveAsync(CancellationToken cancellationToken) => Task.FromResult<IAsyncDisposable?>(null);

    /// <inheritdoc/>
    public Task EnsureExclusiveAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<DatabaseSite> OpenAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new DatabaseSite(adapters.OpenCluster(address), adapters.OpenPrograms(address), null));

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ListRunningAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);

    /// <inheritdoc/>
    public Task StopAsync(IEnumerable<string> containers, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> StartAsync(IEnumerable<string> containers, bool wait, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>([.. containers]);
}
