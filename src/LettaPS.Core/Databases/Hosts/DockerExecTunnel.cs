using LettaPS.Core.Connections;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases.Hosts;

/// <summary>The way to a database whose port is not published: through the engine that runs its container.</summary>
/// <param name="engine">The engine. It must stay open as long as the way may be used.</param>
/// <param name="container">The container that runs PostgreSQL.</param>
/// <param name="port">The port that it listens on there.</param>
/// <param name="host">The host that the container is to connect to; itself if none is given.</param>
internal sealed class DockerExecTunnel(IContainerEngine engine, string container, int port, string host = DockerExecTunnel.Loopback) : IDatabaseTunnel
{
    /// <summary>The container itself.</summary>
    public const string Loopback = "127.0.0.1";

    /// <inheritdoc/>
    public Task<IOpenTunnel> OpenAsync(DatabaseAddress address, CancellationToken cancellationToken) => engine.OpenTunnelAsync(container, host, port, cancellationToken);

    /// <summary>The container.</summary>
    public override string ToString() => $"container {container}";
}
