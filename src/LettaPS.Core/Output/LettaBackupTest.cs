namespace LettaPS;

/// <summary>What the examination of one file of a backup found: what <c>Test-LettaBackup</c> gives.</summary>
public sealed class LettaBackupTest
{
    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>Whether it holds agents or is a dump of the database.</summary>
    public LettaBackupKind Kind { get; init; }

    /// <summary>Its form; <see cref="AgentFileFormat.Unknown"/> for a manifest and for what is no agent.</summary>
    public AgentFileFormat Format { get; init; }

    /// <summary>Identifier of the agent, where known.</summary>
    public string? AgentId { get; init; }

    /// <summary>Name of the agent, where known.</summary>
    public string? AgentName { get; init; }

    /// <summary>Messages found.</summary>
    public int MessageCount { get; init; }

    /// <summary>Archival passages found.</summary>
    public int PassageCount { get; init; }

    /// <summary>Size in bytes.</summary>
    public long Length { get; init; }

    /// <summary>Whether the file is as it was written and fits together.</summary>
    public bool IsValid => Problems.Count == 0;

    /// <summary>What is wrong, in words.</summary>
    public IReadOnlyList<string> Problems { get; init => field = new LettaList<string>(value); } = new LettaList<string>([]);

    /// <summary>What the export could not have; that makes a file incomplete, not invalid.</summary>
    public IReadOnlyList<string> Missing { get; init => field = new LettaList<string>(value); } = new LettaList<string>([]);
}
