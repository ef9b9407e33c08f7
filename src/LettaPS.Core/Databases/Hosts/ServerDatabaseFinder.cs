using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases.Hosts;

/// <summary>Finds the database of a server that is known by the address of its API, and the way there.</summary>
/// <param name="engine">The engine. It must stay open as long as an address that was found may be used.</param>
internal sealed class ServerDatabaseFinder(IContainerEngine engine)
{
    /// <summary>Finds the database.</summary>
    /// <param name="baseUri">Address of the server's API.</param>
    /// <returns>
    /// Its address, with the role and password that the server has: at its published port where this machine is the engine's, else through the engine.
    /// <see langword="null"/> where no container of the engine has an API at that address.
    /// </returns>
    /// <exception cref="LettaException">The engine cannot be reached; <c>DatabaseContainerNotRunning</c>.</exception>
    public async Task<ServerDatabase?> FindAsync(Uri baseUri, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(baseUri);
        var all = await engine.ListAsync(cancellationToken).ConfigureAwait(false);
        return ServerDiscovery.FindServing(all, baseUri, engine.Endpoint) is { } server
            ? new ServerDatabase(Locate(engine, server, all), server.Variable(ServerDatabase.KeyVariable))
            : null;
    }

    /// <summary>Finds the database of a server that is known by its container.</summary>
    /// <param name="container">Identifier of the container.</param>
    /// <exception cref="LettaException"><c>ContainerNotFound</c>, <c>InvalidDatabaseUri</c>; <c>DatabaseContainerNotRunning</c>.</exception>
    public async Task<DatabaseAddress> FindAsync(string container, CancellationToken cancellationToken)
    {
        var all = await engine.ListAsync(cancellationToken).ConfigureAwait(false);
        return Locate(engine, all.FirstOrDefault(c => c.Id == container) ?? throw DatabaseProblems.ContainerGone(container), all);
    }

    /// <summary>Finds the database of a server that is known by its container.</summary>
    /// <param name="server">The server's container.</param>
    /// <param name="all">All containers of the engine.</param>
    /// <exception cref="LettaException"><c>InvalidDatabaseUri</c>; <c>DatabaseContainerNotRunning</c>.</exception>
    public static DatabaseAddress Locate(IContainerEngine engine, ContainerFacts server, IReadOnlyList<ContainerFacts> all)
    {
        ArgumentNullException.ThrowIfNull(engine);
        var address = ServerDiscovery.Address(server);
        var postgres = ServerDiscovery.FindDatabaseContainer(server, all, address);
        if (postgres is null)
        {
            return !ServerDiscovery.IsKnownToServerOnly(server, address) ? address
                : address.Through(server.IsRunning ? new DockerExecTunnel(engine, server.Id, address.Port, address.Host) : ServerNetwork.Tunnel(engine, server));
        }

        if (postgres.Id == server.Id && ServerDiscovery.ProductOf(server) == LettaServerProduct.LettaCode)
        {
            // No PostgreSQL is in that image any more, whether it runs or not; the volume still has the data.
            return address.Through(new VolumeTunnel(engine, server, address.Port));
        }

        if (!postgres.IsRunning)
        {
            throw postgres.Id == server.Id ? DatabaseProblems.EmbeddedContainerStopped(server, address) : DatabaseProblems.ContainerStopped(postgres);
        }

        var port = ServerDiscovery.PortInside(postgres, address);
        return IsHere(engine.Endpoint) && postgres.Ports.FirstOrDefault(p => p.Port == port && p.HostPort is not null) is { } published
            ? address.At(published.HostAddress is "0.0.0.0" or "::" ? "127.0.0.1" : published.HostAddress!, published.HostPort!.Value)
            : address.Through(new DockerExecTunnel(engine, postgres.Id, port));
    }

    private static bool IsHere(Uri endpoint) => endpoint.Scheme is "unix" or "npipe" || endpoint.IsLoopback;
}
