using System.Security.Cryptography;
using LettaPS.Core.IO;

namespace LettaPS.Core.Backups;

/// <summary>
/// The one judgement of a backup set. A set is complete when every agent that was to be in it is there, each file is as written, and nothing of any agent is
/// missing. Whatever deletes, replaces, reuses or trusts a set asks this type.
/// </summary>
internal sealed class BackupVerdict
{
    private BackupVerdict(string folder, BackupManifest? manifest, LettaBackupState state, IReadOnlyList<BackupEntry> intact, IReadOnlyList<string> gaps) =>
        (Folder, Manifest, State, Intact, Gaps, StartedAt, Server) = (folder, manifest, state, intact, gaps, manifest?.StartedAt, manifest?.Server);

    /// <summary>The set.</summary>
    public string Folder { get; }

    /// <summary>Its manifest; <see langword="null"/> if it has none or a damaged one.</summary>
    public BackupManifest? Manifest { get; }

    /// <summary>When the export began (UTC), if the manifest or the journal of an unfinished set says it.</summary>
    public DateTimeOffset? StartedAt { get; private init; }

    /// <summary>The server, if the manifest or the journal of an unfinished set says it.</summary>
    public Uri? Server { get; private init; }

    /// <summary>What the set is.</summary>
    public LettaBackupState State { get; }

    /// <summary>The files that are as written.</summary>
    public IReadOnlyList<BackupEntry> Intact { get; }

    /// <summary>Why the set is not complete, one sentence each.</summary>
    public IReadOnlyList<string> Gaps { get; }

    /// <summary>Whether the set is complete.</summary>
    public bool IsComplete => State == LettaBackupState.Complete;

    /// <summary>
    /// Judges a set. A set that cannot be read is damaged. If the checksums are compared, the exception leaves this method instead: whoever asks for that is
    /// about to delete files.
    /// </summary>
    /// <param name="folder">The set.</param>
    /// <param name="readFiles">Compare the checksums of the files too; otherwise their names and sizes.</param>
    public static BackupVerdict Of(string folder, bool readFiles = false)
    {
        try
        {
            return BackupManifest.Read(folder) is { } manifest ? Of(folder, manifest, readFiles)
                : BackupFolder.IsUnfinished(folder) ? OfUnfinished(folder, readFiles)
                : BackupFolder.IsSet(folder) ? Without(folder, LettaBackupState.Damaged, "The manifest is missing.")
                : Without(folder, LettaBackupState.External, "The files are not a backup set.");
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.ManifestDamaged)
        {
            return Without(folder, LettaBackupState.Damaged, e.Message);
        }
        catch (Exception e) when (!readFiles && !ItemBoundary.EndsRun(e))
        {
            return Without(folder, LettaBackupState.Damaged, $"The set cannot be read: {e.Message}");
        }
    }

    /// <summary>Judges a set by its manifest.</summary>
    /// <param name="folder">The set.</param>
    /// <param name="readFiles">Compare the checksums of the files too; otherwise their names and sizes.</param>
    public static BackupVerdict Of(string folder, BackupManifest manifest, bool readFiles = false)
    {
        var (intact, damage, gaps) = (new List<BackupEntry>(), new List<string>(), new List<string>());
        foreach (var entry in manifest.Files)
        {
            if (Damage(folder, entry, readFiles) is { } problem)
            {
                damage.Add(problem);
                continue;
            }

            intact.Add(entry);
            gaps.AddRange(entry.Missing.Select(m => $"{entry.AgentName}: {m}"));
        }

        gaps.AddRange(manifest.Failures());
        var state = damage.Count > 0 ? LettaBackupState.Damaged : gaps.Count > 0 || manifest.Files.Count == 0 ? LettaBackupState.Incomplete : LettaBackupState.Complete;
        return new BackupVerdict(folder, manifest, state, intact, [.. damage, .. gaps]);
    }

    /// <summary>Whether a file of a set is as written.</summary>
    /// <param name="folder">The set.</param>
    /// <param name="entry">What the manifest or journal says of the file.</param>
    public static bool IsAsWritten(string folder, BackupEntry entry) => Damage(folder, entry, readFiles: true) is null;

    /// <summary>
    /// The agents of a server that the set does not hold with their whole history and archive. Agents that were created after the export began are not expected.
    /// </summary>
    /// <param name="agents">The agents of the server as it is now.</param>
    public IReadOnlyList<string> NotCovered(IEnumerable<ExpectedAgent> agents)
    {
        var held = Intact.DistinctBy(e => e.AgentId).ToDictionary(e => e.AgentId, StringComparer.Ordinal);
        return
        [
            .. agents.Where(a => !held.ContainsKey(a.Id) && !(a.CreatedAt > Manifest?.StartedAt)).Select(a => $"The agent '{a.Name}' ({a.Id}) is not in the set."),
            .. Intact.Where(e => e.LacksHistoryOrArchive).Select(e => $"{e.AgentName}: {string.Join(" and ", e.LeftOut)} were left out of the export."),
        ];
    }

    /// <summary>Why this set is less whole than another one, one sentence each; empty if it can take the other set's place.</summary>
    /// <param name="old">The other set.</param>
    /// <param name="carried">Agents whose files come over from the other set.</param>
    public IReadOnlyList<string> LessThan(BackupVerdict old, IReadOnlySet<string> carried)
    {
        var held = Intact.DistinctBy(e => e.AgentId).ToDictionary(e => e.AgentId, StringComparer.Ordinal);
        var less = old.IsComplete ? Gaps.ToList() : [];
        foreach (var entry in old.Intact.Where(e => !carried.Contains(e.AgentId)))
        {
            if (!held.TryGetValue(entry.AgentId, out var now))
            {
                less.Add($"The agent '{entry.AgentName}' ({entry.AgentId}) is not in the new set.");
                continue;
            }

            less.AddRange(now.Missing.Except(entry.Missing).Select(m => $"{now.AgentName}: {m}"));
            less.AddRange(now.LeftOut.Except(entry.LeftOut).Select(l => $"{now.AgentName}: {l} was left out of the new set."));
        }

        return [.. less.Distinct()];
    }

    private static BackupVerdict OfUnfinished(string folder, bool readFiles)
    {
        try
        {
            var header = BackupJournal.ReadHeader(folder);
            var finished = BackupJournal.Read(folder).GroupBy(e => e.AgentId, StringComparer.Ordinal).Select(g => g.Last());
            return new BackupVerdict(
                folder, null, LettaBackupState.Unfinished, [.. finished.Where(e => Damage(folder, e, readFiles) is null)], ["The export was interrupted before the set was finished."])
            {
                StartedAt = header?.StartedAt,
                Server = header?.Server,
            };
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.BackupSetInUse)
        {
            return Without(folder, LettaBackupState.Unfinished, e.Message);
        }
    }

    private static BackupVerdict Without(string folder, LettaBackupState state, string gap) => new(folder, null, state, [], [gap]);

    private static string? Damage(string folder, BackupEntry entry, bool readFiles)
    {
        var name = Path.GetFileName(entry.Name);
        var file = new FileInfo(Path.Combine(folder, name));
        if (!file.Exists)
        {
            return $"The file '{name}' is missing.";
        }

        if (file.Length != entry.Length)
        {
            return $"The file '{name}' has {file.Length} bytes, but the manifest says {entry.Length}.";
        }

        if (!readFiles)
        {
            return null;
        }

        using var stream = file.OpenRead();
        return Convert.ToHexString(SHA256.HashData(stream)).Equals(entry.Sha256, StringComparison.OrdinalIgnoreCase) ? null : $"The checksum of '{name}' does not match.";
    }
}
