using System.Management.Automation;
using LettaPS.Completion;
using LettaPS.Parameters;
using LettaPS.Paths;

namespace LettaPS.Cmdlets.Base;

/// <summary>Base of the cmdlets that examine servers together with their backups.</summary>
public abstract class BackupExaminationCmdlet : ExaminationCmdlet
{
    /// <summary>Folder with the backups: sets of <c>Export-LettaAgent</c>, dumps of <c>Backup-LettaDatabase</c>, or both.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BackupPathCompleter))]
    public string? BackupPath { get; set; }

    /// <summary>Age from which the newest backup is too old: a duration or a number of seconds; one day where it is not given.</summary>
    [Parameter]
    [Seconds]
    public TimeSpan MaximumBackupAge { get; set; } = TimeSpan.FromDays(1);

    /// <summary>The full path of <see cref="BackupPath"/>; <see langword="null"/> where it was not given.</summary>
    private protected string? FullBackupPath { get; private set; }

    /// <inheritdoc/>
    private protected override void Prepare() => FullBackupPath = BackupPath is null ? null : FilePaths.Resolve(this, BackupPath);
}
