using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LettaPS.Core.Json;

/// <summary>Reads of JSON that may lack what is asked for or have it in another type.</summary>
internal static class JsonElementExtensions
{
    /// <summary>A property that is a string, or <see langword="null"/>.</summary>
    /// <param name="element">The object.</param>
    /// <param name="name">The property.</param>
    public static string? StringOrNull(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    /// <summary>A property that is an object, or <see langword="null"/>.</summary>
    /// <param name="element">The object.</param>
    /// <param name="name">The property.</param>
    public static JsonElement? ObjectOrNull(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object
            ? value
            : null;

    /// <summary>The items of a property that is a list; none where it is not.</summary>
    /// <param name="element">The object.</param>
    /// <param name="name">The property.</param>
    public static IEnumerable<JsonElement> Items(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray()
            : [];

    /// <summary>The items of a property that is a list of strings; what is not a string is passed over.</summary>
    /// <param name="element">The object.</param>
    /// <param name="name">The property.</param>
    public static IEnumerable<string> Strings(this JsonElement element, string name) =>
        element.Items(name).Where(i => i.ValueKind == JsonValueKind.String).Select(i => i.GetString()!);

    /// <summary>A property that is a time in ISO 8601, in UTC where it names no zone, or <see langword="null"/>.</summary>
    /// <param name="element">The object.</param>
    /// <param name="name">The property.</param>
    public static DateTimeOffset? TimeOrNull(this JsonElement element, string name) =>
        DateTimeOffset.TryParse(element.StringOrNull(name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : null;

    /// <summary>Copies some properties of an object, as far as they are there and not null.</summary>
    /// <param name="element">The object.</param>
    /// <param name="names">Their names.</param>
    public static JsonObject Pick(this JsonElement element, params string[] names)
    {
        var picked = new JsonObject();
        foreach (var name in names)
        {
            if (element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                picked[name] = JsonValues.ToNode(value);
            }
        }

        return picked;
    }
}
