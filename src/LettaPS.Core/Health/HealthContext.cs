using System.Diagnostics;
using System.Text.Json;
using LettaPS.Core.Backups;
using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;
using LettaPS.Core.Schemas.Repair;
using LettaPS.Core.Servers;
using LettaPS.Core.Sources;

namespace LettaPS.Core.Health;

/// <summary>The server under examination. What several layers need is asked once, when the first of them needs it.</summary>
internal sealed class HealthContext : IAsyncDisposable
{
    private readonly IAdapterFactory _adapters;
    private readonly CancellationToken _cancel;
    private readonly Lazy<IServerProbe> _probe;
    private readonly Lazy<Task<EngineView>> _engine;
    private readonly Lazy<Task<ServerAnswer>> _health;
    private readonly Lazy<Task<ServerAnswer>> _agents;
    private readonly Lazy<Task<string?>> _version;
    private readonly Lazy<Task<DatabaseReading?>> _database;
    private IContainerEngine? _opened;

    public HealthContext(IAdapterFactory adapters, HealthTarget target, HealthOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        (_adapters, Target, Options, Time, _cancel) = (adapters, target, options, time, cancellationToken);
        _probe = new(() => adapters.OpenProbe(target.Connection!));
        _engine = new(ReadEngineAsync);
        _health = new(() => Probe.GetAsync("health/", cancellationToken));

        // Asked for without this, servers join everything to the agent and decrypt its secrets. All releases know it.
        _agents = new(() => Probe.GetAsync("agents/?limit=1&include_relationships=tags", cancellationToken));
        _version = new(ReadVersionAsync);
        _database = new(ReadDatabaseAsync);
    }

    /// <summary>The server.</summary>
    public HealthTarget Target { get; }

    /// <summary>How it is examined.</summary>
    public HealthOptions Options { get; }

    /// <summary>Gives the time.</summary>
    public TimeProvider Time { get; }

    /// <summary>The release to hold the database to; <see langword="null"/> for the one that the server is of.</summary>
    public LettaRelease? Release { get; init; }

    /// <summary>Whether everything is examined.</summary>
    public bool IsDeep => Options.Depth == HealthDepth.Deep;

    /// <summary>Looks at the server's address. There is none where its port is not published, and then the layer Network fails before this is needed.</summary>
    public IServerProbe Probe => _probe.Value;

    /// <summary>What the container engine shows.</summary>
    public Task<EngineView> Engine => _engine.Value;

    /// <summary>What the server encrypts its secrets with: its container's variable, where that is known, else the one here.</summary>
    public async Task<string?> EncryptionKeyAsync() => (await Engine.ConfigureAwait(false)).Server is { } server
        ? server.Variable(ServerDatabase.KeyVariable)
        : Target.Environment(ServerDatabase.KeyVariable);

    /// <summary>The answer to <c>/v1/health/</c>.</summary>
    /// <exception cref="LettaException">There is none.</exception>
    public Task<ServerAnswer> Health => _health.Value;

    /// <summary>The answer to the shortest list of agents, which needs the password and the database.</summary>
    /// <exception cref="LettaException">There is none.</exception>
    public Task<ServerAnswer> Agents => _agents.Value;

    /// <summary>The version that the server tells; <see langword="null"/> where it tells none.</summary>
    public Task<string?> Version => _version.Value;

    /// <summary>The database; <see langword="null"/> where nothing says where it is.</summary>
    /// <exception cref="LettaException">It cannot be read.</exception>
    public Task<DatabaseReading?> Database => _database.Value;

