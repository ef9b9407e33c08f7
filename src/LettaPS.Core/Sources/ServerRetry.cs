namespace LettaPS.Core.Sources;

/// <summary>A request that a server did not take is sent again.</summary>
/// <param name="Message">What happened, and how long LettaPS waits, as a sentence.</param>
/// <param name="Wait">How long it waits.</param>
internal sealed record ServerRetry(string Message, TimeSpan Wait);
