using System.Text.Json;
using System.Text.Json.Serialization;

namespace LettaPS.Sandbox.Store;

/// <summary>Reads a vector as PostgreSQL's pgvector writes it, a text in brackets, or as an array.</summary>
public sealed class VectorConverter : JsonConverter<float[]>
{
    public override float[]? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            ? JsonSerializer.Deserialize<float[]>(reader.GetString()!)
            : JsonSerializer.Deserialize<float[]>(ref reader);

    public override void Write(Utf8JsonWriter writer, float[] value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value);
}
