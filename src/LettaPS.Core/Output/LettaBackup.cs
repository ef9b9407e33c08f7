using LettaPS.Core.Backups;

namespace LettaPS;

/// <summary>A backup set, or a folder of agent files of other origin: what <c>Get-LettaBackup</c> gives.</summary>
public sealed class LettaBackup
{
    internal LettaBackup(string path, BackupManifest? manifest, LettaBackupState state, IReadOnlyList<LettaBackupFile> files)
    {
        Path = path;
        State = state;
        Files = files;
        Failures = manifest?.Failed ?? [];
        CreatedAt = manifest?.StartedAt;
        CompletedAt = manifest?.CompletedAt;
        Server = manifest?.Server;
        LettaVersion = manifest?.ServerVersion;
        SchemaRevision = manifest?.SchemaRevision;
        Tool = manifest?.Tool;
        SharedBlocks = manifest?.SharedBlocks ?? new Dictionary<string, IReadOnlyList<string>>();
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Whether it is a finished set.</summary>
    public LettaBackupState State { get; }

    /// <summary>When the export began (UTC), where the manifest can be read.</summary>
    public DateTimeOffset? CreatedAt { get; }

    /// <summary>When the export ended (UTC), where the manifest can be read.</summary>
    public DateTimeOffset? CompletedAt { get; }

    /// <summary>Address of the server.</summary>
    public Uri? Server { get; }

    /// <summary>Version of the server.</summary>
    public string? LettaVersion { get; }

    /// <summary>Alembic revision of its database, where known.</summary>
    public string? SchemaRevision { get; }

    /// <summary>What wrote the set.</summary>
    public string? Tool { get; }

    /// <summary>The agent files.</summary>
    public IReadOnlyList<LettaBackupFile> Files { get; }

    /// <summary>How many agents the files hold.</summary>
    public int AgentCount => Files.Sum(f => f.AgentCount);

    /// <summary>How many messages they hold.</summary>
    public int MessageCount => Files.Sum(f => f.MessageCount);

    /// <summary>How many archival passages they hold.</summary>
    public int PassageCount => Files.Sum(f => f.PassageCount);

    /// <summary>Size of the files in bytes.</summary>
    public long Length => Files.Sum(f => f.Length);

    /// <summary>Agents that the export could not back up.</summary>
    public IReadOnlyList<LettaBackupFailure> Failures { get; }

    /// <summary>Blocks that several agents have: identifier of the block, identifiers of the agents.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> SharedBlocks { get; }

    /// <summary>Whether it is a finished set in which nothing is missing of any agent.</summary>
    public bool IsComplete => State == LettaBackupState.Finished && Failures.Count == 0 && Files.All(f => f.Missing.Count == 0);

    /// <summary>The folder.</summary>
    public override string ToString() => Path;
}

/// <summary>What a folder with agent files is.</summary>
public enum LettaBackupState
{
    /// <summary>A set with its manifest and every file that it names.</summary>
    Finished,

    /// <summary>A set whose export was broken off; <c>Export-LettaAgent -Resume</c> completes it.</summary>
    Unfinished,

    /// <summary>A set whose manifest is gone or not as it was written, or of whose files one is gone or has another size.</summary>
    Damaged,

    /// <summary>Files of other origin, without a manifest.</summary>
    Foreign,
}

/// <summary>An agent file on disk.</summary>
public sealed class LettaBackupFile
{
    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>Its form.</summary>
    public required AgentFileFormat Format { get; init; }

    /// <summary>Identifier that the agent had on its server, where the file tells.</summary>
    public string? AgentId { get; init; }

    /// <summary>Name of the (first) agent.</summary>
    public string? AgentName { get; init; }

    /// <summary>How many agents it holds.</summary>
    public int AgentCount { get; init; }

    /// <summary>Messages.</summary>
    public int MessageCount { get; init; }

    /// <summary>Archival passages.</summary>
    public int PassageCount { get; init; }

    /// <summary>Memory blocks.</summary>
    public int BlockCount { get; init; }

    /// <summary>Tools.</summary>
    public int ToolCount { get; init; }

    /// <summary>Size in bytes.</summary>
    public long Length { get; init; }

    /// <summary>SHA-256 that the manifest says, in lower-case hexadecimal digits.</summary>
    public string? Sha256 { get; init; }

    /// <summary>When it was last written (UTC).</summary>
    public DateTimeOffset WrittenAt { get; init; }

    /// <summary>What the export could not have, in words.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>The file.</summary>
    public override string ToString() => Path;
}
