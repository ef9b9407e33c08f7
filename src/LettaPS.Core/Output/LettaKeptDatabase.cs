namespace LettaPS;

/// <summary>A database that was replaced and kept under a dated name: what <c>Get-LettaKeptDatabase</c> gives.</summary>
public sealed record LettaKeptDatabase
{
    /// <summary>Its name now: <c>letta_before_20261123_013000</c>.</summary>
    public required string Previous { get; init; }

    /// <summary>Name of the database that replaced it, which was its own.</summary>
    public required string Database { get; init; }

    /// <summary>Container of the Letta server; <see langword="null"/> where none was known.</summary>
    public string? Server { get; init; }

    /// <summary>When the replacement began (UTC).</summary>
    public required DateTimeOffset KeptAt { get; init; }

    /// <summary>How long ago that was.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>Size in bytes; <see langword="null"/> where the role may not ask for it.</summary>
    public long? Length { get; init; }

    /// <summary>Address of the database that replaced it; <see langword="null"/> where the server is known.</summary>
    public DatabaseAddress? Address { get; init; }
}
