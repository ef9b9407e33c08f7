using LettaPS.Core.AgentFiles;

namespace LettaPS.Core.Sources;

/// <summary>A place that agents can be read from whole. Reading changes nothing there.</summary>
internal interface IAgentSource : IDisposable
{
    /// <summary>The server that the agents live on.</summary>
    LettaConnection Connection { get; }

    /// <summary>Lists agents, the newest first, without holding them all.</summary>
    /// <param name="query">Which ones.</param>
    IAsyncEnumerable<LettaAgent> ListAsync(AgentQuery query, CancellationToken cancellationToken);

    /// <summary>Gets one agent.</summary>
    /// <param name="agentId">Its identifier.</param>
    /// <exception cref="LettaException"><c>AgentNotFound</c>: there is none.</exception>
    Task<LettaAgent> GetAsync(string agentId, CancellationToken cancellationToken);

    /// <summary>Reads all that there is of one agent.</summary>
    /// <param name="agentId">Its identifier.</param>
    /// <param name="options">What to leave out.</param>
    /// <returns>The agent. What could not be had is listed in <see cref="AgentSnapshot.Missing"/>.</returns>
    /// <exception cref="LettaException">The agent cannot be read at all.</exception>
    Task<AgentSnapshot> ReadAsync(string agentId, SnapshotOptions options, CancellationToken cancellationToken);
}
