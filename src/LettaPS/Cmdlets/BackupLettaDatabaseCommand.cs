using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Paths;

namespace LettaPS.Cmdlets;

/// <summary>
/// Dumps the database of a Letta server with the <c>pg_dump</c> beside it, whether its port is published or not, while the server runs. The dump is whole or
/// absent, is read back, and has a file beside it that says what it holds.
/// </summary>
[Cmdlet(VerbsData.Backup, "LettaDatabase", DefaultParameterSetName = ByName, SupportsShouldProcess = true)]
[OutputType(typeof(LettaDatabaseBackup))]
public sealed class BackupLettaDatabaseCommand : WholeDatabaseCmdlet
{
    /// <summary>
    /// The folder for the dump, which is made if it is missing; the file is named after the server, the database and the time. A path that ends in
    /// <c>.dump</c> or <c>.sql</c>, or a file that is there, is the file to write.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = null!;

    /// <summary>Form of the dump: <c>Custom</c>, compressed and read by <c>pg_restore</c>, or <c>Plain</c>, which is SQL.</summary>
    [Parameter]
    public DumpFormat Format { get; set; } = DumpFormat.Custom;

    /// <summary>Replace a file that is there, and take the dump even if more than half of something is gone since the previous one.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    private protected override string Activity => "Dumping the database";

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachTarget(TimeSpan.Zero, async (target, cancellationToken) =>
    {
        var path = DumpPath.For(FilePaths.Resolve(this, Path), target, Format);
        if (!await ShouldProcessAsync(path, $"Dump the {target}").ConfigureAwait(false))
        {
            return;
        }

        await WriteObjectAsync(await DumpAsync(target, path, Format, Force, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
    });
}
