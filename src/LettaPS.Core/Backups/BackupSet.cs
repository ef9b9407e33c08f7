using System.Globalization;
using System.Security.Cryptography;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Agents;
using LettaPS.Core.IO;
using LettaPS.Core.Json;

namespace LettaPS.Core.Backups;

/// <summary>
/// A backup set that is being written: a folder with one file an agent. <see cref="Complete"/> writes the manifest and makes it valid. A set that is not
/// completed keeps its finished files and a journal, from which a later run resumes. Thread-safe.
/// </summary>
internal sealed class BackupSet : IDisposable
{
    /// <summary>How the folder of a set is named, followed by its time in UTC.</summary>
    public const string FolderPrefix = "letta-backup-";

    /// <summary>Ending of an agent file.</summary>
    public const string AgentFileExtension = ".af";

    private readonly LettaConnection _connection;
    private readonly TimeProvider _time;
    private readonly string _tool;
    private readonly DateTimeOffset _startedAt;
    private readonly BackupJournal _journal;
    private readonly Dictionary<string, BackupEntry> _finished;
    private readonly Dictionary<string, BackupEntry> _entries = [];
    private readonly List<LettaBackupFailure> _failed = [];
    private readonly object _lock = new();
    private string? _schemaRevision;
    private bool _completed;

    private BackupSet(string folder, LettaConnection connection, DateTimeOffset startedAt, IEnumerable<BackupEntry> finished, string tool, TimeProvider time)
    {
        Folder = folder;
        _connection = connection;
        _startedAt = startedAt;
        _finished = [];
        foreach (var entry in finished)
        {
            _finished[entry.AgentId] = entry;
        }

        _tool = tool;
        _time = time;
        _journal = new BackupJournal(folder, connection.BaseUri, startedAt);
        AtomicFile.RemoveLeftovers(folder);
    }

    /// <summary>The folder that is written.</summary>
    public string Folder { get; }

    /// <summary>Where the set that this one replaces is kept until this one is complete; <see langword="null"/> where none is.</summary>
    public string? Replaced { get; private set; }

    /// <summary>The folder that a set would be written to, without making it.</summary>
    /// <param name="request">What is wanted.</param>
    public static string Plan(BackupSetRequest request) => Find(request) ?? NewFolder(request);

    /// <summary>Begins a set, or opens one again.</summary>
    /// <param name="request">What is wanted.</param>
    /// <exception cref="LettaException">
    /// <c>BackupSetExists</c>: the path is a set already, and neither to resume nor to replace it was asked for. <c>BackupSetOfAnotherServer</c>: it is a set of
    /// another server. <c>BackupSetInUse</c>: another run writes it.
    /// </exception>
    public static BackupSet Open(BackupSetRequest request)
    {
        var existing = Find(request);
        if (existing is not null && !request.Force)
        {
            return Reopen(existing, request);
        }

        var replaced = existing is null ? null : $"{existing}.replaced-{Timestamp(request.Time)}";
        if (existing is not null)
        {
            Directory.Move(existing, replaced!);
        }

        var folder = existing ?? NewFolder(request);
        Directory.CreateDirectory(folder);
        return new BackupSet(folder, request.Connection, request.Time.GetUtcNow(), [], request.Tool, request.Time) { Replaced = replaced };
    }

    /// <summary>The file of an agent that is already in the set, whole, and of the agent as it is now.</summary>
    /// <param name="agent">The agent as the server lists it.</param>
    /// <param name="leftOut">What is left out on request.</param>
    /// <returns>Its backup, or <see langword="null"/> where the agent has to be read.</returns>
    public LettaAgentBackup? Reuse(LettaAgent agent, IReadOnlyList<string> leftOut)
    {
        BackupEntry? entry;
        lock (_lock)
        {
            _finished.TryGetValue(agent.Id, out entry);
        }

        if (entry is null || entry.Missing.Count > 0 || entry.UpdatedAt != agent.UpdatedAt || !entry.LeftOut.SequenceEqual(leftOut) || !IsIntact(entry))
        {
            return null;
        }

        lock (_lock)
        {
            _entries[agent.Id] = entry;
        }

        return new LettaAgentBackup(entry, Folder, TimeSpan.Zero, reused: true);
    }

