namespace LettaPS.Core.Databases;

/// <summary>The servers that use one database, and the way to it in whatever state they are.</summary>
public interface IDatabaseHost
{
    /// <summary>Whether the database runs in a server's own container, and so stops and starts with it.</summary>
    bool IsEmbedded { get; }

    /// <summary>Opens the way to the database.</summary>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="LettaException">There is none; the identifier tells why.</exception>
    Task<DatabaseSite> OpenAsync(CancellationToken cancel);

    /// <summary>Names of the containers of the servers that run on the database, or try to.</summary>
    /// <param name="cancel">Gives up.</param>
    Task<IReadOnlyList<string>> ListRunningAsync(CancellationToken cancel);

    /// <summary>Stops those servers.</summary>
    /// <param name="cancel">Gives up.</param>
    Task StopAsync(CancellationToken cancel);

    /// <summary>Starts servers.</summary>
    /// <param name="containers">Names of their containers.</param>
    /// <param name="wait">Whether to wait until they answer.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="LettaException">One of them does not come up.</exception>
    Task StartAsync(IEnumerable<string> containers, bool wait, CancellationToken cancel);
}
