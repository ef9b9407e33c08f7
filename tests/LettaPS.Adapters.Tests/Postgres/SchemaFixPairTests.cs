using LettaPS.Adapters.Postgres;
using LettaPS.Core.Schemas.Repair;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres;

public abstract class SchemaFixPairTests(int major)
{
    /// <summary>Releases with the same schema are one here: 13 schemas stand for 20 releases, 78 pairs of them for all 190.</summary>
    private static readonly IReadOnlyList<string> s_schemas = [.. Core.Schemas.Model.SchemaCatalogue.All.Select(s => s.Releases[^1])];

    public static TheoryData<string> Origins =>
    [
        .. s_schemas.SkipLast(1).Select(r => $"alembic/{r}"),
        "create_all/0.11.3", "create_all/0.16.1", "create_all/0.16.2", "create_all/story-0.16.1-then-0.16.2", "official_image/0.11.3",
    ];

    [Theory]
    [MemberData(nameof(Origins))]
    public async Task A_database_of_a_release_is_brought_to_every_later_one(string origin)
    {
        var server = await PostgresServer.GetAsync(major);
        var from = origin.Split('/', '-')[^1];
        var own = Core.Schemas.Model.SchemaCatalogue.Of(from)!.Releases[^1];
        var targets = s_schemas.SkipWhile(r => r != own).Skip(origin.StartsWith("create_all", StringComparison.Ordinal) ? 0 : 1);

        await Parallel.ForEachAsync(targets, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (target, cancel) =>
        {
            await using var database = await server.CreateLettaDatabaseAsync(origin);
            await using var schema = new SchemaDatabase(DatabaseAddress.Parse(database.Uri()));
            var doctor = new SchemaDoctor(schema);

            var results = await doctor.FixAsync(new SchemaFixOptions { Version = target, AdoptAlembic = true }, cancel);

            var (report, left) = await doctor.CompareAsync(target, schemaOnly: false, cancel);
            Assert.DoesNotContain(left, d => d.Severity == LettaDriftSeverity.Breaks);
            Assert.DoesNotContain(left, d => d.IsFixable);
            Assert.All(left, d => Assert.True(d.Kind.ToString().StartsWith("Extra", StringComparison.Ordinal) || IsPrimaryKeyOfCreateAll(d), $"{origin} to {target}: {d}"));
            Assert.Contains(target, report.EquivalentReleases);
            Assert.NotNull(report.Revision);
            Assert.Contains(results, r => r is { Status: LettaSchemaFixStatus.Done, Kind: LettaDriftKind.RevisionMissing });
        });
    }

    /// <summary>create_all makes primary keys of fewer columns, and more defaults; neither is exchanged.</summary>
    private static bool IsPrimaryKeyOfCreateAll(LettaSchemaDrift drift) =>
        drift is { Kind: LettaDriftKind.ConstraintDiffers, Expected: { } expected } && expected.StartsWith("PRIMARY KEY", StringComparison.Ordinal)
        || drift is { Kind: LettaDriftKind.DefaultDiffers, Expected: null };
}

public class SchemaFixPairTests15() : SchemaFixPairTests(15);

public class SchemaFixPairTests17() : SchemaFixPairTests(17);
