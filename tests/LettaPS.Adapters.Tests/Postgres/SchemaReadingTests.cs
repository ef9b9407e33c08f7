using LettaPS.Adapters.Postgres;
using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Schemas.Repair;
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

        var snapshot = await schema.ReadAsync(_ => [], TimeSpan.FromSeconds(5), default);

        var expected = CatalogReader.Read(LettaFixtures.Catalog(catalog)) with { Extensions = snapshot.Server.Extensions };
        Assert.Equal(SchemaJson.Write(expected), SchemaJson.Write(snapshot.Model));
    }

    [Fact]
    public async Task A_comparison_takes_four_round_trips_also_through_a_tunnel()
    {
        var server = await PostgresServer.GetAsync(major);
        await using var database = await server.CreateLettaDatabaseAsync("create_all/story-0.16.1-then-0.16.2");
        var tunnel = new RelayTunnel();
        await using (var schema = new SchemaDatabase(DatabaseAddress.Parse(database.Uri()).Through(tunnel)))
        {
            var doctor = new SchemaDoctor(schema);
            await doctor.CompareAsync("0.16.2", schemaOnly: false, default);
            tunnel.TakeRoundTrips();

            await doctor.CompareAsync("0.16.2", schemaOnly: false, default);

            Assert.InRange(tunnel.TakeRoundTrips(), 1, 4);
        }

        Assert.Equal(0, tunnel.Open);
    }

    [Fact]
    public async Task A_comparison_writes_nothing_and_reads_rows_only_where_it_may()
    {
        var server = await PostgresServer.GetAsync(major);
        await using var database = await server.CreateLettaDatabaseAsync("alembic/0.16.8", stamped: true);
        await database.ExecuteAsync($"""
            DO $$ BEGIN CREATE ROLE nobody LOGIN PASSWORD '{PostgresServer.Password}'; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
            GRANT SELECT ON alembic_version TO nobody; ALTER DATABASE {database.Name} SET default_transaction_read_only = on;
            """);
        await using var schema = new SchemaDatabase(DatabaseAddress.Parse(database.Uri("nobody")));

        var e = await Assert.ThrowsAsync<LettaException>(() => new SchemaDoctor(schema).CompareAsync("0.16.8", schemaOnly: false, default));
        var (report, drifts) = await new SchemaDoctor(schema).CompareAsync("0.16.8", schemaOnly: true, default);

        Assert.Equal("DatabaseDenied", e.ErrorId);
        Assert.Contains("-SchemaOnly", e.RecommendedAction, StringComparison.Ordinal);
        Assert.Empty(drifts);
        Assert.Equal(("1c28e167b74f", "0.16.7", LettaSchemaBuilder.Alembic), (report.Revision, report.RevisionRelease, report.Builder));
    }

    [Theory]
    [InlineData("letta", "wrong", "DatabaseDenied")]
    [InlineData("stranger", PostgresServer.Password, "DatabaseDenied")]
    public async Task A_role_that_may_not_in_is_told_so_without_its_password(string role, string password, string errorId)
    {
        var server = await PostgresServer.GetAsync(major);
        await using var database = await server.CreateDatabaseAsync();
        var address = new DatabaseAddress("127.0.0.1", server.Port, database.Name, role, password);
        await using var schema = new SchemaDatabase(address);

        var e = await Assert.ThrowsAsync<LettaException>(() => schema.ReadAsync(_ => [], TimeSpan.FromSeconds(5), default));

        Assert.Equal(errorId, e.ErrorId);
        Assert.DoesNotContain(password, e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_told_from_a_server_that_is_not_there()
    {
        var server = await PostgresServer.GetAsync(major);
        await using var noDatabase = new SchemaDatabase(new DatabaseAddress("127.0.0.1", server.Port, "missing", "letta", PostgresServer.Password));
        await using var noServer = new SchemaDatabase(new DatabaseAddress("127.0.0.1", 1, "letta", "letta", "letta"));

        Assert.Equal("DatabaseNotFound", (await Assert.ThrowsAsync<LettaException>(() => noDatabase.ReadAsync(_ => [], TimeSpan.FromSeconds(5), default))).ErrorId);
        Assert.Equal("DatabaseUnreachable", (await Assert.ThrowsAsync<LettaException>(() => noServer.ReadAsync(_ => [], TimeSpan.FromSeconds(5), default))).ErrorId);
    }

    [Fact]
    public async Task A_parameter_of_the_address_without_sense_is_refused_and_one_of_another_driver_ignored()
    {
        var server = await PostgresServer.GetAsync(major);
        await using var database = await server.CreateDatabaseAsync();
        await using var senseless = new SchemaDatabase(DatabaseAddress.Parse(database.Uri() + "?sslmode=perhaps"));
        await using var foreign = new SchemaDatabase(DatabaseAddress.Parse(database.Uri() + "?ssl=disable&prepared_statement_cache_size=0"));

        Assert.Equal("InvalidDatabaseUri", (await Assert.ThrowsAsync<LettaException>(() => senseless.ReadAsync(_ => [], TimeSpan.FromSeconds(5), default))).ErrorId);
        Assert.Null((await foreign.ReadAsync(_ => [], TimeSpan.FromSeconds(5), default)).Schema);
    }
}

public class SchemaReadingTests15() : SchemaReadingTests(15);

public class SchemaReadingTests17() : SchemaReadingTests(17);
