namespace LettaPS;

/// <summary>The forms that an agent is found in on disk.</summary>
public enum AgentFileFormat
{
    /// <summary>Not an agent.</summary>
    Unknown,

    /// <summary>AgentFile v2: what servers from 0.11.4 on export and from 0.12.0 on import.</summary>
    AgentFile,

    /// <summary>The single-agent file of 0.11, which nothing after 0.11.7 imports.</summary>
    Legacy,

    /// <summary>The answer of <c>GET /v1/agents/{id}</c>: identifiers of messages, but no message.</summary>
    AgentState,
}
