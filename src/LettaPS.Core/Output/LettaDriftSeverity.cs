namespace LettaPS;

/// <summary>What a difference does to a server of the release.</summary>
public enum LettaDriftSeverity
{
    /// <summary>Nothing that anyone would notice.</summary>
    Cosmetic,

    /// <summary>It works, but slower, less safely, or not for old data.</summary>
    Degrades,

    /// <summary>Requests fail.</summary>
    Breaks,
}
