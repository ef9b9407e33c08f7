using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LettaPS.Core.Json;

/// <summary>
/// Converts JSON values between their forms at any depth that <see cref="JsonStreamReader"/> reads. The defaults of System.Text.Json end at 64 levels: what was
/// read could then not be written or read again.
/// </summary>
internal static class JsonValues
{
    /// <summary>Deeper than any document read, so that a value that was read can always be put into another one.</summary>
    internal const int MaxDepth = 4 * JsonStreamReader.MaxDepth;

    private static readonly JsonReaderOptions s_reading = new() { MaxDepth = MaxDepth };

    private static readonly JsonSerializerOptions s_serializing = new() { MaxDepth = MaxDepth };

    /// <summary>Reads a value.</summary>
    /// <param name="json">Its text in UTF-8.</param>
    public static JsonElement Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, s_reading);
        var value = JsonElement.ParseValue(ref reader);
        return reader.Read() ? throw new JsonException("The document goes on after its end.") : value;
    }

    /// <summary>Reads a value.</summary>
    /// <param name="json">Its text.</param>
    public static JsonElement Parse(string json) => Parse(Encoding.UTF8.GetBytes(json));

    /// <summary>Makes a value of an object.</summary>
    /// <typeparam name="T">The type of the object.</typeparam>
    /// <param name="value">The object.</param>
    public static JsonElement ToElement<T>(T value) => JsonSerializer.SerializeToElement(value, s_serializing);

    /// <summary>Writes an object in UTF-8.</summary>
    /// <typeparam name="T">The type of the object.</typeparam>
    /// <param name="value">The object.</param>
    public static byte[] ToUtf8<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, s_serializing);

    /// <summary>Makes a node that can be changed of a value.</summary>
    public static JsonNode? ToNode(JsonElement value) => JsonNode.Parse(value.GetRawText(), documentOptions: new JsonDocumentOptions { MaxDepth = MaxDepth });
}
