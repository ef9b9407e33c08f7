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

    /// <summary>Gives one truth value for each server instead: whether no check failed. Warnings do not count. Its property <c>Server</c> says which server it is of.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    private protected override async Task ExamineAsync(HealthTarget target, CancellationToken cancellationToken)
    {
        var options = new HealthOptions(Quick ? HealthDepth.Quick : Deep ? HealthDepth.Deep : HealthDepth.Normal) { BackupPath = FullBackupPath, MaximumBackupAge = MaximumBackupAge };
        var checks = new HealthExamination(AdapterLoadContext.Factory, target, options, TimeProvider.System).RunAsync(cancellationToken);
        var healthy = true;
        var counts = new Dictionary<LettaHealthStatus, int>();
        await foreach (var check in checks.ConfigureAwait(false))
        {
            if (!Quiet)
            {
                await WriteObjectAsync(check).ConfigureAwait(false);
            }

            counts[check.Status] = counts.GetValueOrDefault(check.Status) + 1;
            healthy &= check.Status != LettaHealthStatus.Failed;
            if (Quiet && !healthy)
            {
                break;
            }
        }

        var server = target.Connection?.BaseUri;
        if (Quiet)
        {
            // A truth value that says whose it is: with several servers a list of them would tell nothing.
            var result = new PSObject(healthy);
            result.Properties.Add(new PSNoteProperty(nameof(LettaHealthCheck.Server), server));
            await WriteObjectAsync(result).ConfigureAwait(false);
            return;
        }

        await WriteHostAsync($"{(server is null ? "The server" : server)}: {Count(LettaHealthStatus.Failed, "failed")}, {Count(LettaHealthStatus.Warning, "warning")}"
            + $"{(counts.GetValueOrDefault(LettaHealthStatus.Warning) == 1 ? "" : "s")}, {Count(LettaHealthStatus.Passed, "passed")}, {Count(LettaHealthStatus.Skipped, "skipped")}").ConfigureAwait(false);

        string Count(LettaHealthStatus status, string word) => $"{counts.GetValueOrDefault(status)} {word}";
    }
}
