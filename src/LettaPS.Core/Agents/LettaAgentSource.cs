namespace LettaPS.Core.Agents;

/// <summary>Through what agents are read and written.</summary>
public enum LettaAgentSource
{
    /// <summary>What loses least of what can be reached.</summary>
    Auto,

    /// <summary>The HTTP API of a server.</summary>
    Api,

    /// <summary>The server's database.</summary>
    Database,
}
