using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Health;
using LettaPS.Core.Upgrades;

namespace LettaPS.Cmdlets;

/// <summary>
/// Says before an upgrade whether it will succeed and whether there is a way back: the migrations on the way and what each does to this database, what the
/// release demands of PostgreSQL, names and ids that it refuses, secrets that it does not see, backups, images, and Letta Code. Changes nothing.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "LettaUpgrade")]
[OutputType(typeof(LettaUpgradeTest))]
public sealed class TestLettaUpgradeCommand : BackupExaminationCmdlet
{
    /// <summary>The release to upgrade to, such as 0.16.8.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ReleaseCompleter))]
    public string? To { get; set; }

    private protected override async Task ExamineAsync(HealthTarget target, CancellationToken cancellationToken)
    {
        var options = new HealthOptions(HealthDepth.Deep) { BackupPath = FullBackupPath, MaximumBackupAge = MaximumBackupAge };
        await WriteObjectAsync(await new UpgradeExamination(AdapterLoadContext.Factory, target, To!, options, TimeProvider.System).RunAsync(cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
    }
}
