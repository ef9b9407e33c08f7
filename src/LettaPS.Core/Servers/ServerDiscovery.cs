using System.Net;
using LettaPS.Core.Compose.Model;

namespace LettaPS.Core.Servers;

/// <summary>Finds out from what an engine tells of its containers which of them are Letta servers, and where their databases are.</summary>
internal static class ServerDiscovery
{
    /// <summary>The port that Letta's API has in its image.</summary>
    public const int ApiPort = 8283;

    /// <summary>The port that PostgreSQL has in its image.</summary>
    public const int PostgresPort = 5432;

    /// <summary>Label with the compose service.</summary>
    public const string ComposeService = "com.docker.compose.service";

    /// <summary>Label with the compose files, separated by commas.</summary>
    public const string ComposeFiles = "com.docker.compose.project.config_files";

    /// <summary>Label with the env files that compose was given, separated by commas.</summary>
    public const string ComposeEnvironmentFile = "com.docker.compose.project.environment_file";

    /// <summary>Where PostgreSQL's data are in its image and in Letta's, unless <c>PGDATA</c> says otherwise.</summary>
    public const string DefaultDataDirectory = "/var/lib/postgresql/data";

    // Set by the official image (its Dockerfile, 0.11.3 to 0.16.8), and so there in every image derived from it, whatever that is called.
    private const string ImageMark = "LETTA_ENVIRONMENT";

    /// <summary>Label of LettaPS's own temporary containers, which are no servers although they run a server's image.</summary>
    public const string TemporaryLabel = "lettaps.temporary";

    private static readonly string[] s_hostNames = ["host.docker.internal", "gateway.docker.internal", "host.containers.internal", "172.17.0.1"];

    /// <summary>
    /// Whether a container is a V1 server, or was made as one and runs Letta Code since its image was pulled again: its image is Letta's, or is derived from
    /// one, or its command starts a server. An App Server of Letta Code is none.
    /// </summary>
    public static bool IsServer(ContainerFacts container)
    {
        ArgumentNullException.ThrowIfNull(container);
        return container.Label(TemporaryLabel) is null
            && container.Label("com.docker.compose.oneoff") is not "True"
            && ProductOf(container) is not LettaServerProduct.AppServer
            && (ImageReference.Parse(container.Image).IsLetta
                || LettaCodeSigns.IsIn(container)
                || container.Variable(ImageMark) is not null
                || string.Join(' ', container.Command) is var command && (command.Contains("letta server", StringComparison.Ordinal)
                    || command.Contains("letta/server/startup.sh", StringComparison.Ordinal)));
    }

    /// <summary>Whether a container is an App Server, or another use of Letta Code that no V1 server ever had.</summary>
    public static bool IsAppServer(ContainerFacts container)
    {
        ArgumentNullException.ThrowIfNull(container);
        return container.Label(TemporaryLabel) is null && ProductOf(container) == LettaServerProduct.AppServer;
    }

    /// <summary>The product that a container runs, by its image's labels, entrypoint and command, whatever the tag of its image.</summary>
    public static LettaServerProduct ProductOf(ContainerFacts container)
    {
        ArgumentNullException.ThrowIfNull(container);
        return LettaCodeSigns.StartAppServer(container.Command, container.Environment.Keys) ? LettaServerProduct.AppServer
            : !LettaCodeSigns.IsIn(container) ? LettaServerProduct.V1
            : LettaCodeSigns.IsMeantAsV1(container) ? LettaServerProduct.LettaCode
            : LettaServerProduct.AppServer;
    }

