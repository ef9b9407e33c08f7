namespace LettaPS;

/// <summary>A reference to Letta's image in a file.</summary>
public sealed record LettaImagePin
{
    /// <summary>Full path of the file in which the reference stands.</summary>
    public required string Path { get; init; }

    /// <summary>1-based line of the reference.</summary>
    public required int Line { get; init; }

    /// <summary>The format of the file.</summary>
    public LettaImageFormat Format { get; init; }

    /// <summary>What uses the image: a compose service, a container of a pod, a unit, a stage of a build; empty if it has no name.</summary>
    public required string Service { get; init; }

    /// <summary>The reference as it is written, variables and all.</summary>
    public required string Image { get; init; }

    /// <summary>The product behind the reference: the V1 server, Letta Code, or whatever a floating tag brings.</summary>
    public LettaImageProduct Product { get; init; }

    /// <summary>Whether <c>Set-LettaImagePin</c> can change it.</summary>
    public bool IsEditable { get; init; } = true;

    /// <summary>The tag that counts in the end; <see langword="null"/> where there is none, which means <c>latest</c>.</summary>
    public string? Tag { get; init; }

    /// <summary>The digest that counts in the end, <c>sha256:…</c>; <see langword="null"/> where there is none.</summary>
    public string? Digest { get; init; }

    /// <summary>Whether another pull may bring another image: neither a digest nor a tag that stays.</summary>
    public required bool IsFloating { get; init; }

    /// <summary>
    /// The reference that compose would use, with variables from this session, the env file and defaults put in; <see langword="null"/> where it
    /// would refuse the file.
    /// </summary>
    public string? Resolved { get; init; }

    /// <summary>The most exact reference to what the service's container really runs; <see langword="null"/> where none runs.</summary>
    public string? Running { get; init; }

    /// <summary>What there is to know about the reference, in words.</summary>
    public required string Comment { get; init; }

    /// <summary>Full path of the file by which the reference was found: another than <see cref="Path"/> if a compose file extends, includes or builds.</summary>
    public required string ComposeFile { get; init; }

    /// <summary>Service and reference.</summary>
    public override string ToString() => Service.Length == 0 ? Resolved ?? Image : $"{Service}: {Resolved ?? Image}";
}
