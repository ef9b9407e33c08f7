namespace LettaPS;

/// <summary>Whether two components of a Letta installation work together, and why not: what <c>Test-LettaCompatibility</c> gives.</summary>
public sealed record LettaCompatibility
{
    /// <summary>The component that uses the other: <c>Letta Code</c> or <c>Letta</c>.</summary>
    public required string Component { get; init; }

    /// <summary>Its version; <see langword="null"/> where it is not known.</summary>
    public string? Version { get; init; }

    /// <summary>The component that is used: <c>Letta</c>, <c>PostgreSQL</c> or <c>database schema</c>.</summary>
    public required string With { get; init; }

    /// <summary>Its version; <see langword="null"/> where it is not known.</summary>
    public string? WithVersion { get; init; }

    /// <summary>Whether they work together.</summary>
    public required LettaCompatibilityStatus Status { get; init; }

    /// <summary>What does not work, each with its cause; or why nothing can be said.</summary>
    public IReadOnlyList<string> Reasons { get; init => field = new LettaList<string>(value); } = new LettaList<string>([]);

    /// <summary>What to know besides, which no other version of the two would change.</summary>
    public IReadOnlyList<string> Notes { get; init => field = new LettaList<string>(value); } = new LettaList<string>([]);

    /// <summary>What to do; <see langword="null"/> where nothing is to be done.</summary>
    public string? Recommendation { get; init; }

    /// <summary>Both components and the status.</summary>
    public override string ToString() => $"{Component} {Version ?? "?"} with {With} {WithVersion ?? "?"}: {Status}";
}
