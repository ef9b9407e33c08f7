using System.Net;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases.Hosts;

/// <summary>The database of a server that runs in a container, and the servers that use it.</summary>
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

    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Identifier of the container that has the name of the data directory for this run.</summary>
    private string? _reservation;
    private string? _helper;

    /// <summary>How long to wait for another run: a container whose process was killed takes a moment to end, its PostgreSQL included.</summary>
    public TimeSpan ReservationTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    public bool IsEmbedded { get; private set; }

    /// <inheritdoc/>
    public string EngineCommand => engine.Command;

    /// <summary>Whether a database that is known by its address is this server's.</summary>
    /// <param name="address">The address, as it is used from this machine.</param>
    public async Task<bool> IsAtAsync(DatabaseAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        var place = await PlaceAsync(cancellationToken).ConfigureAwait(false);
        if (place.Address.Database != address.Database)
        {
            return false;
        }

        return (place.Address.Host == address.Host && place.Address.Port == address.Port)
            || (place.Postgres is { } postgres
                && (address.Host == engine.Endpoint.Host || IsLocal(address.Host))
                && postgres.Ports.Any(p => p.HostPort == address.Port && p.Port == ServerDiscovery.PortInside(postgres, place.Address)));
    }

    /// <summary>Finds out where the database is.</summary>
    /// <returns>Its address as the server has it, with the role and password of the server.</returns>
    public async Task<DatabaseAddress> FindAsync(CancellationToken cancellationToken)
    {
        var place = await PlaceAsync(cancellationToken).ConfigureAwait(false);
        IsEmbedded = place.Postgres?.Id == place.Server.Id;
        return place.Address;
    }

    /// <inheritdoc/>
    public async Task<IAsyncDisposable?> ReserveAsync(CancellationToken cancellationToken)
    {
        var place = await PlaceAsync(cancellationToken).ConfigureAwait(false);
        IsEmbedded = place.Postgres?.Id == place.Server.Id;
        return IsEmbedded && _reservation is null ? await ReserveAsync(place, cancellationToken).ConfigureAwait(false) : null;
    }

    /// <inheritdoc/>
    public async Task EnsureExclusiveAsync(CancellationToken cancellationToken)
    {
        if (_reservation is null)
        {
            return;
        }

        var all = await engine.ListAsync(cancellationToken).ConfigureAwait(false);
        var place = Place(all);
        if (!all.Any(c => c.Id == _reservation && c.IsRunning))
        {
            throw DatabaseProblems.LockLost(place.Address.Database);
        }

        if (_helper is not null)
        {
            DataDirectory.EnsureNoOtherWriter(place.Server, all, _helper);
        }
    }

    /// <inheritdoc/>
    public async Task<DatabaseSite> OpenAsync(CancellationToken cancellationToken)
    {
        var place = await PlaceAsync(cancellationToken).ConfigureAwait(false);
        var (server, postgres, address) = place;
        if (postgres is null)
        {
            // The server's own container may be stopped meanwhile; one of its network is not.
            var reached = ServerDiscovery.IsKnownToServerOnly(server, address) ? address.Through(ServerNetwork.Tunnel(engine, server)) : address;
            return new DatabaseSite(adapters.OpenCluster(reached), adapters.OpenPrograms(reached), null);
        }

        IsEmbedded = postgres.Id == server.Id;
        if (IsEmbedded)
        {
            var settled = await SettleAsync(server, cancellationToken).ConfigureAwait(false);
            var keepsEnding = settled.State == ContainerState.Restarting || settled.RestartCount > server.RestartCount;
            if (keepsEnding || !settled.IsRunning)
            {
                return await OpenHelperAsync(place with { Server = settled }, isWanted: keepsEnding, cancellationToken).ConfigureAwait(false);
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
    public async Task<IReadOnlyList<string>> ListUsersAsync(string database, CancellationToken cancellationToken)
    {
        var all = await engine.ListAsync(cancellationToken).ConfigureAwait(false);
        var own = Place(all);
        var other = own with { Address = own.Address.WithDatabase(database) };
        return [.. all.Where(c => ServerDiscovery.IsServer(c) && IsSameDatabase(other, c, all)).Select(c => c.Name)];
    }

    /// <inheritdoc/>
    public async Task StopAsync(IEnumerable<string> containers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(containers);
        foreach (var name in containers)
        {
            progress?.Invoke($"stopping {name}");
            await control.StopAsync(name, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> StartAsync(IEnumerable<string> containers, bool wait, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(containers);
        var known = (await engine.ListAsync(cancellationToken).ConfigureAwait(false)).Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        var (there, gone) = (containers.Where(known.Contains).ToList(), containers.Where(name => !known.Contains(name)).ToList());
        LettaException? failure = null;
        foreach (var name in there)
        {
            progress?.Invoke($"starting {name}");
            try
            {
                await control.StartAsync(name, cancellationToken).ConfigureAwait(false);
            }
            catch (LettaException e)
            {
                // The others are to run all the same.
                failure ??= e;
            }
        }

        if (failure is not null)
        {
            throw failure;
        }

        foreach (var name in wait ? there : [])
        {
            await control.WaitAsync(name, startTimeout, progress, cancellationToken).ConfigureAwait(false);
        }

        return gone;
    }

    private static bool IsLocal(string host) =>
        host is "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address)) || string.Equals(host, Environment.MachineName, StringComparison.OrdinalIgnoreCase);

    private static bool IsSameDatabase(DatabasePlace own, ContainerFacts other, IReadOnlyList<ContainerFacts> all)
    {
        DatabaseAddress address;
        try
        {
            address = ServerDiscovery.Address(other);
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.InvalidDatabaseUri)
        {
            // A server that cannot read its own address uses no database at all.
            return false;
        }

        var postgres = ServerDiscovery.FindDatabaseContainers(other, all, address);
        return address.Database == own.Address.Database
            && (postgres.Count == 0
                ? own.Postgres is null && address.Host == own.Address.Host && address.Port == own.Address.Port
                : postgres.Any(p => p.Id == own.Postgres?.Id));
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

    /// <summary>
    /// Runs a container that does nothing but bear a name made of the data directory's: the engine lets no second one have it, and it ends with this process.
    /// </summary>
    private async Task<Reservation> ReserveAsync(DatabasePlace place, CancellationToken cancellationToken)
    {
        var specification = new TemporaryContainerSpecification(place.Server.ImageId, "cat >/dev/null") { Name = DataDirectory.NameFor(place.Server), Grace = TimeSpan.FromSeconds(5) };
        var container = await RunNamedAsync(specification, place, cancellationToken).ConfigureAwait(false);
        _reservation = container.Id;
        return new Reservation(this, container);
    }

    /// <summary>Runs a container whose name may still be that of one whose process was killed a moment ago.</summary>
    private async Task<ITemporaryContainer> RunNamedAsync(TemporaryContainerSpecification specification, DatabasePlace place, CancellationToken cancellationToken)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await engine.RunTemporaryAsync(specification, cancellationToken).ConfigureAwait(false);
            }
            catch (LettaException e) when (e.Kind == LettaErrorKind.Conflict && e.ErrorId == ErrorIds.ContainerExists)
            {
                if (TimeProvider.System.GetElapsedTime(begun) > ReservationTimeout)
                {
                    throw DatabaseProblems.WorkRunning(place.Address.Database);
                }

                await Task.Delay(s_pollInterval, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <param name="place">The server and its database.</param>
    /// <param name="isWanted">Whether the server is to run again afterwards.</param>
    private async Task<DatabaseSite> OpenHelperAsync(DatabasePlace place, bool isWanted, CancellationToken cancellationToken)
    {
        var (server, _, address) = place;
        if (ServerDiscovery.DataMount(server) is null)
        {
            throw DatabaseProblems.InContainerLayer(server);
        }

        var helper = new Helper(this) { Reservation = _reservation is null ? await ReserveAsync(place, cancellationToken).ConfigureAwait(false) : null };
        try
        {
            progress?.Invoke("starting PostgreSQL alone");
            var (image, environment) = await PostgresImages.ChooseAsync(engine, server, cancellationToken).ConfigureAwait(false);
            var specification = new TemporaryContainerSpecification(image, PostgresAlone.Script)
            {
                Name = DataDirectory.PostgresNameFor(server),
                Environment = environment,
                VolumesFrom = server.Id,
                BeforeStart = async token =>
                {
                    // One that the engine starts again and again is between two starts now, and would come in between.
                    helper.Server = isWanted ? server.Name : null;
                    await control.StopAsync(server.Id, token).ConfigureAwait(false);
                    DataDirectory.EnsureNoOtherWriter(server, await engine.ListAsync(token).ConfigureAwait(false));
                },
            };
            helper.Container = await RunNamedAsync(specification, place, cancellationToken).ConfigureAwait(false);
            _helper = helper.Container.Id;
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
    private sealed class Helper(ServerDatabaseHost host) : IAsyncDisposable
    {
        public ITemporaryContainer? Container { get; set; }

        /// <summary>The server that had to give way.</summary>
        public string? Server { get; set; }

        /// <summary>What was reserved for it; <see langword="null"/> where its user has the reservation.</summary>
        public Reservation? Reservation { get; init; }

        public async ValueTask DisposeAsync()
        {
            host._helper = null;
            if (Container is not null)
            {
                await Container.DisposeAsync().ConfigureAwait(false);
            }

            try
            {
                if (Server is not null)
                {
                    await host.StartAsync([Server], wait: false, CancellationToken.None).ConfigureAwait(false);
                }
            }
            finally
            {
                if (Reservation is not null)
                {
                    await Reservation.DisposeAsync().ConfigureAwait(false);
                }
            }
        }
    }

    /// <summary>The right to work on the data directory.</summary>
    private sealed class Reservation(ServerDatabaseHost host, ITemporaryContainer container) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            host._reservation = null;
            await container.DisposeAsync().ConfigureAwait(false);
        }
    }

    private sealed record DatabasePlace(ContainerFacts Server, ContainerFacts? Postgres, DatabaseAddress Address);
}
