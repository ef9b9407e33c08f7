namespace LettaPS;

/// <summary>What a check found.</summary>
public enum LettaHealthStatus
{
    /// <summary>It is as it should be.</summary>
    Pass,

    /// <summary>It works, but not for everything, or not for long.</summary>
    Warn,

    /// <summary>It does not work.</summary>
    Fail,

    /// <summary>It was not examined; the message says why.</summary>
    Skipped,
}
