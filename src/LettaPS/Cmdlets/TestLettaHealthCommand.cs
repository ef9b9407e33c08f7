using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Core.Health;

namespace LettaPS.Cmdlets;

/// <summary>
/// Examines a server layer by layer, one object a check: its container, the way to its port, its API, whether it can read its tables, its database and
/// schema, its agents, their models and secrets, and the backups. What rests on a layer that failed is skipped. Changes nothing.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "LettaHealth", DefaultParameterSetName = "Normal")]
[OutputType(typeof(LettaHealthCheck), typeof(bool))]
public sealed class TestLettaHealthCommand : BackupExaminationCmdlet
{
    /// <summary>Only what can be seen without connecting to the database: container, network, API, the tables as the API shows them,
    /// and with <c>-BackupPath</c> the backups.</summary>
    [Parameter(Mandatory = true, ParameterSetName = nameof(HealthDepth.Quick))]
    public SwitchParameter Quick { get; set; }

    /// <summary>Also what takes longer: tries the endpoints of the models, reads the rows of messages, tries the key of the secrets, and hashes the newest backup.</summary>
    [Parameter(Mandatory = true, ParameterSetName = nameof(HealthDepth.Deep))]
    public SwitchParameter Deep { get; set; }

    /// <summary>Gives one truth value for each server instead: whether no check failed. Warnings do not count.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    private protected override async Task ExamineAsync(HealthTarget target, CancellationToken cancellationToken)
    {
        var options = new HealthOptions(Quick ? HealthDepth.Quick : Deep ? HealthDepth.Deep : HealthDepth.Normal) { BackupPath = FullBackupPath, MaximumBackupAge = MaximumBackupAge };
        var checks = new HealthExamination(AdapterLoadContext.Factory, target, options, TimeProvider.System).RunAsync(cancellationToken);
        var healthy = true;
        await foreach (var check in checks.ConfigureAwait(false))
        {
            if (!Quiet)
            {
                await WriteObjectAsync(check).ConfigureAwait(false);
            }

            healthy &= check.Status != LettaHealthStatus.Failed;
            if (Quiet && !healthy)
            {
                break;
            }
        }

        if (Quiet)
        {
            await WriteObjectAsync(healthy).ConfigureAwait(false);
        }
    }
}
