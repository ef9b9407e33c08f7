using System.Collections;
using LettaPS.Paths;

namespace LettaPS.Completion;

/// <summary>Completes paths of backups: folders, agent files, dumps.</summary>
internal class BackupPathCompleter : Completer
{
    private static readonly string[] s_extensions = [".af", ".json", ".dump", ".sql"];

    /// <inheritdoc/>
    private protected override IEnumerable<Candidate> Find(string begun, IDictionary parameters)
    {
        var typed = begun[..(begun.LastIndexOfAny(['/', '\\']) + 1)];
        return new DirectoryInfo(CurrentPaths.Resolve(typed.Length == 0 ? "." : typed)).EnumerateFileSystemInfos()
            .Where(i => i is DirectoryInfo || s_extensions.Contains(i.Extension, StringComparer.OrdinalIgnoreCase))
            .OrderBy(i => i.Name, StringComparer.OrdinalIgnoreCase)
            .Select(i => new Candidate(typed + i.Name, i.FullName, Write(typed + i.Name)));
    }

    /// <summary>A path as the parameter takes it.</summary>
    private protected virtual string Write(string path) => path;
}
