using LettaPS.Core.Connections;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases.Hosts;

/// <summary>
/// The network of a server as the server's container sees it, whether that container runs or not: its networks, and the names that were given to it
/// (<c>extra_hosts</c>, <c>host.docker.internal</c>), which nobody else can resolve.
/// </summary>
internal static class ServerNetwork
{
    private const string WaitForTheEnd = "cat >/dev/null";

    /// <summary>A temporary container that runs a script in the server's network.</summary>
    /// <param name="server">The server's container.</param>
    /// <param name="image">Identifier of the image.</param>
    public static TemporaryContainerSpecification Specification(ContainerFacts server, string image)
    {
        // A container of the default network says "default" or, in Podman, nothing that another one could be given.
        var network = server.NetworkMode is "default" or "" ? "bridge" : server.NetworkMode;
        var isShared = network.StartsWith("container:", StringComparison.Ordinal);
        return new TemporaryContainerSpecification(image, WaitForTheEnd)
        {
            Network = network,
            MoreNetworks = isShared || network is "host" ? [] : [.. server.Networks.Select(n => n.Name).Where(n => n != network)],
            ExtraHosts = isShared ? [] : server.ExtraHosts,
        };
    }

    /// <summary>A way to a host of that network, through a temporary container that lives as long as the way is open.</summary>
    /// <param name="engine">The engine. It must stay open as long as the way may be used.</param>
    /// <param name="server">The server's container.</param>
    public static IDatabaseTunnel Tunnel(IContainerEngine engine, ContainerFacts server) => new TemporaryTunnel(engine, server);

    private sealed class TemporaryTunnel(IContainerEngine engine, ContainerFacts server) : IDatabaseTunnel
    {
        public async Task<IOpenTunnel> OpenAsync(DatabaseAddress address, CancellationToken cancellationToken)
        {
            var container = await engine.RunTemporaryAsync(Specification(server, server.ImageId), cancellationToken).ConfigureAwait(false);
            try
            {
                return new OpenTunnel(container, await engine.OpenTunnelAsync(container.Id, address.Host, address.Port, cancellationToken).ConfigureAwait(false));
            }
            catch
            {
                await container.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }

        public override string ToString() => $"the network of container {server.Name}";
    }

    private sealed class OpenTunnel(ITemporaryContainer container, IOpenTunnel tunnel) : IOpenTunnel
    {
        public System.Net.IPEndPoint NearEnd => tunnel.NearEnd;

        public async ValueTask DisposeAsync()
        {
            await tunnel.DisposeAsync().ConfigureAwait(false);
            await container.DisposeAsync().ConfigureAwait(false);
        }
    }
}
