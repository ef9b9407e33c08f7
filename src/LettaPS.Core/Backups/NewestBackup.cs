using LettaPS.Core.Databases.Dumps;

namespace LettaPS.Core.Backups;

/// <summary>The newest finished backup in a folder: a set of agent files or a dump of the database.</summary>
/// <param name="Path">The set's folder or the dump.</param>
/// <param name="TakenAt">The moment that it shows (UTC).</param>
/// <param name="Dump">What is known of the dump; <see langword="null"/> for a set.</param>
internal sealed record NewestBackup(string Path, DateTimeOffset TakenAt, DumpManifest? Dump)
{
    /// <summary>Finds it.</summary>
    /// <param name="folder">A folder of sets and dumps, or a set.</param>
    /// <param name="database">Name of the database, by which dumps of others do not count.</param>
    /// <returns><see langword="null"/> where there is no finished one.</returns>
    public static async Task<NewestBackup?> FindAsync(string folder, string database, CancellationToken cancellationToken)
    {
        NewestBackup? newest = DumpManifest.FindNewest(folder, database, systemIdentifier: null) is { } dump ? new(dump.Path, dump.Manifest.TakenAt, dump.Manifest) : null;
        if (!Directory.Exists(folder))
        {
            return newest;
        }

        foreach (var set in BackupFolder.IsSet(folder) ? [folder] : BackupFolder.Sets(folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await TakenAtAsync(set, cancellationToken).ConfigureAwait(false) is { } taken && (newest is null || taken > newest.TakenAt))
            {
                newest = new NewestBackup(set, taken, null);
            }
        }

        return newest;
    }

    /// <summary>Reads it whole and compares it with its manifest.</summary>
    /// <returns>What is wrong, and what the export could not have.</returns>
    public async Task<(IReadOnlyList<string> Problems, IReadOnlyList<string> Missing)> VerifyAsync(CancellationToken cancellationToken)
    {
        if (Dump is not null)
        {
            try
            {
                await Dump.VerifyAsync(Path, progress: null, cancellationToken).ConfigureAwait(false);
                return ([], []);
            }
            catch (LettaException e) when (e.ErrorId == "DumpDamaged")
            {
                return ([e.Message], []);
            }
        }

        var (problems, missing) = (new List<string>(), new List<string>());
        await foreach (var file in BackupReader.TestAsync(Path, read: null, cancellationToken).ConfigureAwait(false))
        {
            problems.AddRange(file.Problems.Select(p => $"{System.IO.Path.GetFileName(file.Path)}: {p}"));
            missing.AddRange(file.Missing.Select(m => $"{System.IO.Path.GetFileName(file.Path)}: {m}"));
        }

        return (problems, missing);
    }

    private static async Task<DateTimeOffset?> TakenAtAsync(string set, CancellationToken cancellationToken)
    {
        await foreach (var backup in BackupReader.ReadAsync(set, cancellationToken).ConfigureAwait(false))
        {
            // One with a damaged file counts too, so that the examination tells of it and does not pass an older one in its place.
            return backup.CreatedAt;
        }

        return null;
    }
}