    /// <summary>The server as its backups have to name it.</summary>
    public async Task<BackedUpServer> BackedUpServerAsync(CancellationToken cancellationToken)
    {
        DatabaseReading? reading = null;
        DatabaseAddress? address = null;
        try
        {
            address = (await FindDatabaseAsync().ConfigureAwait(false)).Address;
            reading = await Database.ConfigureAwait(false);
        }
        catch (LettaException)
        {
            // The check of the database reports it.
        }

        Uri?[] addresses = [Target.Connection?.BaseUri, address is null ? null : new Uri(address.ToString())];
        return new BackedUpServer(
            [.. addresses.OfType<Uri>()],
            address?.Database ?? DatabaseAddress.Default.Database,
            reading?.Snapshot.Answer(DatabaseQueries.Server)?.StringOrNull("system"),
            await ExpectedAgentsAsync(reading, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Why the server tells no version, in words; <see langword="null"/> where it does.</summary>
    public async Task<string?> ApiProblemAsync()
    {
        try
        {
            await Health.ConfigureAwait(false);
            return await Version.ConfigureAwait(false) is null ? $"{Target.Connection!.BaseUri} does not say its version." : null;
        }
        catch (LettaException e)
        {
            return e.Message;
        }
    }

    /// <summary>Whether the server reads agents, for which it needs the tables of its database.</summary>
    public async Task<bool> HasAgentsAnswerAsync()
    {
        try
        {
            return Target.Connection is not null && await Agents.ConfigureAwait(false) is { IsSuccess: true, IsJson: true };
        }
        catch (LettaException)
        {
            // It does not answer, which says nothing of the database.
            return false;
        }
    }

    /// <summary>Lists the agents through the API.</summary>
    /// <returns>The agents, and the identifiers of those that have none of Letta's.</returns>
    public async Task<(IReadOnlyList<LettaAgent> Agents, IReadOnlyList<string> InvalidIds)> ListAgentsAsync(CancellationToken cancellationToken)
    {
        using var server = _adapters.OpenServer(Target.Connection!);
        var agents = new List<LettaAgent>();
        var invalid = new List<string>();
        var everything = AgentQuery.Everything with { OnInvalid = NoteAsync };
        await foreach (var agent in server.ListAsync(everything, cancellationToken).ConfigureAwait(false))
        {
            agents.Add(agent);
        }

        return (agents, invalid);

        ValueTask NoteAsync(LettaException failure)
        {
            invalid.Add($"{failure.Target}");
            return default;
        }
    }

    /// <summary>Whether something takes connections, as seen from the server's container, else from here.</summary>
    /// <param name="endpoint">Its address.</param>
    /// <returns><see langword="null"/> where something does, else why not.</returns>
    public async Task<string?> TryEndpointAsync(Uri endpoint, CancellationToken cancellationToken)
    {
        if (await Engine.ConfigureAwait(false) is { Engine: { } engine, Server: { IsRunning: true } container })
        {
            // $0 and $1 are words of their own: no shell reads what stands in an agent's configuration.
            var program = new ContainerProgram("timeout", "2", "bash", "-c", "exec 3<>\"/dev/tcp/$0/$1\"", endpoint.Host, $"{endpoint.Port}");
            var result = await engine.RunProgramAsync(container.Id, program, null, null, cancellationToken).ConfigureAwait(false);
            return result.ExitCode switch
            {
                0 => null,
                124 => "no answer within two seconds",
                _ => result.Error.Contains("Connection refused", StringComparison.Ordinal) ? "nothing listens there" : "it cannot be reached",
            };
        }

        using var probe = _adapters.OpenProbe(new LettaConnection(new Uri(endpoint.GetLeftPart(UriPartial.Authority)), timeout: TimeSpan.FromSeconds(2)));
        try
        {
            await probe.ConnectAsync(cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (LettaException e)
        {
            return e.ErrorId switch
            {
                ErrorIds.HostNotFound => "there is no such host",
                ErrorIds.ServerTimeout => "no answer within two seconds",
                _ => "nothing listens there",
            };
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (_probe.IsValueCreated)
        {
            _probe.Value.Dispose();
        }

        _opened?.Dispose();
        return default;
    }

    /// <summary>The agents of the server, through the API or else from its database.</summary>
    private async Task<IReadOnlyList<ExpectedAgent>?> ExpectedAgentsAsync(DatabaseReading? reading, CancellationToken cancellationToken)
    {
        if (await HasAgentsAnswerAsync().ConfigureAwait(false))
        {
            try
            {
                return [.. (await ListAgentsAsync(cancellationToken).ConfigureAwait(false)).Agents.Select(a => new ExpectedAgent(a.Id, a.Name, a.CreatedAt))];
            }
            catch (LettaException)
            {
                // The check of the API reports it, and the database is asked instead.
            }
        }

        return reading?.Snapshot.Answer(DatabaseQueries.AgentTimes) is { } rows
            ? [.. rows.EnumerateArray().Select(a => new ExpectedAgent(a.GetProperty("id").GetString()!, a.StringOrNull("name"), a.TimeOrNull("created_at")))]
            : null;
    }

    private async Task<EngineView> ReadEngineAsync()
    {
        try
        {
            _opened = _adapters.OpenEngine();
            var all = await _opened.ListAsync(_cancel).ConfigureAwait(false);
            var server = Target.Container is { } id ? all.FirstOrDefault(c => c.Id == id) : ServerDiscovery.FindServing(all, Target.Connection!.BaseUri, _opened.Endpoint)
                ?? ServerDiscovery.FindAppServer(all, Target.Connection!.BaseUri);
            return server is null
                ? EngineView.None("No container of the engine serves this address.") with { Engine = _opened, All = all }
                : new EngineView(_opened, all, server, FindPostgres(server, all), null);
        }
        catch (LettaException e) when (e.IsEngineUnavailable)
        {
            return EngineView.None($"No container engine was asked: {e.Message}");
        }
    }

    private static ContainerFacts? FindPostgres(ContainerFacts server, IReadOnlyList<ContainerFacts> all)
    {
        try
        {
            return ServerDiscovery.FindDatabaseContainer(server, all, ServerDiscovery.Address(server));
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.InvalidDatabaseUri)
        {
            // Told by the check of the container's settings.
            return null;
        }
    }

    private async Task<string?> ReadVersionAsync()
    {
        if (Target.Connection is null)
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse((await Health.ConfigureAwait(false)).Body);
            return json.RootElement.StringOrNull("version");
        }
        catch (Exception e) when (e is LettaException or JsonException)
        {
            // Told by the check of the API.
            return null;
        }
    }

    private async Task<DatabaseReading?> ReadDatabaseAsync()
    {
        var (address, isGuess) = await FindDatabaseAsync().ConfigureAwait(false);
        if (address is null)
        {
            return null;
        }

        var watch = Stopwatch.StartNew();
        var release = Release ?? await FindReleaseAsync().ConfigureAwait(false);
        var database = _adapters.OpenSchemaDatabase(address);
        await using (database.ConfigureAwait(false))
        {
            try
            {
                var snapshot = await database.ReadAsync(
                    catalog => [.. new SchemaDiagnosis(address, catalog, release).Questions(ofMessages: IsDeep), .. DatabaseQueries.Of(catalog), .. Options.BackupPath is null ? [] : DatabaseQueries.OfBackups(catalog)],
                    SchemaDoctor.ReadingPatience,
                    _cancel).ConfigureAwait(false);
                return new DatabaseReading(address, snapshot, new SchemaDiagnosis(address, snapshot, release), watch.Elapsed);
            }
            catch (LettaException e) when (isGuess && e.ErrorId is ErrorIds.DatabaseUnreachable or ErrorIds.DatabaseDenied or ErrorIds.DatabaseNotFound)
            {
                // Letta's own default was only tried; that it is not there says nothing of this server.
                return null;
            }
        }
    }

    private async Task<(DatabaseAddress? Address, bool IsGuess)> FindDatabaseAsync()
    {
        if ((Target.Database ?? Target.Connection?.Database ?? DatabaseAddress.FromEnvironment(Target.Environment)) is { } said)
        {
            return (said, false);
        }

        if (await Engine.ConfigureAwait(false) is { Engine: { } engine, Server: { } server } view)
        {
            return (ServerDatabaseFinder.Locate(engine, server, view.All), false);
        }

        return Target.Connection?.BaseUri.IsLoopback == true ? (DatabaseAddress.Default, true) : (null, false);
    }

    /// <summary>The release to hold the database to: what the server says it is, else what its image says; where neither is known, the nearest.</summary>
    private async Task<LettaRelease?> FindReleaseAsync()
    {
        var said = ReleaseCatalogue.Find(await Version.ConfigureAwait(false));
        var server = said is null ? (await Engine.ConfigureAwait(false)).Server : null;
        var release = said ?? (server is null ? null : ReleaseCatalogue.Find(Compose.Model.ImageReference.Parse(server.Image).Tag));
        return release is { HasSchema: true } ? release : null;
    }
}
