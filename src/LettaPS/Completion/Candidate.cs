namespace LettaPS.Completion;

/// <summary>A value that an argument may have.</summary>
/// <param name="Value">The value as it is.</param>
/// <param name="ToolTip">What it is; the value itself where not given.</param>
/// <param name="Argument">How it is given, before quoting, where that is not the value itself.</param>
internal sealed record Candidate(string Value, string? ToolTip = null, string? Argument = null);
