using CsCheck;
using LettaPS.Adapters.Postgres;
using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Schemas.Repair;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres;

public abstract class SchemaFixPropertyTests(int major)
{
    /// <summary>A distinct schema each, and all that can be taken away from it.</summary>
    private static readonly IReadOnlyList<(string Release, IReadOnlyList<string> Losses)> s_releases =
        [.. Core.Schemas.Model.SchemaCatalogue.All.Select(s => (s.Releases[^1], (IReadOnlyList<string>)[.. Losses(s.Model)]))];

    private static readonly Gen<(string Release, string[] Losses)> s_damage = Gen.Int[0, s_releases.Count - 1].SelectMany(
        release => Gen.Int[0, s_releases[release].Losses.Count - 1].Select(i => s_releases[release].Losses[i]).Array[1, 25].Select(losses => (s_releases[release].Release, losses)));

    [Fact]
    public async Task Whatever_is_taken_from_a_release_comes_back()
    {
        var server = await PostgresServer.GetAsync(major);

        await s_damage.SampleAsync(
            async damage =>
            {
                await using var database = await server.CreateLettaDatabaseAsync($"alembic/{damage.Release}");
                await using var schema = new SchemaDatabase(DatabaseAddress.Parse(database.Uri()));
                var doctor = new SchemaDoctor(schema);
                await database.ExecuteAsync(string.Join('\n', damage.Losses));

                await doctor.FixAsync(new SchemaFixOptions { Version = damage.Release });

                var left = (await doctor.CompareAsync(damage.Release, schemaOnly: false, default)).Drifts;
                Assert.Equal([LettaDriftKind.RevisionMissing], left.Select(d => d.Kind));
            },
            iter: 12,
            threads: 2,
            print: damage => $"{damage.Release}: {string.Join(' ', damage.Losses)}");
    }

    private static IEnumerable<string> Losses(SchemaModel model)
    {
        foreach (var table in model.Tables)
        {
            yield return $"DROP TABLE IF EXISTS {Sql.Id(table.Name)} CASCADE;";
            foreach (var column in table.Columns)
            {
                yield return $"ALTER TABLE IF EXISTS {Sql.Id(table.Name)} DROP COLUMN IF EXISTS {Sql.Id(column.Name)} CASCADE;";
                if (column.Default is not null)
                {
                    yield return IfThere(table.Name, column.Name, $"ALTER COLUMN {Sql.Id(column.Name)} DROP DEFAULT");
                }

                if (column.NotNull && table.PrimaryKey?.Columns.Contains(column.Name) != true)
                {
                    yield return IfThere(table.Name, column.Name, $"ALTER COLUMN {Sql.Id(column.Name)} DROP NOT NULL");
                }
            }

            foreach (var name in table.ForeignKeys.Select(f => f.Name).Concat(table.Uniques.Append(table.PrimaryKey).OfType<SchemaKey>().Select(k => k.Name)))
            {
                yield return $"ALTER TABLE IF EXISTS {Sql.Id(table.Name)} DROP CONSTRAINT IF EXISTS {Sql.Id(name)} CASCADE;";
            }

            foreach (var index in table.Indexes)
            {
                yield return $"DROP INDEX IF EXISTS {Sql.Id(index.Name)};";
            }
        }

        foreach (var sequence in model.Sequences)
        {
            yield return $"DROP SEQUENCE IF EXISTS {Sql.Id(sequence.Name)} CASCADE;";
        }
    }

    private static string IfThere(string table, string column, string change) =>
        $"DO $$ BEGIN ALTER TABLE IF EXISTS {Sql.Id(table)} {change}; EXCEPTION WHEN undefined_column THEN RAISE NOTICE '{column} is gone'; END $$;";
}

public class SchemaFixPropertyTests15() : SchemaFixPropertyTests(15);

public class SchemaFixPropertyTests17() : SchemaFixPropertyTests(17);
