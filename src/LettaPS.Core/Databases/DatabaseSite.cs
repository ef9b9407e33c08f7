namespace LettaPS.Core.Databases;

/// <summary>A PostgreSQL server that can be worked on: its databases, and its own programs beside it.</summary>
/// <param name="Cluster">Its databases.</param>
/// <param name="Helper">What has to be given up at the end, such as a container that runs the server meanwhile; <see langword="null"/> for nothing.</param>
internal sealed record DatabaseSite(IDatabaseCluster Cluster, IPostgresTools Programs, IAsyncDisposable? Helper) : IAsyncDisposable
{
    /// <summary>The container that runs the server meanwhile, whose network others can share; <see langword="null"/> where the server runs as always.</summary>
    public string? HelperContainer { get; init; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync().ConfigureAwait(false);
        if (Helper is not null)
        {
            await Helper.DisposeAsync().ConfigureAwait(false);
        }
    }
}
