namespace LettaPS.Core.Servers;

/// <summary>
/// What an engine tells of one container. It carries the container's environment as it is, secrets included, and so is never written to the
/// pipeline: what users see is <see cref="LettaServerInfo"/>.
/// </summary>
internal sealed record ContainerFacts
{
    /// <summary>Identifier of the container: 64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>Name of the container, without the leading slash.</summary>
    public required string Name { get; init; }

    /// <summary>The image as it was asked for when the container was made: <c>letta/letta:0.16.2</c>.</summary>
    public required string Image { get; init; }

    /// <summary>Identifier of the image that the container runs, whatever its name points at by now.</summary>
    public string ImageId { get; init; } = string.Empty;

    /// <summary>Digests under which registries know that image; none for an image that was built here.</summary>
    public IReadOnlyList<string> RepositoryDigests { get; init; } = [];

    /// <summary>What the container is doing.</summary>
    public ContainerState State { get; init; }

    /// <summary>Verdict of the container's own health check (<c>starting</c>, <c>healthy</c>, <c>unhealthy</c>); <see langword="null"/> where it has none.</summary>
    public string? Health { get; init; }

    /// <summary>Exit code of the last run; 0 while running.</summary>
    public long ExitCode { get; init; }

    /// <summary>Whether the last run was ended by the kernel for want of memory.</summary>
    public bool OutOfMemory { get; init; }

    /// <summary>Start of the last run; <see langword="null"/> where it never ran.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>How often the engine restarted the container by itself since it was last started by hand.</summary>
    public long RestartCount { get; init; }

    /// <summary>Restart policy: <c>no</c>, <c>always</c>, <c>unless-stopped</c> or <c>on-failure</c>.</summary>
    public string RestartPolicy { get; init; } = "no";

    /// <summary>Environment of the container's main process, that of the image included.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The part of the environment that is not the image's own: what its maker set.</summary>
    public IReadOnlyDictionary<string, string> OwnEnvironment { get; init; } = new Dictionary<string, string>();

    /// <summary>Labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Program and arguments of the main process, entrypoint first.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Ports that the container listens on as far as its image or its maker said, published or not.</summary>
    public IReadOnlyList<ContainerPort> Ports { get; init; } = [];

    /// <summary>Volumes and folders mounted into the container.</summary>
    public IReadOnlyList<ContainerMount> Mounts { get; init; } = [];

    /// <summary>Networks that the container is in.</summary>
    public IReadOnlyList<ContainerNetwork> Networks { get; init; } = [];

    /// <summary><c>host</c>, <c>none</c>, <c>container:…</c> or the name of the first network.</summary>
    public string NetworkMode { get; init; } = string.Empty;

    /// <summary>Host name of the container.</summary>
    public string HostName { get; init; } = string.Empty;

    /// <summary>Entries of the container's own <c>/etc/hosts</c> that its maker asked for: <c>db.internal:10.0.0.5</c>.</summary>
    public IReadOnlyList<string> ExtraHosts { get; init; } = [];

    /// <summary>The command that a user of the container's engine types: <c>docker</c> or <c>podman</c>.</summary>
    public string EngineCommand { get; init; } = Docker;

    /// <summary>The command of Docker's engine.</summary>
    public const string Docker = "docker";

    /// <summary>Whether the container runs, or would run at this moment if it were not frozen or between two starts.</summary>
    public bool IsActive => State is ContainerState.Running or ContainerState.Restarting or ContainerState.Paused;

    /// <summary>Whether programs can be run in the container.</summary>
    public bool IsRunning => State == ContainerState.Running;

    /// <summary>What makes the container run, as advice: a paused one cannot be started.</summary>
    public string StartAdvice => State == ContainerState.Paused ? $"Resume it: {EngineCommand} unpause {Name}" : $"Start it: {EngineCommand} start {Name}";

    /// <summary>The value of a variable of the container's environment; <see langword="null"/> where it is absent or empty.</summary>
    /// <param name="name">Name of the variable.</param>
    public string? Variable(string name) => Environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    /// <summary>The value of a label; <see langword="null"/> where it is absent or empty.</summary>
    /// <param name="name">Name of the label.</param>
    public string? Label(string name) => Labels.TryGetValue(name, out var value) && value.Length > 0 ? value : null;
}

/// <summary>A network that a container is in.</summary>
/// <param name="Name">Name of the network.</param>
/// <param name="Aliases">Names by which the others in the network can reach the container, beside its own name.</param>
/// <param name="Address">The container's address there; empty while it does not run.</param>
internal sealed record ContainerNetwork(string Name, IReadOnlyList<string> Aliases, string Address);
