namespace LettaPS.Core.AgentFiles;

/// <summary>What an agent file is and holds, as <see cref="AgentFileInspector"/> found it.</summary>
internal sealed record AgentFileInfo
{
    /// <summary>Its form.</summary>
    public AgentFileFormat Format { get; init; }

    /// <summary>How many agents it holds.</summary>
    public int Agents { get; init; }

    /// <summary>Identifier that the agent had on its server, where the file tells.</summary>
    public string? AgentId { get; init; }

    /// <summary>Name of the first agent.</summary>
    public string? AgentName { get; init; }

    /// <summary>Whether LettaPS wrote the file and it holds what AgentFile has no place for.</summary>
    public bool HasExtension { get; init; }

    /// <summary>Messages of all agents.</summary>
    public int Messages { get; init; }

    /// <summary>Messages in context.</summary>
    public int InContext { get; init; }

    /// <summary>Archival passages.</summary>
    public int Passages { get; init; }

    /// <summary>Memory blocks.</summary>
    public int Blocks { get; init; }

    /// <summary>Tools.</summary>
    public int Tools { get; init; }

    /// <summary>Files of attached sources.</summary>
    public int Files { get; init; }

    /// <summary>What the writer of the file said is missing.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>Parts of an agent that the file is without: left out on request, or because the format has no place for them.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>Size of the file in bytes.</summary>
    public long Length { get; init; }

    /// <summary>SHA-256 of the file in lower-case hexadecimal digits; empty where the file cannot be read.</summary>
    public string Sha256 { get; init; } = string.Empty;

    /// <summary>What does not fit together, in words; at most 50.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}
