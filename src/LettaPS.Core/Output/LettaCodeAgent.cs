namespace LettaPS;

/// <summary>An agent in the local backend of Letta Code, made of a backup: what <c>ConvertTo-LettaCodeAgent</c> returns.</summary>
public sealed record LettaCodeAgent
{
    /// <summary>The identifier of the agent in the local backend, the same at every conversion.</summary>
    public required string AgentId { get; init; }

    /// <summary>The name of the agent.</summary>
    public required string AgentName { get; init; }

    /// <summary>The identifier that the agent had on its server. If the file does not tell, the SHA-256 of the file.</summary>
    public required string SourceAgentId { get; init; }

    /// <summary>The file that the agent was read from.</summary>
    public required string SourcePath { get; init; }

    /// <summary>The root folder of the local backend.</summary>
    public required string DestinationPath { get; init; }

    /// <summary>The file of the agent.</summary>
    public required string Path { get; init; }

    /// <summary>The git repository that holds its memory.</summary>
    public required string MemoryPath { get; init; }

    /// <summary>How many messages the source has.</summary>
    public int SourceMessageCount { get; init; }

    /// <summary>How many rows the transcripts have.</summary>
    public int MessageCount { get; init; }

    /// <summary>How many conversations there are, with the main one.</summary>
    public int ConversationCount { get; init; }

    /// <summary>How many files the memory has.</summary>
    public int MemoryFileCount { get; init; }

    /// <summary>How many commits the memory has.</summary>
    public int CommitCount { get; init; }

    /// <summary>How many archival passages were carried.</summary>
    public int PassageCount { get; init; }

    /// <summary>How many files of sources were carried.</summary>
    public int FileCount { get; init; }

    /// <summary>How many custom tools became skills.</summary>
    public int SkillCount { get; init; }

    /// <summary>Whether the agent took the place of another of the same identifier.</summary>
    public bool IsReplaced { get; init; }

    /// <summary>What could not be carried.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>What a person should know.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>What to type next.</summary>
    public IReadOnlyList<string> NextSteps { get; init; } = [];

    /// <summary>The oldest version of Letta Code that the conversion was tested with.</summary>
    public required Version OldestTestedVersion { get; init; }

    /// <summary>The newest version of Letta Code that the conversion was tested with.</summary>
    public required Version NewestTestedVersion { get; init; }
}
