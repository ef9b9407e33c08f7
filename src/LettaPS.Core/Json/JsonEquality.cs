using System.Text.Json;

namespace LettaPS.Core.Json;

/// <summary>Whether two values say the same: a property that is missing says the same as one that is null, 1 the same as 1.0.</summary>
internal static class JsonEquality
{
    public static bool Of(JsonElement a, JsonElement b) => (a.ValueKind, b.ValueKind) switch
    {
        (JsonValueKind.Object, JsonValueKind.Object) => Names(a).Union(Names(b)).All(n => Of(Get(a, n), Get(b, n))),
        (JsonValueKind.Array, JsonValueKind.Array) => a.GetArrayLength() == b.GetArrayLength() && a.EnumerateArray().Zip(b.EnumerateArray()).All(p => Of(p.First, p.Second)),
        (JsonValueKind.Number, JsonValueKind.Number) => a.GetDouble().Equals(b.GetDouble()),
        (JsonValueKind.String, JsonValueKind.String) => a.GetString() == b.GetString(),
        (JsonValueKind.Null or JsonValueKind.Undefined, JsonValueKind.Null or JsonValueKind.Undefined) => true,
        _ => a.ValueKind == b.ValueKind,
    };

    /// <summary>Whether everything that one says is in the other, which may say more.</summary>
    /// <param name="part">What must be said.</param>
    /// <param name="whole">Where.</param>
    public static bool IsIn(JsonElement part, JsonElement whole) => part.ValueKind == JsonValueKind.Object && whole.ValueKind == JsonValueKind.Object
        ? Names(part).All(n => IsIn(Get(part, n), Get(whole, n)))
        : part.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined || Of(part, whole);

    private static IEnumerable<string> Names(JsonElement value) => value.EnumerateObject().Where(p => p.Value.ValueKind != JsonValueKind.Null).Select(p => p.Name);

    private static JsonElement Get(JsonElement value, string name) => value.TryGetProperty(name, out var property) ? property : default;

    /// <summary>A text without regard to what is null.</summary>
    public static bool Text(JsonElement a, JsonElement b, string name) => (a.StringOrNull(name) ?? string.Empty) == (b.StringOrNull(name) ?? string.Empty);
}
