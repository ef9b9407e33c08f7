namespace LettaPS.Core.Backups;

/// <summary>Tells sets from other folders.</summary>
internal static class BackupFolder
{
    /// <summary>Whether a folder is a set, finished or not.</summary>
    public static bool IsSet(string folder) =>
        File.Exists(Path.Combine(folder, BackupManifest.FileName)) || File.Exists(Path.Combine(folder, BackupJournal.FileName));

    /// <summary>The sets in a folder, the oldest first. Their names sort by time.</summary>
    public static IEnumerable<string> Sets(string folder) =>
        Directory.EnumerateDirectories(folder).Where(IsSet).Order(StringComparer.Ordinal);
}
