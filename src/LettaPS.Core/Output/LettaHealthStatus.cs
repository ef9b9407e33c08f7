namespace LettaPS;

/// <summary>What a check found.</summary>
public enum LettaHealthStatus
{
    /// <summary>It is as it should be.</summary>
    Passed,

    /// <summary>It works, but not for everything, or not for long.</summary>
    Warning,

    /// <summary>It does not work.</summary>
    Failed,

    /// <summary>It was not examined; the message says why.</summary>
    Skipped,
}
