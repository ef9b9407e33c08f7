using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Json;

namespace LettaPS.Core.AgentFiles;

/// <summary>
/// An archival passage as a backup holds it: all that the server says of it, but the vector as its 32-bit floats (little-endian, base64)
/// instead of 4,096 decimal numbers.
/// </summary>
internal static class PassageRow
{
    /// <summary>Writes a passage.</summary>
    /// <param name="passage">The passage as the server gives it.</param>
    /// <returns>The JSON object.</returns>
    public static ReadOnlyMemory<byte> FromApi(JsonElement passage)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, SnapshotFileWriter.WriterOptions))
        {
            writer.WriteStartObject();
            foreach (var property in passage.EnumerateObject())
            {
                if (property.Name == "embedding" && Vector(property.Value) is { } vector)
                {
                    WriteVector(writer, vector);
                }
                else
                {
                    property.WriteTo(writer);
                }
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>Writes the property <c>embedding</c>.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="vector">The numbers, with the zeros that the server pads every vector with.</param>
    public static void WriteVector(Utf8JsonWriter writer, ReadOnlySpan<float> vector)
    {
        var used = vector.Length;
        while (used > 0 && BitConverter.SingleToInt32Bits(vector[used - 1]) == 0)
        {
            used--;
        }

        var bytes = new byte[used * sizeof(float)];
        for (var i = 0; i < used; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), vector[i]);
        }

        writer.WriteStartObject("embedding"u8);
        writer.WriteString("encoding"u8, "float32-le-base64"u8);
        writer.WriteNumber("length"u8, vector.Length);
        writer.WriteBase64String("data"u8, bytes);
        writer.WriteEndObject();
    }

    /// <summary>The vector of a passage of a backup.</summary>
    /// <param name="passage">The passage, as <see cref="FromApi"/> wrote it.</param>
    /// <returns>The numbers, or <see langword="null"/> where it has none in that form.</returns>
    public static float[]? ReadVector(JsonElement passage)
    {
        if (passage.ObjectOrNull("embedding") is not { } embedding || embedding.StringOrNull("encoding") != "float32-le-base64")
        {
            return null;
        }

        var bytes = embedding.GetProperty("data").GetBytesFromBase64();
        var vector = new float[embedding.GetProperty("length").GetInt32()];
        for (var i = 0; i < bytes.Length / sizeof(float); i++)
        {
            vector[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * sizeof(float)));
        }

        return vector;
    }

    /// <summary>The numbers as 32-bit floats; <see langword="null"/> where that would change one of them.</summary>
    private static float[]? Vector(JsonElement embedding)
    {
        if (embedding.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        var vector = new float[embedding.GetArrayLength()];
        var i = 0;
        foreach (var number in embedding.EnumerateArray())
        {
            if (number.ValueKind != JsonValueKind.Number || !number.TryGetDouble(out var exact) || (float)exact != exact)
            {
                return null;
            }

            vector[i++] = (float)exact;
        }

        return vector;
    }
}
