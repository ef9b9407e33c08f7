namespace LettaPS.Core.Backups;

/// <summary>Chooses files from several backups: restores and conversions take each agent's newest file, and leave dumps of databases to Restore-LettaDatabase.</summary>
internal static class BackupSelection
{
    /// <summary>The backups that hold agents: the oldest set first, the newest last, and after the sets the files that somebody put there.</summary>
    public static IEnumerable<LettaBackup> ByAge(IEnumerable<LettaBackup> backups) => backups
        .Where(b => b.Kind == LettaBackupKind.Agents && b.Failure is null)
        .OrderBy(b => b.CreatedAt ?? (b.State == LettaBackupState.External ? DateTimeOffset.MaxValue : DateTimeOffset.MinValue));

    /// <summary>The newest file of each agent in sets, and every file of other origin.</summary>
    public static IEnumerable<LettaBackupFile> Newest(IEnumerable<LettaBackup> backups) => ByAge(backups)
        .SelectMany(b => b.Files.Select(f => (File: f, Key: b.State == LettaBackupState.External || f.AgentId is null ? f.Path : f.AgentId)))
        .GroupBy(f => f.Key, StringComparer.Ordinal)
        .Select(g => g.Last().File);

    /// <summary>An error for paths that hold dumps and no agent files.</summary>
    public static LettaException OnlyDumps(string path) => new(
        ErrorIds.BackupNotFound, LettaErrorKind.NotFound, $"'{path}' holds a dump of a database and no agent files.", $"Restore the database: Restore-LettaDatabase -Path '{path}'", path);
}
