namespace LettaPS.Pester.Tests;

/// <summary>What became of a Pester test.</summary>
/// <param name="Name">Its file and its full name.</param>
/// <param name="Outcome">Passed, Failed, Skipped or NotRun.</param>
/// <param name="Message">Why it failed or was skipped.</param>
public sealed record PesterResult(string Name, string Outcome, string Message)
{
    public override string ToString() => Name;
}
