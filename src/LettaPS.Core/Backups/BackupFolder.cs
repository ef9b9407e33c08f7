using System.Text.RegularExpressions;
using LettaPS.Core.Agents;
using LettaPS.Core.Databases.Dumps;

namespace LettaPS.Core.Backups;

/// <summary>Tells sets from other folders.</summary>
internal static partial class BackupFolder
{
    private static readonly string[] s_dumpExtensions = [".dump", ".sql"];

    /// <summary>Whether a folder is a set, finished or not, or was one before its manifest was lost.</summary>
    public static bool IsSet(string folder) =>
        File.Exists(Path.Combine(folder, BackupManifest.FileName)) || IsUnfinished(folder) || BackupRemoval.IsBegun(folder) || HasLostManifest(folder);

    /// <summary>Whether a folder is a set that an export has not finished.</summary>
    public static bool IsUnfinished(string folder) => File.Exists(Path.Combine(folder, BackupJournal.FileName));

    /// <summary>The sets in a folder, the oldest first. Their names sort by time. A link to a set that is not there counts, so that it is reported.</summary>
    public static IEnumerable<string> Sets(string folder) =>
        Directory.EnumerateFileSystemEntries(folder).Where(e => Directory.Exists(e) ? IsSet(e) : IsDanglingSet(e)).Order(StringComparer.Ordinal);

    /// <summary>Whether a path is a link with the name of a set, and what it refers to is not a folder that is there.</summary>
    public static bool IsDanglingSet(string path) => HasSetName(path) && new FileInfo(path).LinkTarget is not null && !Directory.Exists(path);

    /// <summary>The dumps in a folder by their names, which sort by time: with a manifest, or with the name of a dump and a manifest that got lost.</summary>
    public static IEnumerable<string> Dumps(string folder) => Directory.EnumerateFiles(folder).Select(DumpOf).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    /// <summary>The dump that a file is, or is the manifest of.</summary>
    /// <returns>Path of the dump, which may be missing; <see langword="null"/> if the file is neither.</returns>
    public static string? DumpOf(string file)
    {
        if (!file.EndsWith(DumpManifest.Suffix, StringComparison.OrdinalIgnoreCase))
        {
            return File.Exists(file + DumpManifest.Suffix) && DumpOf(file + DumpManifest.Suffix) is not null || DumpName().IsMatch(Path.GetFileName(file)) ? file : null;
        }

        var dump = file[..^DumpManifest.Suffix.Length];
        return s_dumpExtensions.Contains(Path.GetExtension(dump), StringComparer.OrdinalIgnoreCase) || (File.Exists(dump) && DumpManifest.Find(dump) is not null) ? dump : null;
    }

    /// <summary>
    /// Whether a folder has the name and the files of a set. An export leaves a manifest or a journal at every moment: where neither is there, somebody has removed
    /// it, and the folder must not pass for files of other origin, of which nothing can be missing.
    /// </summary>
    private static bool HasLostManifest(string folder)
    {
        if (!HasSetName(folder) || !Directory.Exists(folder))
        {
            return false;
        }

        try
        {
            return Directory.EnumerateFiles(folder, "*" + BackupSet.AgentFileExtension).Any(f => EntityId.TryParse(Path.GetFileNameWithoutExtension(f), "agent", out _));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Only the name is known, and it is that of a set. The reader reports why the set cannot be read.
            return true;
        }
    }

    private static bool HasSetName(string folder) => SetName().IsMatch(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))));

    [GeneratedRegex("^" + BackupSet.FolderPrefix + @"[0-9]{8}T[0-9]{6}Z(-[0-9]+)?(\.replaced-[0-9]{8}T[0-9]{6}Z)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex SetName();

    [GeneratedRegex(@"-[0-9]{8}T[0-9]{6}Z\.(dump|sql)\z", RegexOptions.CultureInvariant)]
    private static partial Regex DumpName();
}
