using LettaPS.Core.Releases;

namespace LettaPS;

/// <summary>A Letta server that runs, or could run, in a container. It holds no secret: passwords and keys are masked.</summary>
public sealed record LettaServerInfo
{
    /// <summary>Name of the container.</summary>
    public required string Name { get; init; }

    /// <summary>Identifier of the container: 64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>Compose project; <see langword="null"/> where the container was not made by compose.</summary>
    public string? Project { get; init; }

    /// <summary>Compose service; <see langword="null"/> where the container was not made by compose.</summary>
    public string? Service { get; init; }

    /// <summary>Compose files, as compose noted them on the machine where it ran.</summary>
    public IReadOnlyList<string> ComposeFile { get; init => field = new LettaList<string>(value); } = new LettaList<string>([]);

    /// <summary>Env files that compose was given (<c>--env-file</c>), or found itself.</summary>
    public IReadOnlyList<string> ComposeEnvironmentFile { get; init; } = [];

    /// <summary>Folder that compose takes for the project's; <see langword="null"/> if the container was not made by compose.</summary>
    public string? ComposeDirectory { get; init; }

    /// <summary>The image as it was asked for: <c>letta/letta:0.16.2</c>.</summary>
    public required string Image { get; init; }

    /// <summary>The product that the container runs, whatever the tag of its image.</summary>
    public LettaServerProduct Product { get; init; }

    /// <summary>Identifier of the image that runs, whatever its name points at by now.</summary>
    public string ImageId { get; init; } = string.Empty;

    /// <summary>Tag of <see cref="Image"/>; <see langword="null"/> where there is none, which means <c>latest</c>.</summary>
    public string? Tag { get; init; }

    /// <summary>Digest of the image that runs, <c>sha256:…</c>, as its registry knows it; <see langword="null"/> for an image that was built here.</summary>
    public string? Digest { get; init; }

    /// <summary>What the container is doing.</summary>
    public ContainerState State { get; init; }

    /// <summary>Verdict of the container's own health check; <see langword="null"/> where it has none.</summary>
    public string? Health { get; init; }

    /// <summary>Start of the last run, in UTC.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>How often the engine has restarted it by itself since it was last started by hand. A growing number is a server that cannot start.</summary>
    public long RestartCount { get; init; }

    /// <summary>Restart policy: <c>no</c>, <c>always</c>, <c>unless-stopped</c> or <c>on-failure</c>.</summary>
    public string RestartPolicy { get; init; } = "no";

    /// <summary>Version of the server; <see langword="null"/> where it was not asked, did not answer, or reports no version.</summary>
    public Version? LettaVersion => ReleaseCatalogue.TryVersion(ReportedVersion);

    /// <summary>What the server itself says of its version in <c>/v1/health/</c>; <see langword="null"/> where it was not asked or did not answer.</summary>
    public string? ReportedVersion { get; init; }

    /// <summary>Address of the server's API from here; <see langword="null"/> where its port is not published.</summary>
    public Uri? BaseUri { get; init; }

    /// <summary>TCP ports of the container, published or not.</summary>
    public IReadOnlyList<ContainerPort> Ports { get; init => field = new LettaList<ContainerPort>(value); } = new LettaList<ContainerPort>([]);

    /// <summary>Where its database is.</summary>
    public required LettaDatabaseLocation Database { get; init; }

    /// <summary>Volumes and folders mounted into the container.</summary>
    public IReadOnlyList<ContainerMount> Mounts { get; init => field = new LettaList<ContainerMount>(value); } = new LettaList<ContainerMount>([]);

    /// <summary>The variables of its environment that Letta reads, sorted by name; secrets are masked.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Address of the engine that runs it.</summary>
    public required Uri Engine { get; init; }

    /// <summary>Name and image.</summary>
    public override string ToString() => $"{Name} ({Image})";
}
