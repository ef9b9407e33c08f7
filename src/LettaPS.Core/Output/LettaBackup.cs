using LettaPS.Core.Backups;
using LettaPS.Core.Databases.Dumps;
using LettaPS.Core.Releases;

namespace LettaPS;

/// <summary>A backup set, a dump of the database, or a folder of agent files of other origin: what <c>Get-LettaBackup</c> gives.</summary>
public sealed class LettaBackup
{
    private readonly long? _length;

    internal LettaBackup(BackupVerdict verdict, IReadOnlyList<LettaBackupFile> files)
    {
        var manifest = verdict.Manifest;
        Path = verdict.Folder;
        State = verdict.State;
        Missing = new LettaList<string>(verdict.Gaps);
        Files = new LettaList<LettaBackupFile>(files);
        Failures = new LettaList<LettaBackupFailure>(manifest?.Failed ?? []);
        CreatedAt = verdict.StartedAt;
        CompletedAt = manifest?.CompletedAt;
        Server = manifest?.Server;
        ReportedVersion = manifest?.ServerVersion;
        SchemaRevision = manifest?.SchemaRevision;
        Tool = manifest?.Tool;
        SharedBlocks = manifest?.SharedBlocks ?? new Dictionary<string, IReadOnlyList<string>>();
    }

    internal LettaBackup(string path, LettaBackupState state, IReadOnlyList<LettaBackupFile> files)
    {
        Path = path;
        State = state;
        Files = new LettaList<LettaBackupFile>(files);
        Failures = [];
        SharedBlocks = new Dictionary<string, IReadOnlyList<string>>();
    }

    internal LettaBackup(string path, LettaException failure)
        : this(path, LettaBackupState.Damaged, [])
    {
        Missing = new LettaList<string>([failure.Message]);
        Failure = failure;
    }

    internal LettaBackup(string dump, DumpManifest? manifest, string? problem)
        : this(dump, problem is null ? LettaBackupState.Complete : LettaBackupState.Damaged, [])
    {
        Kind = LettaBackupKind.Database;
        Missing = problem is null ? [] : [problem];
        CreatedAt = manifest?.TakenAt;
        Database = manifest?.Database.Name;
        SchemaRevision = manifest?.Database.AlembicRevision;
        Tool = manifest?.Tool;
        _length = File.Exists(dump) ? new FileInfo(dump).Length : 0;
    }

    /// <summary>The folder of the set, or the file.</summary>
    public string Path { get; }

    /// <summary>Whether it holds agents or is a dump of the database.</summary>
    public LettaBackupKind Kind { get; }

    /// <summary>What the backup is.</summary>
    public LettaBackupState State { get; }

    /// <summary>Why the backup is not complete, one sentence each.</summary>
    public IReadOnlyList<string> Missing { get; } = [];

    /// <summary>Name of the database, of a dump.</summary>
    public string? Database { get; }

    /// <summary>When the export began, or the moment that a dump shows (UTC), if the manifest or the journal of an unfinished set says it.</summary>
    public DateTimeOffset? CreatedAt { get; }

    /// <summary>When the export ended (UTC), where the manifest can be read.</summary>
    public DateTimeOffset? CompletedAt { get; }

    /// <summary>Address of the server.</summary>
    public Uri? Server { get; }

    /// <summary>Version of the server; <see langword="null"/> where the manifest has none.</summary>
    public Version? LettaVersion => ReleaseCatalogue.TryVersion(ReportedVersion);

    /// <summary>What the server said of its version.</summary>
    public string? ReportedVersion { get; }

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
    public long Length => _length ?? Files.Sum(f => f.Length);

    /// <summary>Agents that the export could not back up.</summary>
    public IReadOnlyList<LettaBackupFailure> Failures { get; }

    /// <summary>Blocks that several agents have: identifier of the block, identifiers of the agents.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> SharedBlocks { get; }

    /// <summary>Why nothing of the backup can be read; <see langword="null"/> if it can be.</summary>
    internal LettaException? Failure { get; }

    /// <summary>Whether every agent that was to be in it is there, every file is as written, and nothing is missing.</summary>
    public bool IsComplete => State == LettaBackupState.Complete;

    /// <summary>The folder.</summary>
    public override string ToString() => Path;
}

/// <summary>What a backup is.</summary>
public enum LettaBackupState
{
    /// <summary>Every agent that was to be in the set is there, every file is as written, and nothing of any agent is missing; or a dump that is as written.</summary>
    Complete,

    /// <summary>A finished set that lacks an agent or something of an agent.</summary>
    Incomplete,

    /// <summary>A set whose export was interrupted; <c>Export-LettaAgent -Resume</c> completes it.</summary>
    Unfinished,

    /// <summary>A set or dump whose manifest is missing or not as written, or of whose files one is missing or has another size; or a backup that cannot be read.</summary>
    Damaged,

    /// <summary>Files of other origin, without a manifest.</summary>
    External,
}

/// <summary>What a backup holds.</summary>
public enum LettaBackupKind
{
    /// <summary>Agent files, as <c>Export-LettaAgent</c> writes them.</summary>
    Agents,

    /// <summary>A dump of the database, as <c>Backup-LettaDatabase</c> writes it.</summary>
    Database,
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

    /// <summary>When the agent was exported (UTC), if the manifest says it.</summary>
    public DateTimeOffset? ExportedAt { get; init; }

    /// <summary>Whether the file is of an earlier run, kept because the agent could not be exported again.</summary>
    public bool IsOlder { get; init; }

    /// <summary>When it was last written (UTC).</summary>
    public DateTimeOffset WrittenAt { get; init; }

    /// <summary>What the export could not have, in words.</summary>
    public IReadOnlyList<string> Missing { get; init => field = new LettaList<string>(value); } = new LettaList<string>([]);

    /// <summary>The file.</summary>
    public override string ToString() => Path;
}