    /// <summary>What users are told of a server.</summary>
    /// <param name="server">The server's container.</param>
    /// <param name="all">All containers of the engine, among which its database may be.</param>
    /// <param name="engine">Address of the engine.</param>
    public static LettaServerInfo Describe(ContainerFacts server, IReadOnlyList<ContainerFacts> all, Uri engine)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(engine);
        var image = ImageReference.Parse(server.Image);
        return new LettaServerInfo
        {
            Name = server.Name,
            Id = server.Id,
            Project = server.Label("com.docker.compose.project"),
            Service = server.Label(ComposeService),
            ComposeFile = server.Label(ComposeFiles)?.Split(',') ?? [],
            ComposeEnvironmentFile = server.Label(ComposeEnvironmentFile)?.Split(',') ?? [],
            ComposeDirectory = server.Label("com.docker.compose.project.working_dir"),
            Image = server.Image,
            Product = ProductOf(server),
            ImageId = server.ImageId,
            Tag = image.Tag,
            Digest = DigestOf(server),
            State = server.State,
            Health = server.Health,
            StartedAt = server.StartedAt,
            RestartCount = server.RestartCount,
            RestartPolicy = server.RestartPolicy,
            BaseUri = BaseUri(server, engine),
            Ports = server.Ports,
            Database = FindDatabase(server, all),
            Mounts = server.Mounts,
            Settings = ServerSettings.Masked(server.Environment),
            Engine = engine,
        };
    }

    /// <summary>The digest under which its registry knows the image that a container runs; <see langword="null"/> for an image that was built here.</summary>
    public static string? DigestOf(ContainerFacts container)
    {
        ArgumentNullException.ThrowIfNull(container);
        var image = ImageReference.Parse(container.Image);
        return image.Digest ?? DigestOf(image, container.RepositoryDigests);
    }

    /// <summary>The digest of an image among those that the engine knows it by.</summary>
    /// <param name="digests">Repositories with digests: <c>letta/letta@sha256:…</c>.</param>
    public static string? DigestOf(ImageReference image, IEnumerable<string> digests)
    {
        ArgumentNullException.ThrowIfNull(image);
        return digests.Select(ImageReference.Parse)
            .FirstOrDefault(d => d.Repository == image.Repository || image.Repository.EndsWith("/" + d.Repository, StringComparison.Ordinal))?.Digest;
    }

    /// <summary>Where a server keeps its data.</summary>
    /// <param name="server">The server's container.</param>
    /// <param name="all">All containers of the engine.</param>
    public static LettaDatabaseLocation FindDatabase(ContainerFacts server, IReadOnlyList<ContainerFacts> all)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(all);
        var address = Address(server);
        var container = FindDatabaseContainers(server, all, address) is [var only] ? only : null;
        return new LettaDatabaseLocation
        {
            Kind = container is null ? LettaDatabaseKind.External : container.Id == server.Id ? LettaDatabaseKind.Embedded : LettaDatabaseKind.Container,
            Host = address.Host,
            Port = address.Port,
            Name = address.Database,
            User = address.User,
            Container = container?.Name,
            Published = container?.Ports.FirstOrDefault(p => p.HostPort is not null && p.Port == PortInside(container, address)),
            Volume = container is null ? null : DataMount(container),
        };
    }

    /// <summary>The container that runs a server's database: its own where it is embedded; <see langword="null"/> where none of this engine does.</summary>
    /// <param name="server">The server's container.</param>
    /// <param name="all">All containers of the engine.</param>
    /// <param name="address">Where the server reaches its database.</param>
    /// <exception cref="LettaException"><c>DatabaseContainerAmbiguous</c>.</exception>
    public static ContainerFacts? FindDatabaseContainer(ContainerFacts server, IReadOnlyList<ContainerFacts> all, DatabaseAddress address)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(all);
        ArgumentNullException.ThrowIfNull(address);
        var found = FindDatabaseContainers(server, all, address);
        return found.Count > 1 ? throw Ambiguous(server, address.Host, found) : found.Count == 0 ? null : found[0];
    }

    /// <summary>
    /// The containers that a server's address of its database can mean: those that run, or if none does, those that do not. More than one is no answer.
    /// </summary>
    /// <param name="server">The server's container.</param>
    /// <param name="all">All containers of the engine.</param>
    /// <param name="address">Where the server reaches its database.</param>
    public static IReadOnlyList<ContainerFacts> FindDatabaseContainers(ContainerFacts server, IReadOnlyList<ContainerFacts> all, DatabaseAddress address)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(all);
        ArgumentNullException.ThrowIfNull(address);
        return IsEmbedded(server, address) ? [server] : FindContainers(server, all, address);
    }

    /// <summary>Whether only the server's own container can resolve the name of its database's host.</summary>
    /// <param name="server">The server's container.</param>
    /// <param name="address">Where the server reaches its database.</param>
    public static bool IsKnownToServerOnly(ContainerFacts server, DatabaseAddress address)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(address);
        return (s_hostNames.Contains(address.Host) && !IPAddress.TryParse(address.Host, out _))
            || server.ExtraHosts.Any(h => h.Split(':', '=')[0].Equals(address.Host, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The mount that a container's PostgreSQL has its data on; <see langword="null"/> where it is in the container's own layer.</summary>
    /// <param name="container">The container that runs PostgreSQL.</param>
    public static ContainerMount? DataMount(ContainerFacts container)
    {
        ArgumentNullException.ThrowIfNull(container);
        var data = container.Variable("PGDATA") ?? DefaultDataDirectory;
        return container.Mounts
            .Where(m => m.Type is not "tmpfs" && (data == m.Destination || data.StartsWith(m.Destination.TrimEnd('/') + "/", StringComparison.Ordinal)))
            .MaxBy(m => m.Destination.Length);
    }

    /// <summary>The address and credentials that a server's database has, from the server's environment.</summary>
    /// <param name="server">The server's container.</param>
    /// <remarks>
    /// As the image's start script decides it: <c>LETTA_PG_URI</c>, else PostgreSQL in the same container with user, password and database of the
    /// <c>POSTGRES_…</c> variables; the five <c>LETTA_PG_…</c> variables count only where another command runs.
    /// </remarks>
    /// <exception cref="LettaException"><c>InvalidDatabaseUri</c>.</exception>
    public static DatabaseAddress Address(ContainerFacts server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return DatabaseAddress.FromEnvironment(name => name is "LETTA_PG_URI" || !RunsStartScript(server) ? server.Variable(name) : null)
            ?? new DatabaseAddress(
                "localhost",
                PostgresPort,
                server.Variable("POSTGRES_DB") ?? "letta",
                server.Variable("POSTGRES_USER") ?? "letta",
                server.Variable("POSTGRES_PASSWORD") ?? "letta");
    }

    /// <summary>Where PostgreSQL listens in the container that runs it.</summary>
    /// <param name="address">Where the server reaches it.</param>
    public static int PortInside(ContainerFacts container, DatabaseAddress address)
    {
        ArgumentNullException.ThrowIfNull(container);
        ArgumentNullException.ThrowIfNull(address);
        return ReachedThroughHost(address)
            ? container.Ports.FirstOrDefault(p => p.HostPort == address.Port)?.Port ?? address.Port
            : address.Port;
    }

    /// <summary>The port of a server's API inside its container.</summary>
    /// <param name="server">The server's container.</param>
    public static int PortOfApi(ContainerFacts server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return int.TryParse(server.Variable("PORT"), out var chosen) ? chosen : ApiPort;
    }

    /// <summary>Address of a server's API from here; <see langword="null"/> where its port is not published.</summary>
    /// <param name="server">The server's container.</param>
    /// <param name="engine">Address of the engine.</param>
    public static Uri? BaseUri(ContainerFacts server, Uri engine)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(engine);
        var port = PortOfApi(server);
        if (server.NetworkMode == "host")
        {
            return new UriBuilder("http", EngineHost(engine), port).Uri;
        }

        return server.Ports.FirstOrDefault(p => p.Port == port && p.HostPort is not null) is { } published
            ? new UriBuilder("http", published.HostAddress is "0.0.0.0" or "::" or "127.0.0.1" ? EngineHost(engine) : published.HostAddress, published.HostPort!.Value).Uri
            : null;
    }

    /// <summary>The server whose API is at an address.</summary>
    /// <param name="all">All containers of the engine.</param>
    /// <param name="baseUri">The address.</param>
    /// <param name="engine">Address of the engine.</param>
    /// <returns>Its container; <see langword="null"/> where no container of the engine has an API at that address.</returns>
    public static ContainerFacts? FindServing(IReadOnlyList<ContainerFacts> all, Uri baseUri, Uri engine)
    {
        ArgumentNullException.ThrowIfNull(all);
        ArgumentNullException.ThrowIfNull(baseUri);
        return all.OrderByDescending(c => c.IsActive).FirstOrDefault(c => IsServer(c) && BaseUri(c, engine) is { } api
            && api.Port == baseUri.Port && (api.Host == baseUri.Host || (api.IsLoopback && baseUri.IsLoopback)));
    }

    /// <summary>The App Server that is published at an address of this machine; <see langword="null"/> if there is none.</summary>
    /// <param name="all">All containers of the engine.</param>
    /// <param name="baseUri">The address.</param>
    public static ContainerFacts? FindAppServer(IReadOnlyList<ContainerFacts> all, Uri baseUri)
    {
        ArgumentNullException.ThrowIfNull(all);
        ArgumentNullException.ThrowIfNull(baseUri);
        return baseUri.IsLoopback ? all.FirstOrDefault(c => IsAppServer(c) && c.Ports.Any(p => p.HostPort == baseUri.Port)) : null;
    }

    private static bool IsEmbedded(ContainerFacts server, DatabaseAddress address) => IsLoopback(address.Host) && server.NetworkMode is not "host"
        && !server.NetworkMode.StartsWith("container:", StringComparison.Ordinal);

    private static List<ContainerFacts> FindContainers(ContainerFacts server, IReadOnlyList<ContainerFacts> all, DatabaseAddress address)
    {
        if (ReachedThroughHost(address))
        {
            var sharing = server.NetworkMode.StartsWith("container:", StringComparison.Ordinal) ? server.NetworkMode["container:".Length..] : null;
            if (sharing is not null)
            {
                return [.. all.Where(c => c.Id == sharing || c.Name == sharing)];
            }

            var publishing = ActiveOf(all.Where(c => c.Ports.Any(p => p.HostPort == address.Port) && LooksLikePostgres(c)));
            return publishing.Count == 0 && RunsStartScript(server) && server.Variable("LETTA_PG_URI") is null ? [server] : publishing;
        }

        var networks = server.Networks.Select(n => n.Name).ToHashSet(StringComparer.Ordinal);
        return ActiveOf(all.Where(c => c.Networks.Any(n => networks.Contains(n.Name)
            && (c.Name == address.Host || c.HostName == address.Host || n.Aliases.Contains(address.Host) || (n.Address.Length > 0 && n.Address == address.Host)))));
    }

    /// <summary>An engine resolves a name to the containers that run. One that was left behind under the same name is not meant, unless no other is there.</summary>
    private static List<ContainerFacts> ActiveOf(IEnumerable<ContainerFacts> containers)
    {
        var found = containers.Where(c => c.Label(TemporaryLabel) is null).ToList();
        return found.Any(c => c.IsActive) ? [.. found.Where(c => c.IsActive)] : found;
    }

    private static bool ReachedThroughHost(DatabaseAddress address) => IsLoopback(address.Host) || s_hostNames.Contains(address.Host);

    private static bool IsLoopback(string host) => host is "localhost" or "127.0.0.1" or "::1";

    /// <summary>Whether a container runs PostgreSQL, by what its image declares.</summary>
    internal static bool LooksLikePostgres(ContainerFacts container) =>
        container.Variable("PGDATA") is not null || container.Variable("POSTGRES_USER") is not null || container.Ports.Any(p => p.Port == PostgresPort);

    /// <summary>Whether the image's start script runs, which migrates the database and starts the embedded one.</summary>
    /// <param name="server">The server's container.</param>
    internal static bool RunsStartScript(ContainerFacts server) => server.Command.Any(a => a.Contains("startup.sh", StringComparison.Ordinal));

    private static string EngineHost(Uri engine) => engine.Scheme is "tcp" or "http" or "https" ? engine.Host : "localhost";

    /// <summary>A host name means more than one container.</summary>
    /// <param name="server">The server that uses the name.</param>
    /// <param name="host">The name.</param>
    private static LettaException Ambiguous(ContainerFacts server, string host, IReadOnlyList<ContainerFacts> containers) => new(
        ErrorIds.DatabaseContainerAmbiguous,
        LettaErrorKind.Refused,
        $"The database host '{host}' of '{server.Name}' matches more than one container: '{string.Join("', '", containers.Select(c => c.Name).Order(StringComparer.Ordinal))}'.",
        $"Stop the containers that are not meant: {server.EngineCommand} stop {containers[^1].Name}",
        server.Name);
}
