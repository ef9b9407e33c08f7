namespace LettaPS.Core.Databases.Swap;

/// <summary>What a replacement of a database left behind.</summary>
/// <param name="Previous">What the old database is called now; <see langword="null"/> where there was none, or it was removed.</param>
/// <param name="StoppedServers">Containers of servers that an interrupted run had stopped and that could not be started from here.</param>
internal sealed record SwapResult(string? Previous, IReadOnlyList<string> StoppedServers);
