namespace LettaPS;

/// <summary>A place in a backup where a text was found: what <c>Search-LettaBackup</c> gives.</summary>
public sealed record LettaSearchResult
{
    /// <summary>Name of the agent.</summary>
    public required string AgentName { get; init; }

    /// <summary>Identifier that the agent had where it was backed up.</summary>
    public required string AgentId { get; init; }

    /// <summary>What the text is part of.</summary>
    public required LettaSearchKind Kind { get; init; }

    /// <summary>Label of the block, role of the message, or name of the file; <see langword="null"/> for a passage.</summary>
    public string? Title { get; init; }

    /// <summary>When the message or passage was written (UTC), if the file tells.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>The text around the first match, on one line.</summary>
    public required string Excerpt { get; init; }

    /// <summary>How many matches the text has.</summary>
    public required int MatchCount { get; init; }

    /// <summary>The agent file: of several backups that have the same text, the newest.</summary>
    public required string Path { get; init; }

    /// <summary>Agent, kind and excerpt.</summary>
    public override string ToString() => $"{AgentName} ({Kind}): {Excerpt}";
}

/// <summary>What of an agent was searched.</summary>
public enum LettaSearchKind
{
    /// <summary>A memory block.</summary>
    Block,

    /// <summary>A message of the history, with what was thought, called and returned.</summary>
    Message,

    /// <summary>A passage of the archival memory.</summary>
    Passage,

    /// <summary>A file of a source.</summary>
    File,
}
