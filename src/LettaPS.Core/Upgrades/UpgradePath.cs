using LettaPS.Core.Releases;

namespace LettaPS.Core.Upgrades;

/// <summary>The migrations between two places in their chain, and what they do to a given database.</summary>
internal static class UpgradePath
{
    /// <summary>Time from which a migration counts as slow.</summary>
    public static TimeSpan Slow { get; } = TimeSpan.FromSeconds(5);

    /// <summary>The steps.</summary>
    /// <param name="from">Position of the last migration that has run.</param>
    /// <param name="to">Position of the last that is to run.</param>
    /// <param name="rows">Rows of the tables; <see langword="null"/> where they are not known.</param>
    public static IReadOnlyList<LettaUpgradeStep> Steps(int from, int to, IReadOnlyDictionary<string, long>? rows) =>
        [.. ReleaseCatalogue.Migrations.Skip(from + 1).Take(Math.Max(0, to - from)).Select(m => Step(m, rows))];

    private static LettaUpgradeStep Step(LettaMigration migration, IReadOnlyDictionary<string, long>? rows)
    {
        var facts = MigrationFacts.All.GetValueOrDefault(migration.Revision);
        var estimate = facts is null || rows is null ? (TimeSpan?)null : TimeSpan.FromSeconds(facts.Seconds * Scale(facts, rows));
        return new LettaUpgradeStep
        {
            Revision = migration.Revision,
            Release = migration.Release,
            Changes = migration.Changes,
            Warning = migration.Warning,
            Destroys = facts?.Drops ?? [],
            CanStrand = facts is { Commits: true } or { Concurrently: true },
            Estimate = estimate,
            IsSlow = estimate >= Slow,
        };
    }

    /// <summary>How many times as many rows the largest of its tables has as when it was recorded; those small then are taken for as they were.</summary>
    private static double Scale(MigrationFacts facts, IReadOnlyDictionary<string, long> rows) => facts.Tables
        .Where(MigrationFacts.RecordedRows.ContainsKey)
        .Select(t => rows.GetValueOrDefault(t) / (double)MigrationFacts.RecordedRows[t])
        .DefaultIfEmpty(1)
        .Max();
}
