using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Databases.Swap;
using LettaPS.Parameters;
using LettaPS.Paths;

namespace LettaPS.Cmdlets;

/// <summary>
/// Empties the database of a Letta server: a new one with the same owner, encoding, search path, schemas and extensions takes its place, and the server makes
/// its tables when it starts. Other databases are left alone. Needs a dump from which everything can be brought back.
/// </summary>
[Cmdlet(VerbsCommon.Reset, "LettaDatabase", DefaultParameterSetName = ByName, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(LettaDatabaseReplacement))]
public sealed class ResetLettaDatabaseCommand : WholeDatabaseCmdlet
{
    /// <summary>A dump of the database, as <c>Backup-LettaDatabase</c> made it, or a folder with such dumps, of which the newest counts. Every byte of it is checked.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Path")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BackupPathCompleter))]
    public string? BackupPath { get; set; }

    /// <summary>How old the dump may be: a duration or a number of seconds; one day where not given.</summary>
    [Parameter]
    [Alias("MaxBackupAge")]
    [Seconds]
    [Duration(maximumDays: 36500)]
    public TimeSpan MaximumBackupAge { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Without a dump. What is in the database is then gone for good.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Keep the old database under a dated name. Without it, it is removed when the server answers on the new one.</summary>
    [Parameter]
    public SwitchParameter KeepOld { get; set; }

    /// <summary>How long the server may take to answer afterwards, in seconds, 1 to 86400; 180 where not given.</summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int TimeoutSec { get; set; } = DefaultTimeoutSec;

    private protected override string Activity => "Emptying the database";

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachTarget(TimeSpan.FromSeconds(TimeoutSec), async (target, cancellationToken) =>
    {
        var reset = new DatabaseReset(target.Host, TimeProvider.System);
        string? dump = null;
        if (BackupPath is not null)
        {
            Progress.SetStatus("checking the dump");
            dump = await reset.CheckBackupAsync(FilePaths.Resolve(this, BackupPath), target.Database, MaximumBackupAge, Progress.AddBytes, cancellationToken).ConfigureAwait(false);
        }
        else if (!Force)
        {
            throw BackupRequired(
                "Emptying a database takes a dump from which it can be brought back.", "Take one with Backup-LettaDatabase and give it with -BackupPath, or give -Force.", target);
        }

        if (await ShouldProcessAsync(await DescribeAsync(target, cancellationToken).ConfigureAwait(false), dump is null ? "Empty, WITHOUT a dump" : $"Empty, having {dump}").ConfigureAwait(false))
        {
            var done = await reset.RunAsync(target.Database, KeepOld, StepsOf(target), cancellationToken).ConfigureAwait(false);
            await WarnOfStoppedServersAsync(target, done).ConfigureAwait(false);
            await WriteObjectAsync(done with { Server = target.Server?.Name, Path = dump }).ConfigureAwait(false);
        }
    });
}
