namespace LettaPS;

/// <summary>Which system prompt a converted agent gets.</summary>
public enum LettaCodeSystemPrompt
{
    /// <summary>The one that it had on its server.</summary>
    Keep,

    /// <summary>The client's own, which the client puts in place when it next opens the agent. The old one is kept among the agent's reference files.</summary>
    LettaCode,
}
