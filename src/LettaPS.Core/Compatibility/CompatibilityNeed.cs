namespace LettaPS.Core.Compatibility;

/// <summary>What Letta Code needs of the server from one of its versions on.</summary>
/// <param name="From">First version of Letta Code that needs it.</param>
/// <param name="Server">First release of the server that has it.</param>
/// <param name="IsEssential">Whether nothing works without it.</param>
/// <param name="Reason">What fails without it, and why.</param>
internal sealed record CompatibilityNeed(Version From, Version Server, bool IsEssential, string Reason)
{
    /// <summary>Whether a version of Letta Code needs it.</summary>
    public bool IsOf(Version code) => code >= From;
}
