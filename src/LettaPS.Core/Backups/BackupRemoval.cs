using LettaPS.Core.Databases.Dumps;

namespace LettaPS.Core.Backups;

/// <summary>
/// Removes a backup. The manifest of a set is renamed first, so that a set that is half removed never passes for a whole one, and a later run knows what is left
/// to remove. Files in the folder that are not part of the set stay.
/// </summary>
internal static class BackupRemoval
{
    private const string MarkedManifest = BackupManifest.FileName + ".removed";

    /// <summary>Whether the removal of a set was begun and not finished.</summary>
    /// <param name="folder">The folder of the set.</param>
    public static bool IsBegun(string folder) => File.Exists(Path.Combine(folder, MarkedManifest)) && !File.Exists(Path.Combine(folder, BackupManifest.FileName));

    /// <summary>Removes a set or a dump, or finishes its removal.</summary>
    /// <param name="path">The folder of the set, or the dump.</param>
    /// <exception cref="LettaException"><c>BackupSetInUse</c>: another command works on the set.</exception>
    public static void Remove(string path)
    {
        if (Directory.Exists(path))
        {
            RemoveSet(path);
            return;
        }

        File.Delete(path);
        File.Delete(path + DumpManifest.Suffix);
    }

    private static void RemoveSet(string folder)
    {
        using var taken = SetLock.Take(folder);
        var marked = Path.Combine(folder, MarkedManifest);
        if (!IsBegun(folder))
        {
            File.Move(Path.Combine(folder, BackupManifest.FileName), marked, overwrite: true);
        }

        foreach (var entry in BackupManifest.Read(folder, MarkedManifest)?.Files ?? [])
        {
            File.Delete(Path.Combine(folder, Path.GetFileName(entry.Name)));
        }

        File.Delete(marked);
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Directory.Delete(folder);
        }
    }
}
