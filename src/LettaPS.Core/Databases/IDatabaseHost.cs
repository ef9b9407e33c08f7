namespace LettaPS.Core.Databases;

/// <summary>The servers that use one database, and the way to it in whatever state they are.</summary>
internal interface IDatabaseHost
{
    /// <summary>Whether the database runs in a server's own container, and so stops and starts with it.</summary>
    bool IsEmbedded { get; }

    /// <summary>Opens the way to the database.</summary>
    /// <exception cref="LettaException">There is none; the identifier tells why.</exception>
    Task<DatabaseSite> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Names of the containers of the servers that run on the database, or try to.</summary>
    Task<IReadOnlyList<string>> ListRunningAsync(CancellationToken cancellationToken);

    /// <summary>Stops those servers.</summary>
    Task StopAsync(CancellationToken cancellationToken);

    /// <summary>Starts servers.</summary>
    /// <param name="containers">Names of their containers.</param>
    /// <param name="wait">Whether to wait until they answer.</param>
    /// <exception cref="LettaException">One of them does not come up.</exception>
    Task StartAsync(IEnumerable<string> containers, bool wait, CancellationToken cancellationToken);
}
