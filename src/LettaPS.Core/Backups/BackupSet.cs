using System.Diagnostics;
using System.Globalization;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Agents;
using LettaPS.Core.Connections;
using LettaPS.Core.IO;
using LettaPS.Core.Json;

namespace LettaPS.Core.Backups;

/// <summary>
/// A backup set that is being written: a folder with one file per agent. <see cref="Complete"/> writes the manifest and makes it valid. A set that is not
/// completed keeps its finished files and a journal, from which a later run resumes. A set that is to be replaced stays in its place, whole, until the new one
/// is finished next to it and at least as whole. Thread-safe.
/// </summary>
internal sealed class BackupSet : IDisposable
{
    /// <summary>How the folder of a set is named, followed by its time in UTC.</summary>
    public const string FolderPrefix = "letta-backup-";

    /// <summary>Ending of an agent file.</summary>
    public const string AgentFileExtension = ".af";

    private readonly BackupSetRequest _request;
    private readonly JournalHeader _header;
    private readonly BackupJournal _journal;
    private readonly List<FileLock> _locks;
    private readonly BackupManifest? _manifest;
    private readonly Dictionary<string, BackupEntry> _finished;
    private readonly Dictionary<string, WantedAgent> _wantedBefore;
    private readonly Dictionary<string, WantedAgent> _wanted = [];
    private readonly Dictionary<string, BackupEntry> _entries = [];
    private readonly List<LettaBackupFailure> _failed = [];
    private readonly object _lock = new();
    private string? _schemaRevision;
    private string? _serverVersion;
    private bool _begun;
    private bool _completed;

    private BackupSet(string folder, BackupSetRequest request, JournalHeader header, BackupManifest? manifest, List<FileLock> locks)
    {
        Folder = folder;
        _request = request;
        _header = header;
        _manifest = manifest;
        _locks = locks;
        _finished = [];
        foreach (var entry in (manifest?.Files ?? []).Concat(manifest is null ? BackupJournal.Read(folder) : []))
        {
            _finished[entry.AgentId] = entry;
        }

        _wantedBefore = (manifest is null ? BackupJournal.ReadWanted(folder) : manifest.Failed.Select(f => new WantedAgent(f.AgentId, f.AgentName)))
            .DistinctBy(w => w.WantedId).ToDictionary(w => w.WantedId!, StringComparer.Ordinal);
        _schemaRevision = manifest?.SchemaRevision;
        _journal = new BackupJournal(folder, header);
        AtomicFile.RemoveLeftovers(folder);
    }

    /// <summary>The folder that is written.</summary>
    public string Folder { get; private set; }

    /// <summary>The set that this one is to replace; <see langword="null"/> if there is none.</summary>
    public string? Replaces { get; private init; }

    /// <summary>The folder that a set would be written to, without making it.</summary>
    /// <param name="request">What is wanted.</param>
    public static string Plan(BackupSetRequest request) => Find(request) ?? NewFolders(request.Path, request.Time).First(f => !Directory.Exists(f));

    /// <summary>The files that replacing the set at the path of a request would delete.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="agentIds">The agents that would be exported.</param>
    /// <exception cref="LettaException">Those of <see cref="Open"/>.</exception>
    public static IReadOnlyList<BackupEntry> PlanReplacement(BackupSetRequest request, IReadOnlySet<string> agentIds) => Find(request) is { } existing
        ? [.. Known(existing).Where(e => agentIds.Contains(e.AgentId))]
        : [];

