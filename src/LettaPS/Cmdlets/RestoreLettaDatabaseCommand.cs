using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Databases.Dumps;
using LettaPS.Core.Databases.Swap;
using LettaPS.Parameters;
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
    /// <summary>The dump, as <c>Backup-LettaDatabase</c> made it, with its <c>.json</c> beside it. Wildcards must match one dump.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [PathInput]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BackupPathCompleter))]
    public string? Path { get; set; }

    /// <summary>The same, with wildcard characters taken literally.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string? LiteralPath { get; set; }

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
    protected override void ProcessRecord()
    {
        string path;
        try
        {
            path = FindDump();
        }
        catch (LettaException e)
        {
            WriteError(e.ToErrorRecord(LiteralPath ?? Path));
            return;
        }

        ForEachTarget(TimeSpan.FromSeconds(TimeoutSec), (target, cancellationToken) => RestoreAsync(target, path, cancellationToken));
    }

    /// <summary>The one dump that the parameters name. An object of the pipeline that has a path gives it to both of them.</summary>
    private string FindDump()
    {
        IEnumerable<string> given =
        [
            .. Path is null ? [] : FilePaths.Matching(this, Path, literal: false),
            .. LiteralPath is null ? [] : FilePaths.Matching(this, LiteralPath, literal: true),
        ];
        var found = given.Distinct().ToList();

        // Beside each dump is what is known of it, which is no dump.
        found.RemoveAll(path => path.EndsWith(DumpManifest.Suffix, StringComparison.Ordinal) && found.Contains(path[..^DumpManifest.Suffix.Length]));
        return (found, Path, LiteralPath) switch
        {
            ([var one], _, _) => one,
            (_, null, null) => throw new LettaException(
                ErrorIds.PathRequired, LettaErrorKind.InvalidInput, "Neither -Path nor -LiteralPath names a dump.", "Name one: Restore-LettaDatabase <path>. List the dumps: Get-LettaBackup <folder>"),
            ([], _, _) => throw new LettaException(
                ErrorIds.DumpNotFound, LettaErrorKind.NotFound, $"There is no file that matches '{Path}'.", "List the dumps: Get-LettaBackup <folder>", Path),
            _ => throw new LettaException(
                ErrorIds.DumpAmbiguous,
                LettaErrorKind.InvalidInput,
                $"These are several files, and a database takes one: '{string.Join("', '", found.Take(3))}'{(found.Count > 3 ? $" and {found.Count - 3} more" : string.Empty)}.",
                "Name one of them.",
                Path ?? LiteralPath),
        };
    }

    private async Task RestoreAsync(ServerDatabaseTarget target, string path, CancellationToken cancellationToken)
    {
        var restore = new DumpRestore(target.Host, TimeProvider.System);
        Progress.SetStatus("checking the dump");
        var manifest = await restore.CheckAsync(path, target.Database, Force, Progress.AddBytes, cancellationToken).ConfigureAwait(false);
        if (await ShouldProcessAsync(await DescribeAsync(target, cancellationToken).ConfigureAwait(false), $"Replace by the dump of {manifest.TakenAt:u} with {manifest.Database.Rows} rows").ConfigureAwait(false))
        {
            var done = await restore.RunAsync(path, manifest, target.Database, RemoveOld, Force, StepsOf(target), Progress.AddBytes, cancellationToken).ConfigureAwait(false);
            await WarnOfStoppedServersAsync(target, done).ConfigureAwait(false);
            await WriteObjectAsync(done with { Server = target.Server?.Name }).ConfigureAwait(false);
        }
    }
}
