using System.Management.Automation;

namespace LettaPS.Completion;

/// <summary>Completes paths of backups for a parameter that takes wildcards: brackets of a name are escaped.</summary>
internal sealed class BackupPatternCompleter : BackupPathCompleter
{
    /// <inheritdoc/>
    private protected override string Read(string typed) => WildcardPattern.Unescape(typed);

    /// <inheritdoc/>
    private protected override string Write(string path) => WildcardPattern.Escape(path);
}
