using LettaPS.Core.Releases;
using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Schemas.Repair;
using LettaPS.SchemaCatalogue;
using LettaPS.TestKit;

namespace LettaPS.Core.Tests.Schemas;

/// <summary>Databases without PostgreSQL: recorded schemas as a reading would give them.</summary>
internal static class Snapshots
{
    public static DatabaseSnapshot Of(string catalog, int version = 150020, string? revision = null, SchemaModel? model = null) => new()
    {
        Server = new ServerFacts
        {
            VersionNumber = version,
            Role = "letta",
            ReadOnly = false,
            HasTables = true,
            Candidates = [new SchemaCandidate { Name = "public", Tables = 49, SearchPosition = 1, HasAlembicVersion = revision is not null }],
            Extensions = [new SchemaExtension { Name = "vector", Schema = "public", Version = "0.8.0" }],
            AvailableExtensions = [new SchemaExtension { Name = "vector", Version = "0.8.0" }],
        },
        Schema = "public",
        Revisions = revision is null ? [] : [revision],
        Model = model ?? CatalogReader.Read(LettaFixtures.Catalog(catalog)),
    };

    public static SchemaDiagnosis Diagnose(this DatabaseSnapshot snapshot, string? release = null) =>
        new(DatabaseAddress.Default, snapshot, release is null ? null : ReleaseCatalogue.Get(release));

    /// <summary>The model with one table changed.</summary>
    public static SchemaModel With(this SchemaModel model, string table, Func<SchemaTable, SchemaTable> change) =>
        model with { Tables = [.. model.Tables.Select(t => t.Name == table ? change(t) : t)] };
}
