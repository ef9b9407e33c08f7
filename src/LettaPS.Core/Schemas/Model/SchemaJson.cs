using System.Text.Json;
using System.Text.Json.Serialization;

namespace LettaPS.Core.Schemas.Model;

/// <summary>How schemas are written as JSON: in the embedded catalogue, and by the query that reads a database. Every property is always there.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.Never)]
[JsonSerializable(typeof(SchemaModel))]
[JsonSerializable(typeof(SchemaTable))]
[JsonSerializable(typeof(SchemaEnum))]
[JsonSerializable(typeof(SchemaSequence))]
[JsonSerializable(typeof(SchemaExtension))]
[JsonSerializable(typeof(SchemaCatalogueData))]
[JsonSerializable(typeof(ServerFacts))]
[JsonSerializable(typeof(IReadOnlyList<TableFacts>))]
[JsonSerializable(typeof(CollationVersions))]
[JsonSerializable(typeof(IEnumerable<string>))]
internal sealed partial class SchemaJson : JsonSerializerContext
{
    /// <summary>Reads a document.</summary>
    /// <param name="json">The document.</param>
    public static T Read<T>(string json) => (T)JsonSerializer.Deserialize(json, typeof(T), Default)!;

    /// <summary>Writes a document.</summary>
    /// <param name="value">What it is to hold.</param>
    public static string Write<T>(T value) => JsonSerializer.Serialize(value, typeof(T), Default);
}