    /// <summary>Begins a set, or opens one again.</summary>
    /// <param name="request">What is wanted.</param>
    /// <exception cref="LettaException">
    /// <c>BackupSetExists</c>: the path is a set already, and neither to resume nor to replace it was asked for. <c>BackupSetServerMismatch</c>: it is a set of
    /// another server. <c>InvalidBackupSet</c>: nothing tells which server the set is of. <c>BackupSetInUse</c>: another run writes it.
    /// </exception>
    public static BackupSet Open(BackupSetRequest request)
    {
        var locks = new List<FileLock>();
        try
        {
            if (Find(request) is not { } existing)
            {
                return Begin(request.Path, replaces: null, request, locks);
            }

            locks.Add(SetLock.Take(existing));
            var manifest = BackupManifest.Read(existing);
            var header = manifest is null ? BackupJournal.ReadHeader(existing) : new JournalHeader(manifest.Server, manifest.StartedAt, manifest.Scope);
            RequireSameServer(existing, header, request);
            return request.Force
                ? Begin(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(existing)))!, existing, request, locks)
                : new BackupSet(existing, request, header!, manifest, locks);
        }
        catch
        {
            locks.ForEach(l => l.Dispose());
            throw;
        }
    }

    /// <summary>Records that an agent is to be in the set.</summary>
    /// <param name="agentId">Its identifier.</param>
    /// <param name="agentName">Its name, if known.</param>
    public void Want(string agentId, string? agentName)
    {
        lock (_lock)
        {
            var agent = new WantedAgent(agentId, agentName);
            _wanted[agentId] = agent;
            _journal.Add(agent);
        }
    }

    /// <summary>The file of an agent that is already in the set, as written, and of the agent as it is now.</summary>
    /// <param name="agent">The agent as the server lists it.</param>
    /// <param name="leftOut">What is left out on request.</param>
    /// <returns>Its backup, or <see langword="null"/> if the agent has to be read.</returns>
    public LettaAgentBackup? Reuse(LettaAgent agent, IReadOnlyList<string> leftOut)
    {
        BackupEntry? entry;
        lock (_lock)
        {
            _finished.TryGetValue(agent.Id, out entry);
        }

        if (entry is null || entry.Missing.Count > 0 || entry.UpdatedAt != agent.UpdatedAt || !entry.LeftOut.SequenceEqual(leftOut) || !BackupVerdict.IsAsWritten(Folder, entry))
        {
            return null;
        }

        lock (_lock)
        {
            _entries[agent.Id] = entry = entry with { IsOlder = false };
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
        var now = _request.Time.GetUtcNow();
        var counts = SnapshotFileWriter.Write(snapshot, leftOut, file.Stream, now, cancellationToken);
        var (length, sha256) = file.Finish();
        var entry = new BackupEntry
        {
            Name = name,
            AgentId = snapshot.Agent.Id,
            AgentName = snapshot.Agent.Name,
            UpdatedAt = snapshot.Agent.UpdatedAt,
            ExportedAt = now,
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
            GroupAgentIds = [.. snapshot.Groups.SelectMany(AgentState.GroupAgentIds).Where(id => id != snapshot.Agent.Id).Distinct(StringComparer.Ordinal)],
        };
        lock (_lock)
        {
            // The name and its entry go together: if the agent were written twice at once, the manifest would otherwise describe the other file.
            BeginChange();
            file.Rename();
            _entries[entry.AgentId] = entry;
            _schemaRevision ??= snapshot.SchemaRevision;
            _journal.Add(entry);
        }

        // Not within the lock: the disk takes the names of several files in the time of one.
        file.FlushName();
        return new LettaAgentBackup(entry, Folder, _request.Time.GetElapsedTime(begun), reused: false);
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

    /// <summary>Writes the manifest and makes the set valid.</summary>
    /// <param name="serverVersion">Version of the server, as it said in this run.</param>
    /// <returns>
    /// The manifest; <see langword="null"/> if the set stays unfinished, because it was begun for all agents of the server and this run was asked for some only.
    /// </returns>
    public BackupManifest? Complete(string? serverVersion)
    {
        if (_manifest is null && _header.Scope == BackupScope.All && _request.Scope == BackupScope.Selected)
        {
            return null;
        }

        _serverVersion = serverVersion;
        return WriteManifest([]);
    }

    /// <summary>Compares the finished set with the one that it is to replace.</summary>
    /// <returns>The files of the old set that would be deleted, and why the old set has to stay, which is empty if it can be replaced.</returns>
    public (IReadOnlyList<BackupEntry> Deleted, IReadOnlyList<string> Obstacles) ReviewReplacement()
    {
        var old = BackupVerdict.Of(Replaces!, readFiles: true);
        var kept = Kept(old).Select(e => e.AgentId).ToHashSet(StringComparer.Ordinal);
        return ([.. Known(Replaces!).Where(e => _entries.ContainsKey(e.AgentId))], BackupVerdict.Of(Folder).LessThan(old, kept));
    }

    /// <summary>
    /// Puts the finished set in the place of the old one. Agents of the old set that this run did not export, and files in its folder that are not part of the
    /// set, move to the new one. If that fails the old set is back in its place.
    /// </summary>
    public void Replace()
    {
        var place = Replaces!;
        var old = BackupVerdict.Of(place, readFiles: true);
        var kept = Kept(old).ToList();
        foreach (var entry in kept)
        {
            CopyFrom(place, entry);
        }

        WriteManifest(kept);
        var aside = $"{Path.TrimEndingDirectorySeparator(place)}.replaced-{Timestamp(_request.Time)}";
        var superseded = Known(place).Where(e => _entries.ContainsKey(e.AgentId)).Concat(kept)
            .Select(e => Path.GetFileName(e.Name)).Append(BackupManifest.FileName).Append(BackupJournal.FileName).ToHashSet(StringComparer.Ordinal);
        FolderSwap.Replace(place, Folder, aside);
        Folder = place;
        foreach (var item in Directory.EnumerateFileSystemEntries(aside).ToList())
        {
            var name = Path.GetFileName(item);
            if (superseded.Contains(name))
            {
                File.Delete(item);
            }
            else
            {
                Directory.Move(item, Path.Combine(place, name));
            }
        }

        Directory.Delete(aside);
    }

    /// <summary>Gives the backup of an agent as it is in the finished set.</summary>
    /// <param name="backup">The backup as it was when its file was written.</param>
    public LettaAgentBackup InPlace(LettaAgentBackup backup)
    {
        lock (_lock)
        {
            return new LettaAgentBackup(_entries[backup.AgentId], Folder, backup.Duration, backup.IsReused);
        }
    }

    /// <summary>Releases the set. A set in which nothing is finished is removed.</summary>
    public void Dispose()
    {
        _journal.Dispose();
        if (!_completed && _manifest is not null && !_begun)
        {
            // Nothing was changed: the manifest still describes the set.
            BackupJournal.Remove(Folder);
        }
        else if (!_completed && _entries.Count == 0 && _finished.Count == 0)
        {
            BackupJournal.Remove(Folder);
            if (!Directory.EnumerateFileSystemEntries(Folder).Any())
            {
                Directory.Delete(Folder);
            }
        }

        _locks.ForEach(l => l.Dispose());
    }

    private static BackupSet Begin(string parent, string? replaces, BackupSetRequest request, List<FileLock> locks)
    {
        Directory.CreateDirectory(parent);

        // Two runs of one second want the same name: the lock decides, and the other run takes the next name.
        foreach (var folder in NewFolders(parent, request.Time).Where(f => !Directory.Exists(f)))
        {
            if (SetLock.TryTake(folder) is not { } taken)
            {
                continue;
            }

            locks.Add(taken);
            if (!Directory.Exists(folder))
            {
                Directory.CreateDirectory(folder);
                var header = new JournalHeader(request.Connection.BaseUri, request.Time.GetUtcNow(), request.Scope);
                return new BackupSet(folder, request, header, manifest: null, locks) { Replaces = replaces };
            }
        }

        throw new UnreachableException();
    }

    private static void RequireSameServer(string folder, JournalHeader? header, BackupSetRequest request)
    {
        if (header is null)
        {
            throw new LettaException(
                ErrorIds.InvalidBackupSet,
                LettaErrorKind.Refused,
                $"The set '{folder}' has no manifest, so its server is unknown.",
                $"Write a new set next to it: Export-LettaAgent -Path '{Path.GetDirectoryName(Path.GetFullPath(folder))}'",
                folder);
        }

        if (!ServerAddress.IsSame(header.Server, request.Connection.BaseUri))
        {
            throw new LettaException(
                ErrorIds.BackupSetServerMismatch,
                LettaErrorKind.Refused,
                $"The set '{folder}' is of the server '{header.Server}', not of '{request.Connection.BaseUri}'.",
                $"Write a new set next to it: Export-LettaAgent -Path '{Path.GetDirectoryName(Path.GetFullPath(folder))}'",
                folder);
        }
    }

    /// <summary>The set that a request means, if there is one.</summary>
    private static string? Find(BackupSetRequest request)
    {
        if (BackupFolder.IsSet(request.Path))
        {
            return request.Resume || request.Force
                ? request.Path
                : throw new LettaException(
                    ErrorIds.BackupSetExists,
                    LettaErrorKind.Conflict,
                    $"The backup set '{request.Path}' exists.",
                    $"Write a new set next to it, or add -Resume to complete this one or -Force to replace it: Export-LettaAgent -Path '{Path.GetDirectoryName(Path.GetFullPath(request.Path))}'",
                    request.Path);
        }

        return request.Resume && Directory.Exists(request.Path)
            ? BackupFolder.Sets(request.Path).LastOrDefault(s => CanResume(s, request.Connection.BaseUri))
            : null;
    }

    private static bool CanResume(string folder, Uri server)
    {
        // A set that is damaged beyond its manifest does not keep the others from being resumed.
        var verdict = BackupVerdict.Of(folder);
        var from = verdict.State == LettaBackupState.Unfinished ? BackupJournal.ReadHeader(folder)?.Server : verdict.IsComplete ? null : verdict.Manifest?.Server;
        return from is not null && ServerAddress.IsSame(from, server);
    }

    /// <summary>Names for a new set, the best one first.</summary>
    private static IEnumerable<string> NewFolders(string parent, TimeProvider time)
    {
        var first = Path.Combine(parent, FolderPrefix + Timestamp(time));
        yield return first;
        for (var i = 2; ; i++)
        {
            yield return $"{first}-{i}";
        }
    }

    /// <summary>The files that the manifest of a set names, or its journal.</summary>
    private static IEnumerable<BackupEntry> Known(string folder) =>
        BackupManifest.Read(folder)?.Files ?? BackupJournal.Read(folder).GroupBy(e => e.AgentId, StringComparer.Ordinal).Select(g => g.Last());

    private static string Timestamp(TimeProvider time) => time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The files of an old set whose agents this run was not asked for.</summary>
    private IEnumerable<BackupEntry> Kept(BackupVerdict old) => old.Intact
        .Where(e => !_wanted.ContainsKey(e.AgentId) && !_entries.ContainsKey(e.AgentId))
        .Select(e => e.ExportedAt is null ? e with { ExportedAt = old.Manifest?.StartedAt } : e);

    /// <summary>Copies a file of another set, and makes sure that the copy is what the manifest says.</summary>
    private void CopyFrom(string folder, BackupEntry entry)
    {
        var name = Path.GetFileName(entry.Name);
        using var file = new AtomicFile(Path.Combine(Folder, name));
        using (var source = File.OpenRead(Path.Combine(folder, name)))
        {
            source.CopyTo(file.Stream);
        }

        var (_, sha256) = file.Finish();
        if (!sha256.Equals(entry.Sha256, StringComparison.OrdinalIgnoreCase))
        {
            throw new IOException($"'{Path.Combine(folder, name)}' changed while it was copied.");
        }

        file.Rename();
        file.FlushName();
    }

    /// <summary>From the first change on the manifest would not be true: the journal takes over its files.</summary>
    private void BeginChange()
    {
        if (_begun)
        {
            return;
        }

        _begun = true;
        if (_manifest is not null)
        {
            foreach (var entry in _manifest.Files)
            {
                _journal.Add(entry);
            }

            foreach (var failure in _wantedBefore.Values)
            {
                _journal.Add(failure);
            }

            File.Delete(Path.Combine(Folder, BackupManifest.FileName));
        }
    }

    private BackupManifest WriteManifest(IReadOnlyList<BackupEntry> kept)
    {
        var manifest = Describe(kept);
        manifest.Write(Folder);
        _journal.Dispose();
        BackupJournal.Remove(Folder);
        _completed = true;
        return manifest;
    }

    private BackupManifest Describe(IReadOnlyList<BackupEntry> kept)
    {
        // What an earlier run had finished and this one was not asked for stays in the set. So does the older file of an agent that failed now.
        var earlier = _finished.Values.Where(e => !_entries.ContainsKey(e.AgentId)).ToLookup(e => BackupVerdict.IsAsWritten(Folder, e));
        var damaged = earlier[false].Select(e => new LettaBackupFailure(e.AgentId, e.AgentName, ErrorIds.AgentFileDamaged, "The checksum of its file does not match, and the agent was not exported again."));
        var failed = _failed.Concat(NotExported()).Concat(damaged).DistinctBy(f => f.AgentId).OrderBy(f => f.AgentId, StringComparer.Ordinal).ToList();
        var failedIds = failed.Select(f => f.AgentId).ToHashSet(StringComparer.Ordinal);
        var older = earlier[true].Select(e => e with { IsOlder = failedIds.Contains(e.AgentId), ExportedAt = e.ExportedAt ?? _header.StartedAt });
        var files = _entries.Values.Concat(older).Concat(kept).OrderBy(e => e.Name, StringComparer.Ordinal).ToList();
        return new BackupManifest
        {
            Tool = _request.Tool,
            StartedAt = _header.StartedAt,
            CompletedAt = _request.Time.GetUtcNow(),
            Server = _header.Server,
            ServerVersion = _serverVersion,
            SchemaRevision = _schemaRevision,
            Scope = _header.Scope == BackupScope.All || _request.Scope == BackupScope.All ? BackupScope.All : BackupScope.Selected,
            Files = files,
            Failed = failed,
            SharedBlocks = files.SelectMany(f => f.BlockIds.Select(b => (Block: b, f.AgentId)))
                .GroupBy(p => p.Block, p => p.AgentId, StringComparer.Ordinal)
                .Where(g => g.Count() > 1)
                .OrderBy(g => g.Key, StringComparer.Ordinal)
                .ToDictionary(g => g.Key, g => (IReadOnlyList<string>)[.. g]),
        };
    }

    /// <summary>
    /// Agents that were to be in the set and are not: what failed before and was not asked for again, and what an interrupted run did not get to. A run for all
    /// agents of the server knows better than an earlier one which agents there are.
    /// </summary>
    private IEnumerable<LettaBackupFailure> NotExported() => (_request.Scope == BackupScope.All ? _wanted.Values : _wanted.Values.Concat(_wantedBefore.Values))
        .Where(w => !_entries.ContainsKey(w.WantedId!) && (_wanted.ContainsKey(w.WantedId!) || _manifest is not null || !_finished.ContainsKey(w.WantedId!)))
        .Select(w => _manifest?.Failed.FirstOrDefault(f => f.AgentId == w.WantedId) ?? new LettaBackupFailure(w.WantedId!, w.WantedName, "NotExported", "The export was interrupted before this agent."));
}

/// <summary>Where and how a backup set is to be written.</summary>
/// <param name="Path">A folder that new sets go into, or the folder of one set.</param>
/// <param name="Connection">The server.</param>
/// <param name="Tool">What writes the set: name and version.</param>
/// <param name="Resume">Complete the set that is there.</param>
/// <param name="Force">Replace the set that is there.</param>
/// <param name="Scope">Which agents are to be in it.</param>
/// <param name="Time">The clock.</param>
internal sealed record BackupSetRequest(string Path, LettaConnection Connection, string Tool, bool Resume, bool Force, BackupScope Scope, TimeProvider Time);
