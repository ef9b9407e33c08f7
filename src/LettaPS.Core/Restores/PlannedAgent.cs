using LettaPS.Core.Backups;

namespace LettaPS.Core.Restores;

/// <summary>An agent that is to be restored, before its file is read whole.</summary>
public sealed class PlannedAgent
{
    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>Identifier of the agent in the file.</summary>
    public required string FileId { get; init; }

    /// <summary>Identifier that it had where it was backed up.</summary>
    public required string SourceId { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What the manifest of the set says of the file, where there is one.</summary>
    public BackupEntry? Claim { get; init; }

    /// <summary>The agent without its messages.</summary>
    public required AgentRecord Outline { get; init; }

    /// <summary>SHA-256 of the file in lower-case hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The rows of the database that it was read from; <see langword="null"/> where the file has none.</summary>
    public DatabasePart? Database { get; init; }

    /// <summary>Handle of its language model.</summary>
    public string? ModelHandle => ModelChoice.Model(Outline);

    /// <summary>Handle of its embedding model.</summary>
    public string? EmbeddingHandle => ModelChoice.Embedding(Outline);

    /// <summary>Keys of its blocks, sources and archives by which other agents of the run refer to the same.</summary>
    public required IReadOnlyList<string> Keys { get; init; }

    /// <summary>Groups that it belongs to, as the file has them.</summary>
    public required IReadOnlyList<PlannedGroup> Groups { get; init; }

    /// <summary>Name and file.</summary>
    public override string ToString() => $"{Name} ({SourceId})";
}
