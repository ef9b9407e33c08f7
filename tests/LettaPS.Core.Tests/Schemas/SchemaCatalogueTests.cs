using System.IO.Compression;
using LettaPS.Core.Schemas.Model;
using LettaPS.SchemaCatalogue;
using LettaPS.TestKit;

namespace LettaPS.Core.Tests.Schemas;

public class SchemaCatalogueTests
{
    private static readonly IReadOnlyList<(string Release, SchemaModel Schema)> s_recorded =
        [.. LettaFixtures.Releases.Select(r => (r, CatalogReader.Read(LettaFixtures.Catalog($"alembic/{r}"))))];

    [Fact]
    public void What_is_embedded_gives_back_every_recorded_schema()
    {
        foreach (var (release, schema) in s_recorded)
        {
            Assert.Equal(SchemaJson.Write(schema), SchemaJson.Write(Core.Schemas.Model.SchemaCatalogue.Of(release)!.Model));
        }

        Assert.Equal(LettaFixtures.Releases, Core.Schemas.Model.SchemaCatalogue.All.SelectMany(s => s.Releases));
        Assert.Equal(13, Core.Schemas.Model.SchemaCatalogue.All.Count);
    }

    [Fact]
    public void What_is_embedded_is_what_the_generator_makes()
    {
        using var file = typeof(Core.Schemas.Model.SchemaCatalogue).Assembly.GetManifestResourceStream("schemas.json.br")!;
        using var reader = new StreamReader(new BrotliStream(file, CompressionMode.Decompress));

        Assert.Equal(SchemaJson.Write(CatalogueWriter.Merge(s_recorded)), reader.ReadToEnd());
    }

    [Fact]
    public void The_generator_loses_nothing_of_an_index_that_belongs_to_a_constraint()
    {
        // Such indexes are left out of the catalogue, since the constraint makes them: its columns must say all that there is.
        foreach (var (release, schema) in s_recorded)
        {
            foreach (var (name, facts) in LettaFixtures.Catalog($"alembic/{release}")["tables"]!.AsObject().Where(t => t.Key != "alembic_version"))
            {
                var table = schema.Table(name)!;
                foreach (var key in table.Uniques.Append(table.PrimaryKey).OfType<SchemaKey>())
                {
                    var index = facts!["indexes"]!.AsArray().Single(i => (string)i!["name"]! == key.Name)!;
                    var columns = string.Join(", ", key.Columns);
                    Assert.Equal($"CREATE UNIQUE INDEX {key.Name} ON public.{name} USING btree ({columns}){(key.NullsNotDistinct ? " NULLS NOT DISTINCT" : "")}", (string)index["def"]!);
                }
            }
        }
    }

    [Fact]
    public void No_default_uses_a_value_that_a_type_got_later()
    {
        // PostgreSQL forbids to use a value in the transaction that adds it to a type; the repair adds and uses in one.
        foreach (var schema in Core.Schemas.Model.SchemaCatalogue.All)
        {
            var enums = schema.Model.Enums.Select(e => e.Name).ToHashSet();
            Assert.DoesNotContain(schema.Model.Tables.SelectMany(t => t.Columns), c => enums.Contains(c.Type) && c.Default is not null);
        }
    }
}
