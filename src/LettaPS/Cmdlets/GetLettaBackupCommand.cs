using System.Management.Automation;
using LettaPS.Cmdlets.Base;

namespace LettaPS.Cmdlets;

/// <summary>
/// Gets the backups at a path: sets of <c>Export-LettaAgent</c> with their files, and folders of agent files of any origin, each recognised as AgentFile v2,
/// as the legacy file of 0.11 or as a raw agent state.
/// </summary>
[Cmdlet(VerbsCommon.Get, "LettaBackup", DefaultParameterSetName = "Path")]
[OutputType(typeof(LettaBackup))]
public sealed class GetLettaBackupCommand : BackupPathCmdlet
{
    /// <inheritdoc/>
    private protected override string Activity => "Reading backups";

    /// <inheritdoc/>
    private protected override async Task ProcessPathAsync(string path, CancellationToken cancellationToken)
    {
        await foreach (var backup in ReadBackupsAsync(path, cancellationToken).ConfigureAwait(false))
        {
            await WriteObjectAsync(backup).ConfigureAwait(false);
        }
    }
}
