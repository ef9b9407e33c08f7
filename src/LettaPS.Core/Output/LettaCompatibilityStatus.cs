namespace LettaPS;

/// <summary>Whether two components work together.</summary>
public enum LettaCompatibilityStatus
{
    /// <summary>They do.</summary>
    Compatible,

    /// <summary>They do, but for what the reasons name.</summary>
    Limited,

    /// <summary>They do not.</summary>
    Incompatible,

    /// <summary>The version of one is not known.</summary>
    Unknown,
}
