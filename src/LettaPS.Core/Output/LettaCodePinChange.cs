namespace LettaPS;

/// <summary>An identifier that changes.</summary>
/// <param name="Path">Where: <c>pinnedAgents[0]</c>.</param>
/// <param name="SourceAgentId">The identifier that it was.</param>
/// <param name="AgentId">The identifier that it is now.</param>
public sealed record LettaCodePinChange(string Path, string SourceAgentId, string AgentId);
