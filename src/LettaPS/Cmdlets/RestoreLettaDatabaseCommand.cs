using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Databases.Swap;
using LettaPS.Paths;

namespace LettaPS.Cmdlets;

/// <summary>
/// Puts a dump in the place of the database of a Letta server. The dump is checked first, loaded into a new database beside the old one, compared, and only
/// then given its name. The server is stopped meanwhile and started again, whatever happens. Run again after an interruption, it finishes the job.
/// </summary>
[Cmdlet(VerbsData.Restore, "LettaDatabase", DefaultParameterSetName = ByName, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(LettaDatabaseReplacement))]
public sealed class RestoreLettaDatabaseCommand : WholeDatabaseCmdlet
{
    /// <summary>The dump, as <c>Backup-LettaDatabase</c> made it, with its <c>.json</c> beside it.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "FullName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BackupPathCompleter))]
    public string Path { get; set; } = null!;

    /// <summary>Remove the old database when the server answers on the new one. Without it the old one is kept under a dated name.</summary>
    [Parameter]
    public SwitchParameter RemoveOld { get; set; }

    /// <summary>Also where others than known Letta servers are connected to the database; they are thrown out.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>How long the server may take to answer afterwards, in seconds, 1 to 86400; 180 where not given.</summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int TimeoutSec { get; set; } = DefaultTimeoutSec;

    private protected override string Activity => "Restoring the database";

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachTarget(TimeSpan.FromSeconds(TimeoutSec), async (target, cancellationToken) =>
    {
        var path = FilePaths.Resolve(this, Path);
        var restore = new DumpRestore(target.Host, TimeProvider.System);
        Progress.SetStatus("checking the dump");
        var manifest = await restore.CheckAsync(path, target.Database, Force, Progress.AddBytes, cancellationToken).ConfigureAwait(false);
        if (await ShouldProcessAsync(await DescribeAsync(target, cancellationToken).ConfigureAwait(false), $"Replace by the dump of {manifest.TakenAt:u} with {manifest.Database.Rows} rows").ConfigureAwait(false))
        {
            var done = await restore.RunAsync(path, manifest, target.Database, RemoveOld, Force, StepsOf(target), Progress.AddBytes, cancellationToken).ConfigureAwait(false);
            await WarnOfStoppedServersAsync(target, done).ConfigureAwait(false);
            await WriteObjectAsync(done with { Server = target.Server?.Name }).ConfigureAwait(false);
        }
    });
}
