using LettaPS.Core.Agents;
using LettaPS.Core.Connections;

namespace LettaPS.Adapters.Http;

/// <summary>A Letta server, spoken to over HTTP.</summary>
internal sealed class LettaServer(LettaConnection connection) : ILettaServer
{
    /// <inheritdoc/>
    public LettaConnection Connection => connection;

    /// <inheritdoc/>
    public Task<LettaConnection> CheckAsync(CancellationToken cancel) => Task.FromResult(connection);

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
