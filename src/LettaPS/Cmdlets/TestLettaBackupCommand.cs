using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Core.Backups;

namespace LettaPS.Cmdlets;

/// <summary>
/// Examines backups, one result a file: size and SHA-256 against the manifest, well-formed JSON, references that lead nowhere, counts. A single changed
/// byte is found and its file named.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "LettaBackup", DefaultParameterSetName = "Path")]
[OutputType(typeof(LettaBackupTest))]
public sealed class TestLettaBackupCommand : BackupPathCmdlet
{
    /// <inheritdoc/>
    private protected override string Activity => "Examining backups";

    /// <inheritdoc/>
    private protected override async Task ProcessPathAsync(string path, CancellationToken cancellationToken)
    {
        await foreach (var result in BackupReader.TestAsync(path, Progress.AddBytes, cancellationToken).ConfigureAwait(false))
        {
            await WriteObjectAsync(result).ConfigureAwait(false);
            Progress.AddDone();
        }
    }
}
