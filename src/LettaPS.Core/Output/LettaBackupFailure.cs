namespace LettaPS;

/// <summary>An agent that could not be backed up.</summary>
/// <param name="AgentId">Identifier.</param>
/// <param name="AgentName">Name, where known.</param>
/// <param name="ErrorId">What sort of failure it was.</param>
/// <param name="Error">The failure in words.</param>
public sealed record LettaBackupFailure(string AgentId, string? AgentName, string ErrorId, string Error);
