using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases.Hosts;

/// <summary>The database of a server that runs in a container, and the servers that use it.</summary>
/// <param name="engine">The engine.</param>
/// <param name="container">Identifier of the server's container.</param>
/// <param name="adapters">Opens databases and programs.</param>
/// <param name="control">Starts and stops servers.</param>
/// <param name="startTimeout">How long a server may take to answer after it was started.</param>
/// <param name="progress">Told in a few words what is waited for.</param>
internal sealed class ServerDatabaseHost(
    IContainerEngine engine, string container, IDatabaseAdapters adapters, ServerControl control, TimeSpan startTimeout, Action<string>? progress) : IDatabaseHost
{

    // A start script whose migration fails ends within seconds. What has run for so long does not end by itself.
    private static readonly TimeSpan s_steady = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public bool IsEmbedded { get; private set; }

    /// <summary>Finds out where the database is.</summary>
    /// <returns>Its address as the server has it, with the role and password of the server.</returns>
    public async Task<DatabaseAddress> FindAsync(CancellationToken cancellationToken)
    {
        var place = await PlaceAsync(cancellationToken).ConfigureAwait(false);
        IsEmbedded = place.Postgres?.Id == place.Server.Id;
        return place.Address;
    }

    /// <inheritdoc/>
    public async Task<DatabaseSite> OpenAsync(CancellationToken cancellationToken)
    {
        var (server, postgres, address) = await PlaceAsync(cancellationToken).ConfigureAwait(false);
        if (postgres is null)
        {
            return new DatabaseSite(adapters.OpenCluster(address), adapters.OpenPrograms(address), null);
        }

        IsEmbedded = postgres.Id == server.Id;
        if (IsEmbedded)
        {
            var settled = await SettleAsync(server, cancellationToken).ConfigureAwait(false);
            var keepsEnding = settled.State == ContainerState.Restarting || settled.RestartCount > server.RestartCount;
            if (keepsEnding || !settled.IsRunning)
            {
                return await OpenHelperAsync(settled, address, isWanted: keepsEnding, cancellationToken).ConfigureAwait(false);
            }
        }
        else if (!postgres.IsRunning)
        {
            throw DatabaseProblems.ContainerStopped(postgres);
        }

        await WaitForPostgresAsync(postgres.Id, postgres, address, cancellationToken).ConfigureAwait(false);
        return Site(postgres.Id, postgres, address, null);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> ListRunningAsync(CancellationToken cancellationToken)
    {
        var all = await engine.ListAsync(cancellationToken).ConfigureAwait(false);
        var own = Place(all);
        return [.. all.Where(c => c.State is ContainerState.Running or ContainerState.Restarting or ContainerState.Paused && ServerDiscovery.IsServer(c))
            .Where(c => c.Id == own.Server.Id || IsSameDatabase(own, c, all))
            .Select(c => c.Name)];
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (var name in await ListRunningAsync(cancellationToken).ConfigureAwait(false))
        {
            progress?.Invoke($"stopping {name}");
            await control.StopAsync(name, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async Task StartAsync(IEnumerable<string> containers, bool wait, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(containers);
        foreach (var name in containers)
        {
            progress?.Invoke($"starting {name}");
            await control.StartAsync(name, cancellationToken).ConfigureAwait(false);
            if (wait)
            {
                await control.WaitAsync(name, startTimeout, progress, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static bool IsSameDatabase(DatabasePlace own, ContainerFacts other, IReadOnlyList<ContainerFacts> all)
    {
        DatabaseAddress address;
        try
        {
            address = ServerDiscovery.Address(other);
        }
        catch (LettaException e) when (e.ErrorId == "InvalidDatabaseUri")
        {
            // A server that cannot read its own address uses no database at all.
            return false;
        }

        var postgres = ServerDiscovery.FindDatabaseContainer(other, all, address);
        return address.Database == own.Address.Database
            && (postgres is null
                ? own.Postgres is null && address.Host == own.Address.Host && address.Port == own.Address.Port
                : postgres.Id == own.Postgres?.Id);
    }

    private async Task<DatabasePlace> PlaceAsync(CancellationToken cancellationToken) => Place(await engine.ListAsync(cancellationToken).ConfigureAwait(false));

    private DatabasePlace Place(IReadOnlyList<ContainerFacts> all)
    {
        var server = all.FirstOrDefault(c => c.Id == container)
            ?? throw DatabaseProblems.ContainerGone(container);
        var address = ServerDiscovery.Address(server);
        return new DatabasePlace(server, ServerDiscovery.FindDatabaseContainer(server, all, address), address);
    }

    private DatabaseSite Site(string id, ContainerFacts postgres, DatabaseAddress address, IAsyncDisposable? helper)
    {
        // Making and renaming databases takes more than the server's own role may have. The image's superuser is there for it.
        var superuser = postgres.Variable("POSTGRES_USER") ?? (postgres.Variable("POSTGRES_PASSWORD") is null ? null : "postgres");
        var port = ServerDiscovery.PortInside(postgres, address);
        var admin = address.At(address.Host, port);
        if (superuser is not null && superuser != address.User)
        {
            admin = admin.As(superuser, postgres.Variable("POSTGRES_PASSWORD"));
        }

        return new DatabaseSite(
            adapters.OpenCluster(admin.Through(new DockerExecTunnel(engine, id, port))), new ContainerPostgresTools(engine, id, admin), helper)
        {
            HelperContainer = helper is null ? null : id,
        };
    }

    /// <summary>Waits until a server that was just started has come up or ended: if it ends, its PostgreSQL goes away in the middle of the work.</summary>
    private async Task<ContainerFacts> SettleAsync(ContainerFacts server, CancellationToken cancellationToken)
    {
        if (!server.IsRunning || TimeProvider.System.GetUtcNow() - server.StartedAt > s_steady)
        {
            return server;
        }

        try
        {
            await control.WaitAsync(server.Id, s_steady, progress, cancellationToken).ConfigureAwait(false);
        }
        catch (LettaException)
        {
            // Why it does not answer is for others to say. What matters here is whether it ended meanwhile.
        }

        return await engine.InspectAsync(server.Id, cancellationToken).ConfigureAwait(false);
    }

    /// <param name="server">The server's container.</param>
    /// <param name="address">Address of its database.</param>
    /// <param name="isWanted">Whether the server is to run again afterwards.</param>
    private async Task<DatabaseSite> OpenHelperAsync(ContainerFacts server, DatabaseAddress address, bool isWanted, CancellationToken cancellationToken)
    {
        if (ServerDiscovery.DataMount(server) is null)
        {
            throw DatabaseProblems.InContainerLayer(server);
        }

        // One that the engine starts again and again is between two starts now, and would come in between.
        await control.StopAsync(server.Id, cancellationToken).ConfigureAwait(false);
        var helper = new Helper(control, isWanted ? server.Name : null);
        try
        {
            progress?.Invoke("starting PostgreSQL alone");
            var (image, environment) = await PostgresImages.ChooseAsync(engine, server, cancellationToken).ConfigureAwait(false);
            helper.Container = await engine.RunTemporaryAsync(
                new TemporaryContainerSpecification(image, PostgresAlone.Script) { Environment = environment, VolumesFrom = server.Id }, cancellationToken).ConfigureAwait(false);
            await WaitForPostgresAsync(helper.Container.Id, server, address, cancellationToken).ConfigureAwait(false);
            return Site(helper.Container.Id, server, address, helper);
        }
        catch
        {
            await helper.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private Task WaitForPostgresAsync(string id, ContainerFacts postgres, DatabaseAddress address, CancellationToken cancellationToken) =>
        PostgresAlone.WaitAsync(engine, id, postgres.Name, ServerDiscovery.PortInside(postgres, address), cancellationToken);

    /// <summary>PostgreSQL alone. When it is given up, a server that had to give way to it is started again.</summary>
    private sealed class Helper(ServerControl control, string? server) : IAsyncDisposable
    {
        public ITemporaryContainer? Container { get; set; }

        public async ValueTask DisposeAsync()
        {
            if (Container is not null)
            {
                await Container.DisposeAsync().ConfigureAwait(false);
            }

            if (server is not null)
            {
                await control.StartAsync(server, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private sealed record DatabasePlace(ContainerFacts Server, ContainerFacts? Postgres, DatabaseAddress Address);
}
