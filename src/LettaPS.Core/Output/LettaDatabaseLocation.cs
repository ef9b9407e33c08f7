namespace LettaPS;

/// <summary>Where a Letta server keeps its data.</summary>
public sealed record LettaDatabaseLocation
{
    /// <summary>In which sort of place.</summary>
    public required LettaDatabaseKind Kind { get; init; }

    /// <summary>Host as the server reaches it.</summary>
    public required string Host { get; init; }

    /// <summary>Port as the server reaches it.</summary>
    public required int Port { get; init; }

    /// <summary>Name of the database.</summary>
    public required string Name { get; init; }

    /// <summary>Role that the server connects as.</summary>
    public required string User { get; init; }

    /// <summary>Container that runs PostgreSQL: the server's own where it is embedded; <see langword="null"/> where no container of this engine does.</summary>
    public string? Container { get; init; }

    /// <summary>Where PostgreSQL is published on the engine's host; <see langword="null"/> where it is not.</summary>
    public ContainerPort? Published { get; init; }

    /// <summary>The mount that its data directory is on; <see langword="null"/> where it is in the container's own layer and goes with the container, or where that is unknown.</summary>
    public ContainerMount? Volume { get; init; }

    /// <summary>Kind, host and name.</summary>
    public override string ToString() => Kind switch
    {
        LettaDatabaseKind.Embedded => $"{Name} (embedded)",
        LettaDatabaseKind.Container => $"{Name} in {Container}",
        _ => $"{Name} at {Host}:{Port}",
    };
}

/// <summary>In which sort of place a Letta server keeps its data.</summary>
public enum LettaDatabaseKind
{
    /// <summary>PostgreSQL runs in the server's own container: so the image does where <c>LETTA_PG_URI</c> is not set.</summary>
    Embedded,

    /// <summary>Another container of the same engine runs it.</summary>
    Container,

    /// <summary>It is elsewhere.</summary>
    External,
}