    /// <summary>Writes the file of an agent.</summary>
    /// <param name="snapshot">The agent.</param>
    /// <param name="leftOut">What was left out on request.</param>
    /// <param name="begun">When work on the agent began, by the clock of the request.</param>
    public LettaAgentBackup Write(AgentSnapshot snapshot, IReadOnlyList<string> leftOut, long begun, CancellationToken cancellationToken)
    {
        var name = snapshot.Agent.Id + AgentFileExtension;
        using var file = new AtomicFile(Path.Combine(Folder, name));
        var counts = SnapshotFileWriter.Write(snapshot, file.Stream, _time.GetUtcNow(), cancellationToken);
        var (length, sha256) = file.Finish();
        var entry = new BackupEntry
        {
            Name = name,
            AgentId = snapshot.Agent.Id,
            AgentName = snapshot.Agent.Name,
            UpdatedAt = snapshot.Agent.UpdatedAt,
            Source = snapshot.Source,
            Length = length,
            Sha256 = sha256,
            Messages = counts.Messages,
            Rebuilt = counts.Rebuilt,
            Passages = counts.Passages,
            Blocks = counts.Blocks,
            Tools = counts.Tools,
            Files = counts.Files,
            Missing = snapshot.Missing,
            LeftOut = leftOut,
            BlockIds = [.. AgentState.Blocks(snapshot.State).Select(b => b.StringOrNull("id")).OfType<string>()],
        };
        lock (_lock)
        {
            // The name and what is noted of it go together: were the agent written twice at once, the manifest would else tell of the other file.
            file.Rename();
            _entries[entry.AgentId] = entry;
            _schemaRevision ??= snapshot.SchemaRevision;
            _journal.Add(entry);
        }

        // Not within the lock: the disk takes the names of several files in the time of one.
        file.FlushName();
        return new LettaAgentBackup(entry, Folder, _time.GetElapsedTime(begun), reused: false);
    }

    /// <summary>Notes an agent that could not be backed up.</summary>
    /// <param name="agentId">Its identifier.</param>
    /// <param name="agentName">Its name, where known.</param>
    /// <param name="failure">Why.</param>
    public void Fail(string agentId, string? agentName, LettaException failure)
    {
        lock (_lock)
        {
            _failed.Add(new LettaBackupFailure(agentId, agentName, failure.ErrorId, failure.Message));
        }
    }

    /// <summary>Writes the manifest and makes the set valid. A set that it replaces is removed now, unless an agent failed.</summary>
    /// <returns>The manifest.</returns>
    public BackupManifest Complete()
    {
        // What an earlier run had finished and this one was not asked for stays in the set.
        var kept = _finished.Values.Where(e => !_entries.ContainsKey(e.AgentId) && _failed.TrueForAll(f => f.AgentId != e.AgentId) && IsIntact(e));
        var files = _entries.Values.Concat(kept).OrderBy(e => e.Name, StringComparer.Ordinal).ToList();
        var manifest = new BackupManifest
        {
            Tool = _tool,
            StartedAt = _startedAt,
            CompletedAt = _time.GetUtcNow(),
            Server = _connection.BaseUri,
            ServerVersion = _connection.LettaVersion,
            SchemaRevision = _schemaRevision,
            Files = files,
            Failed = [.. _failed.OrderBy(f => f.AgentId, StringComparer.Ordinal)],
            SharedBlocks = files.SelectMany(f => f.BlockIds.Select(b => (Block: b, f.AgentId)))
                .GroupBy(p => p.Block, p => p.AgentId, StringComparer.Ordinal)
                .Where(g => g.Count() > 1)
                .OrderBy(g => g.Key, StringComparer.Ordinal)
                .ToDictionary(g => g.Key, g => (IReadOnlyList<string>)[.. g]),
        };
        manifest.Write(Folder);
        _journal.Dispose();
        BackupJournal.Remove(Folder);
        _completed = true;
        if (Replaced is not null && _failed.Count == 0)
        {
            Directory.Delete(Replaced, recursive: true);
            Replaced = null;
        }

        return manifest;
    }

