namespace LettaPS;

/// <summary>A volume or folder mounted into a container.</summary>
/// <param name="Type"><c>volume</c>, <c>bind</c> or <c>tmpfs</c>.</param>
/// <param name="Name">Name of the volume; <see langword="null"/> for other types.</param>
/// <param name="Source">Where it is on the engine's host.</param>
/// <param name="Destination">Where it is in the container.</param>
public sealed record ContainerMount(string Type, string? Name, string Source, string Destination)
{
    /// <summary>Whether the container can only read it.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>
    /// Whether it is a volume that nobody named (64 hexadecimal digits): it survives restarts, but goes with the container under
    /// <c>docker rm -v</c> and <c>docker compose down -v</c>, and a container made anew by hand does not find it again.
    /// </summary>
    public bool IsAnonymous => Type == "volume" && Name is { Length: 64 } && Name.All(char.IsAsciiHexDigit);

    /// <summary>As <c>docker run -v</c> takes it: <c>pgdata:/var/lib/postgresql/data</c>.</summary>
    public override string ToString() => $"{Name ?? Source}:{Destination}";
}
