using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Health.Layers;

/// <summary>What <c>Compare-LettaSchema</c> finds, and the sequence that no reading through the API shows.</summary>
internal sealed class SchemaLayer : HealthLayer
{
    /// <summary>Differences that other checks tell of.</summary>
    private static readonly HashSet<LettaDriftKind> s_told = [LettaDriftKind.ServerTooOld, LettaDriftKind.MissingExtension, LettaDriftKind.PlaintextSecret, LettaDriftKind.MessageData];

    private static readonly HashSet<LettaDriftKind> s_revision =
        [LettaDriftKind.RevisionMissing, LettaDriftKind.RevisionBehind, LettaDriftKind.RevisionAhead, LettaDriftKind.RevisionUnknown, LettaDriftKind.RevisionStuck];

    /// <inheritdoc/>
    public override LettaHealthLayer Layer => LettaHealthLayer.Schema;

    /// <inheritdoc/>
    public override IReadOnlyList<LettaHealthLayer> RestsOn => [LettaHealthLayer.Database];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Names => ["Release", "Revision", "Differences", "Sequence", "Messages"];

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<Finding>> ExamineAsync(HealthContext context, CancellationToken cancellationToken)
    {
        if (await context.Database.ConfigureAwait(false) is not { } reading)
        {
            return SkipAll("Nothing says where the database is.");
        }

        var drifts = reading.Diagnosis.Drifts().ToList();
        return
        [
            .. new[]
            {
                Release(reading.Diagnosis.Report(), await context.Version.ConfigureAwait(false)),
                Judge("Revision", [.. drifts.Where(d => s_revision.Contains(d.Kind))], $"alembic_version holds {reading.Diagnosis.Revision}, as {reading.Diagnosis.Release} leaves it."),
                Judge("Differences", [.. drifts.Where(d => !s_told.Contains(d.Kind) && !s_revision.Contains(d.Kind) && !IsSequence(d))], $"The database has all that {reading.Diagnosis.Release} expects."),
                Judge("Sequence", [.. drifts.Where(IsSequence)], "The next message gets a number that is free."),
                Messages(context, [.. drifts.Where(d => d.Kind == LettaDriftKind.MessageData)]),
            }.Select(f => f with { Duration = reading.Duration }),
        ];
    }

    private static Finding Release(LettaSchemaReport report, string? version) =>
        report.EquivalentReleases.Contains(report.Release)
            ? Finding.Pass("Release", $"The schema {(report.Confidence == 1 ? "is that of" : "is nearest to")} {report.NearestRelease}, made by {report.Builder}.")
            : Finding.Warn(
                "Release",
                $"The schema is nearest to {report.NearestRelease}, while {(version is null ? "the image" : "the server")} is {report.Release}.",
                "Update-LettaSchema, or start the image with its own start script, so that its migrations run.");

    private static Finding Judge(string name, IReadOnlyList<LettaSchemaDrift> drifts, string whenNone)
    {
        var worst = drifts.Select(d => d.Severity).DefaultIfEmpty(LettaDriftSeverity.Cosmetic).Max();
        var detail = drifts.Count == 0 ? null : string.Join('\n', drifts.Select(d => $"{d.Severity}: {d}"));
        if (worst == LettaDriftSeverity.Cosmetic)
        {
            return Finding.Pass(name, whenNone, detail);
        }

        var bad = drifts.Where(d => d.Severity == worst).ToList();
        var message = bad.Count == 1
            ? $"{bad[0]}"
            : $"{bad.Count} differences {(worst == LettaDriftSeverity.Breaks ? "make requests fail" : "slow down, endanger or hide something")}: {Finding.Few([.. bad.Select(Describe)])}.";
        var fix = !bad.Any(d => d.IsFixable) ? bad[0].Recommendation : bad[0].Kind == LettaDriftKind.MessageData ? "Invoke-LettaSchemaFix -Kind MessageData" : "Invoke-LettaSchemaFix";
        return worst == LettaDriftSeverity.Breaks ? Finding.Fail(name, message, fix, detail) : Finding.Warn(name, message, fix, detail);
    }

    private static Finding Messages(HealthContext context, IReadOnlyList<LettaSchemaDrift> drifts) => drifts.Count == 0 && !context.IsDeep
        ? Finding.Skip("Messages", "The rows of messages are read with -Deep only.")
        : Judge("Messages", drifts, "No tool message of 0.11 is in danger or damaged.");

    private static string Describe(LettaSchemaDrift drift) => $"{drift.Kind} {drift.Table}{(drift.Table is null || drift.Table == drift.Name ? null : ".")}{(drift.Table == drift.Name ? null : drift.Name)}";

    private static bool IsSequence(LettaSchemaDrift drift) =>
        drift.Kind == LettaDriftKind.SequenceBehind
        || (drift.Kind == LettaDriftKind.MissingSequence && drift.Name == LettaNames.MessageSequence)
        || (drift.Kind is LettaDriftKind.MissingDefault or LettaDriftKind.DefaultDiffers && (drift.Table, drift.Name) is (LettaNames.Messages, LettaNames.SequenceId));
}