    /// <summary>Lets go of the set. One in which nothing is finished is removed.</summary>
    public void Dispose()
    {
        _journal.Dispose();
        if (!_completed && _entries.Count == 0 && _finished.Count == 0)
        {
            BackupJournal.Remove(Folder);
            if (!Directory.EnumerateFileSystemEntries(Folder).Any())
            {
                Directory.Delete(Folder);
            }
        }
    }

    /// <summary>The set that a request means, where there is one.</summary>
    private static string? Find(BackupSetRequest request)
    {
        if (BackupFolder.IsSet(request.Path))
        {
            return request.Resume || request.Force
                ? request.Path
                : throw new LettaException(
                    "BackupSetExists",
                    LettaErrorKind.Conflict,
                    $"'{request.Path}' is a backup set already.",
                    "Give its parent folder for a new set beside it, -Resume to complete this one, or -Force to replace it.",
                    request.Path);
        }

        return request.Resume && Directory.Exists(request.Path)
            ? BackupFolder.Sets(request.Path).LastOrDefault(s => CanResume(s, request.Connection.BaseUri))
            : null;
    }

    private static bool CanResume(string folder, Uri server) => BackupJournal.ReadHeader(folder) is { } header
        ? header.Server == server
        : BackupManifest.Read(folder) is { Complete: false } manifest && manifest.Server == server;

    private static BackupSet Reopen(string folder, BackupSetRequest request)
    {
        var manifest = BackupManifest.Read(folder);
        var header = BackupJournal.ReadHeader(folder) ?? (manifest is null ? null : (manifest.Server, manifest.StartedAt));
        if (header is { } h && h.Server != request.Connection.BaseUri)
        {
            throw new LettaException(
                "BackupSetOfAnotherServer",
                LettaErrorKind.Refused,
                $"The set '{folder}' is of the server {h.Server}, not of {request.Connection.BaseUri}.",
                "Give the parent folder for a new set.",
                folder);
        }

        var noted = BackupJournal.Read(folder).ToList();
        var finished = (manifest?.Files ?? []).Concat(noted).ToList();
        var startedAt = header?.StartedAt ?? request.Time.GetUtcNow();
        var set = new BackupSet(folder, request.Connection, startedAt, finished, request.Tool, request.Time);
        if (manifest is not null)
        {
            // From here on the manifest would not tell the truth; the journal takes over what it says.
            foreach (var entry in manifest.Files)
            {
                set._journal.Add(entry);
            }

            File.Delete(Path.Combine(folder, BackupManifest.FileName));
        }

        return set;
    }

    private static string NewFolder(BackupSetRequest request)
    {
        var name = FolderPrefix + Timestamp(request.Time);
        var folder = Path.Combine(request.Path, name);
        for (var i = 2; Directory.Exists(folder); i++)
        {
            folder = Path.Combine(request.Path, $"{name}-{i}");
        }

        return folder;
    }

    private static string Timestamp(TimeProvider time) => time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    private bool IsIntact(BackupEntry entry)
    {
        var file = new FileInfo(Path.Combine(Folder, entry.Name));
        if (!file.Exists || file.Length != entry.Length)
        {
            return false;
        }

        using var stream = file.OpenRead();
        return Convert.ToHexString(SHA256.HashData(stream)).Equals(entry.Sha256, StringComparison.OrdinalIgnoreCase);
    }
}

/// <summary>Where and how a backup set is to be written.</summary>
/// <param name="Path">A folder that new sets go into, or the folder of one set.</param>
/// <param name="Connection">The server.</param>
/// <param name="Tool">What writes the set: name and version.</param>
/// <param name="Resume">Complete the set that is there.</param>
/// <param name="Force">Replace the set that is there.</param>
/// <param name="Time">The clock.</param>
internal sealed record BackupSetRequest(string Path, LettaConnection Connection, string Tool, bool Resume, bool Force, TimeProvider Time);
