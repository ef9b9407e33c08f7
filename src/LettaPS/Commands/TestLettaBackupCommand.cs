using System.Management.Automation;
using LettaPS.Core.Backups;
using LettaPS.Hosting;

namespace LettaPS.Commands;

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
    private protected override async Task ProcessPathAsync(string path, CancellationToken cancel)
    {
        await foreach (var result in BackupReader.TestAsync(path, Progress.AddBytes, cancel).ConfigureAwait(false))
        {
            await WriteObjectAsync(result).ConfigureAwait(false);
            Progress.AddDone();
        }
    }
}
