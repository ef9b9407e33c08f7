namespace LettaPS.Core.Servers;

/// <summary>How a program ended.</summary>
/// <param name="Output">What it wrote to standard output where that was not sent elsewhere.</param>
/// <param name="Error">What it wrote to standard error: the last 64 KiB.</param>
internal sealed record ProgramResult(int ExitCode, string Output, string Error);
