namespace LettaPS;

/// <summary>An agent as a folder that a person can read without Letta: what <c>ConvertTo-LettaMarkdown</c> gives.</summary>
public sealed class LettaMarkdown
{
    /// <summary>The folder of the agent; its <c>README.md</c> is where to begin.</summary>
    public required string Path { get; init; }

    /// <summary>The file that it was made from.</summary>
    public required string SourcePath { get; init; }

    /// <summary>Name of the agent, which need not be that of the folder.</summary>
    public required string AgentName { get; init; }

    /// <summary>Identifier that it had on its server; where the file does not tell, the SHA-256 of the file.</summary>
    public required string AgentId { get; init; }

    /// <summary>Messages.</summary>
    public int MessageCount { get; init; }

    /// <summary>Archival passages.</summary>
    public int PassageCount { get; init; }

    /// <summary>Memory blocks.</summary>
    public int BlockCount { get; init; }

    /// <summary>Tools.</summary>
    public int ToolCount { get; init; }

    /// <summary>Files of attached sources.</summary>
    public int FileCount { get; init; }

    /// <summary>What the source file itself says is missing from it, and what its form has no place for.</summary>
    public IReadOnlyList<string> Missing { get; init => field = new LettaList<string>(value); } = new LettaList<string>([]);
}
