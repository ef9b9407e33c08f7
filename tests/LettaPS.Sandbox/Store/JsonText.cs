using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LettaPS.Sandbox.Store;

/// <summary>How rows are read from and written as JSON: the column names of Letta's tables, nothing escaped that need not be.</summary>
public static class JsonText
{
    public static JsonSerializerOptions Rows { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowReadingFromString,
        RespectNullableAnnotations = true,
    };

    public static JsonWriterOptions Writer { get; } = new() { Encoder = Rows.Encoder, SkipValidation = true };

    /// <summary>An object without properties.</summary>
    public static JsonElement EmptyObject { get; } = Parse("{}");

    /// <summary>An array without items.</summary>
    public static JsonElement EmptyArray { get; } = Parse("[]");

    public static JsonElement Parse(string json) => JsonSerializer.Deserialize<JsonElement>(json);

    /// <summary>Any object of the framework's JSON kind as an element.</summary>
    public static JsonElement From(object? value) => JsonSerializer.SerializeToElement(value, Rows);

    public static JsonElement? Property(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static string? Text(this JsonElement element, string name) =>
        element.Property(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
}
