namespace LettaPS;

/// <summary>How bad a finding of <c>Test-LettaCompose</c> is.</summary>
public enum LettaComposeSeverity
{
    /// <summary>Worth knowing; nothing is wrong.</summary>
    Information,

    /// <summary>It works until something else happens: a pull, a new machine, a failed upgrade.</summary>
    Warning,

    /// <summary>It loses data, lets strangers in, or does not work.</summary>
    Error,
}

/// <summary>Something in a compose file that endangers a Letta server.</summary>
public sealed record LettaComposeFinding
{
    /// <summary>How bad it is.</summary>
    public required LettaComposeSeverity Severity { get; init; }

    /// <summary>Stable name of the rule, such as <c>FloatingImage</c>.</summary>
    public required string Rule { get; init; }

    /// <summary>Full path of the file in which it stands: a compose file, or a file that one refers to.</summary>
    public required string Path { get; init; }

    /// <summary>1-based line.</summary>
    public required int Line { get; init; }

    /// <summary>Service that it is about.</summary>
    public required string Service { get; init; }

    /// <summary>What is wrong and what follows from it. No secret is ever in it.</summary>
    public required string Message { get; init; }

    /// <summary>What to do.</summary>
    public required string Recommendation { get; init; }

    /// <summary>Where, which rule and what.</summary>
    public override string ToString() => $"{Path}:{Line}: {Rule}: {Message}";
}
