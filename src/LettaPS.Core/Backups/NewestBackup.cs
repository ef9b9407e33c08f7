using LettaPS.Core.Connections;
using LettaPS.Core.Databases.Dumps;

namespace LettaPS.Core.Backups;

/// <summary>The newest backup of one server in a folder that can be trusted: a set of agent files or a dump of the database.</summary>
/// <param name="Path">The set's folder or the dump.</param>
/// <param name="TakenAt">The moment that it shows (UTC).</param>
/// <param name="Dump">The manifest of the dump; <see langword="null"/> for a set.</param>
/// <param name="Gaps">Why it is not a complete backup of this server, one sentence each.</param>
internal sealed record NewestBackup(string Path, DateTimeOffset TakenAt, DumpManifest? Dump, IReadOnlyList<string> Gaps)
{
    /// <summary>
    /// Finds it. A set or dump of another server or database does not count. An incomplete backup counts only if no complete one is there; a damaged one counts,
    /// so that the examination reports it.
    /// </summary>
    /// <param name="folder">A folder of sets and dumps, or a set.</param>
    /// <param name="server">Whose backups count.</param>
    /// <returns><see langword="null"/> if there is no finished one.</returns>
    public static NewestBackup? Find(string folder, BackedUpServer server, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder))
        {
            return null;
        }

        var candidates = new List<(NewestBackup Backup, bool Counts)>();
        foreach (var set in BackupFolder.IsSet(folder) ? [folder] : BackupFolder.Sets(folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var verdict = BackupVerdict.Of(set);
            if (verdict.Manifest is { } manifest && server.Addresses.Any(a => ServerAddress.IsSame(a, manifest.Server)))
            {
                var gaps = verdict.Gaps.Concat(server.Agents is { } agents ? verdict.NotCovered(agents) : manifest.Scope == BackupScope.All ? [] : ["The set was not made of all agents."]);
                var backup = new NewestBackup(set, manifest.StartedAt, null, [.. gaps.Distinct()]);
                candidates.Add((backup, verdict.State == LettaBackupState.Damaged || backup.Gaps.Count == 0));
            }
        }

        foreach (var dump in BackupFolder.Dumps(folder))
        {
            if (DumpManifest.Find(dump) is { } manifest && manifest.IsOf(server.Database, server.SystemIdentifier))
            {
                var isProven = manifest.SystemIdentifier is not null && server.SystemIdentifier is not null;
                candidates.Add((new NewestBackup(dump, manifest.TakenAt, manifest, isProven ? [] : ["Only its name says that the dump is of this server's database."]), isProven));
            }
        }

        return candidates.OrderByDescending(c => c.Counts).ThenByDescending(c => c.Backup.TakenAt).Select(c => c.Backup).FirstOrDefault();
    }

    /// <summary>Reads the backup and compares it with its manifest.</summary>
    /// <returns>What is wrong, one sentence each.</returns>
    public async Task<IReadOnlyList<string>> VerifyAsync(CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        await foreach (var file in BackupReader.TestAsync(Path, read: null, cancellationToken).ConfigureAwait(false))
        {
            problems.AddRange(file.Problems.Select(p => $"{System.IO.Path.GetFileName(file.Path)}: {p}"));
        }

        return problems;
    }
}

/// <summary>The server that a backup has to be of.</summary>
/// <param name="Addresses">The addresses that its sets can name: its own, and that of its database.</param>
/// <param name="Database">Name of its database.</param>
/// <param name="SystemIdentifier">The number that tells the cluster of the database from every other; <see langword="null"/> if it is unknown.</param>
/// <param name="Agents">Its agents; <see langword="null"/> if they cannot be listed.</param>
internal sealed record BackedUpServer(IReadOnlyList<Uri> Addresses, string Database, string? SystemIdentifier, IReadOnlyList<ExpectedAgent>? Agents);

/// <summary>An agent that a backup of its server has to hold.</summary>
/// <param name="Id">Its identifier.</param>
/// <param name="CreatedAt">When it was created (UTC), if known.</param>
internal sealed record ExpectedAgent(string Id, string? Name, DateTimeOffset? CreatedAt);
