// Makes src/LettaPS.Core/Schemas/schemas.json.br out of the recorded schemas in tests/LettaPS.TestKit/Fixtures/catalogs/alembic, and
// src/LettaPS.Core/Upgrades/migrations.json out of the recorded migrations in tools/SchemaCatalogue/migrations.json.gz.
// Run it after adding a recording:  dotnet run --project tools/SchemaCatalogue
using System.IO.Compression;
using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Upgrades;
using LettaPS.SchemaCatalogue;
using LettaPS.TestKit;

var target = Path.Combine(args.Length > 0 ? args[0] : "src/LettaPS.Core/Schemas", "schemas.json.br");
var data = CatalogueWriter.Merge([.. LettaFixtures.Releases.Select(r => (r, CatalogReader.Read(LettaFixtures.Catalog($"alembic/{r}"))))]);

using var file = File.Create(target);
using var brotli = new BrotliStream(file, CompressionLevel.SmallestSize);
using var writer = new StreamWriter(brotli);
writer.Write(SchemaJson.Write(data));
Console.WriteLine($"{target}: {data.Schemas.Count} schemas of {LettaFixtures.Releases.Count} releases, {data.Tables.Count} forms of tables");

var migrations = Path.Combine(args.Length > 1 ? args[1] : "src/LettaPS.Core/Upgrades", "migrations.json");
using var recorded = new GZipStream(File.OpenRead("tools/SchemaCatalogue/migrations.json.gz"), CompressionMode.Decompress);
var facts = MigrationWriter.Condense(recorded);
File.WriteAllText(migrations, MigrationJson.Write(facts));
Console.WriteLine($"{migrations}: {facts.Count} migrations");
