using LettaPS.Adapters.Postgres;
using LettaPS.Core.Connections;
using LettaPS.Core.Schemas;
using LettaPS.SchemaCatalogue;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres;

public abstract class SchemaReadingTests(int major)
{
    public static TheoryData<string> Catalogs =>
        [.. LettaFixtures.Releases.Select(r => $"alembic/{r}"), "create_all/0.11.3", "create_all/0.16.2", "create_all/story-0.16.1-then-0.16.2", "official_image/0.16.8"];

    [Theory]
    [MemberData(nameof(Catalogs))]
    public async Task What_is_read_from_a_database_is_what_was_recorded(string catalog)
    {
        var server = await PostgresServer.GetAsync(major);
        await using var database = await server.CreateLettaDatabaseAsync(catalog);
        await using var schema = new SchemaDatabase(DatabaseAddress.Parse(database.Uri()));

        var snapshot = await schema.ReadAsync(_ => [], default);

        var expected = CatalogReader.Read(LettaFixtures.Catalog(catalog)) with { Extensions = snapshot.Server.Extensions };
        Assert.Equal(SchemaJson.Write(expected), SchemaJson.Write(snapshot.Model));
    }
}

public class SchemaReadingTests15() : SchemaReadingTests(15);

public class SchemaReadingTests17() : SchemaReadingTests(17);
