// Makes src/LettaPS.Core/Schemas/schemas.json.br out of the recorded schemas in tests/LettaPS.TestKit/Fixtures/catalogs/alembic.
// Run it after adding a recording:  dotnet run --project tools/SchemaCatalogue
using System.IO.Compression;
using LettaPS.Core.Schemas;
using LettaPS.SchemaCatalogue;
using LettaPS.TestKit;

var target = Path.Combine(args.Length > 0 ? args[0] : "src/LettaPS.Core/Schemas", "schemas.json.br");
var data = CatalogueWriter.Merge([.. LettaFixtures.Releases.Select(r => (r, CatalogReader.Read(LettaFixtures.Catalog($"alembic/{r}"))))]);

using var file = File.Create(target);
using var brotli = new BrotliStream(file, CompressionLevel.SmallestSize);
using var writer = new StreamWriter(brotli);
writer.Write(SchemaJson.Write(data));
Console.WriteLine($"{target}: {data.Schemas.Count} schemas of {LettaFixtures.Releases.Count} releases, {data.Tables.Count} forms of tables");
