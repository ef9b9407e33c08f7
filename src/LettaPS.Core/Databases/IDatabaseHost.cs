using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases;

/// <summary>The servers that use one database, and the way to it in whatever state they are.</summary>
internal interface IDatabaseHost
{
    /// <summary>Whether the database runs in a server's own container, and so stops and starts with it.</summary>
    bool IsEmbedded { get; }

    /// <summary>The command that a user of the servers' container engine types: <c>docker</c> or <c>podman</c>.</summary>
    string EngineCommand => ContainerFacts.Docker;

    /// <summary>
    /// Keeps every other LettaPS off the data directory until disposed of. Needed where the database stops and starts with a server, and so no lock in it
    /// lasts: one container per data directory, by a name that the engine keeps unique.
    /// </summary>
    /// <exception cref="LettaException"><c>DatabaseWorkInUse</c>: another run has it.</exception>
    Task<IAsyncDisposable?> ReserveAsync(CancellationToken cancellationToken);

    /// <summary>Verifies that nothing but the opened PostgreSQL can write to the data directory, and that what was reserved still is.</summary>
    /// <exception cref="LettaException"><c>DataDirectoryInUse</c>, <c>DatabaseLockFailed</c>.</exception>
    Task EnsureExclusiveAsync(CancellationToken cancellationToken);

    /// <summary>Opens the way to the database.</summary>
    /// <exception cref="LettaException">There is none; the identifier tells why.</exception>
    Task<DatabaseSite> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Names of the containers of the servers that run on the database, or try to.</summary>
    Task<IReadOnlyList<string>> ListRunningAsync(CancellationToken cancellationToken);

    /// <summary>Names of the containers of servers that have the address of another database of the same PostgreSQL, whether they run or not.</summary>
    /// <param name="database">Name of the other database.</param>
    Task<IReadOnlyList<string>> ListUsersAsync(string database, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);

    /// <summary>Stops servers.</summary>
    /// <param name="containers">Names of their containers.</param>
    Task StopAsync(IEnumerable<string> containers, CancellationToken cancellationToken);

    /// <summary>Starts servers.</summary>
    /// <param name="containers">Names of their containers.</param>
    /// <param name="wait">Whether to wait until they answer.</param>
    /// <returns>The containers that cannot be started from here: they are gone, or nothing is known of them.</returns>
    /// <exception cref="LettaException">One of them does not come up. The others were started all the same.</exception>
    Task<IReadOnlyList<string>> StartAsync(IEnumerable<string> containers, bool wait, CancellationToken cancellationToken);
}
