namespace LettaPS.Core.Sources;

/// <summary>A Letta server spoken to over HTTP. Thread-safe; many requests may be under way at once.</summary>
internal interface ILettaServer : IAgentSource, IAgentTarget
{
    /// <summary>Asks the server for its version and makes one authenticated read.</summary>
    /// <returns>The connection with the server's version.</returns>
    /// <exception cref="LettaException">The server cannot be used; the identifier tells why.</exception>
    Task<LettaConnection> CheckAsync(CancellationToken cancellationToken);

    /// <summary>Counts the server's agents.</summary>
    /// <returns>The number, or <see langword="null"/> if the server does not tell it.</returns>
    Task<int?> CountAgentsAsync(CancellationToken cancellationToken);
}
