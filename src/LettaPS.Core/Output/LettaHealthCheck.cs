namespace LettaPS;

/// <summary>What one check of a server's health found: what <c>Test-LettaHealth</c> gives. No secret is ever in it.</summary>
public sealed record LettaHealthCheck
{
    /// <summary>Address of the server; <see langword="null"/> for one whose port is not published.</summary>
    public Uri? Server { get; init; }

    /// <summary>The layer that it belongs to.</summary>
    public required LettaHealthLayer Layer { get; init; }

    /// <summary>Stable name of the check within its layer, such as <c>SearchPath</c>; in the layer Tables the name of a table.</summary>
    public required string Name { get; init; }

    /// <summary>What it found.</summary>
    public required LettaHealthStatus Status { get; init; }

    /// <summary>The same in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>What it is based on, line by line; <see langword="null"/> where the message says all.</summary>
    public string? Detail { get; init; }

    /// <summary>What to do; <see langword="null"/> where nothing is to be done.</summary>
    public string? Recommendation { get; init; }

    /// <summary>How long it took. Checks that look at the same reading all show the time of that reading.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Layer, name, status and message.</summary>
    public override string ToString() => $"{Layer}/{Name} {Status}: {Message}";
}
