using System.Globalization;
using System.Text.Json;

namespace LettaPS.Adapters.Tests.Postgres;

/// <summary>
/// In what two JSON values differ. Things in lists are told apart by their identifier, key, label or name where they have one, else by their place; nothing,
/// null and an empty list are the same, and so is a moment in two ways of writing.
/// </summary>
internal static class JsonDifferences
{
    private static readonly string[] s_keys = ["id", "key", "label", "name", "file_name"];

    /// <summary>The differences, each as the path without places, and what is there on both sides.</summary>
    public static IEnumerable<(string Path, string Expected, string Actual)> Between(JsonElement? expected, JsonElement? actual, string path = "")
    {
        if (IsNothing(expected) && IsNothing(actual))
        {
            return [];
        }

        if (expected is { ValueKind: JsonValueKind.Object } a && actual is { ValueKind: JsonValueKind.Object } b)
        {
            return a.EnumerateObject().Select(p => p.Name).Union(b.EnumerateObject().Select(p => p.Name))
                .SelectMany(name => Between(Property(a, name), Property(b, name), path.Length == 0 ? name : $"{path}.{name}"));
        }

        if (expected is { ValueKind: JsonValueKind.Array } list && actual is { ValueKind: JsonValueKind.Array } other)
        {
            var (left, right) = (ByKey(list), ByKey(other));
            return left.Keys.Union(right.Keys).SelectMany(key => Between(
                left.TryGetValue(key, out var x) ? x : null, right.TryGetValue(key, out var y) ? y : null, path + "[]"));
        }

        return Text(expected) == Text(actual) || (Moment(expected) is { } moment && moment == Moment(actual)) ? [] : [(path, Text(expected), Text(actual))];
    }

    private static DateTimeOffset? Moment(JsonElement? value) =>
        value is { ValueKind: JsonValueKind.String } v && v.TryGetDateTimeOffset(out var moment) ? moment : null;

    private static bool IsNothing(JsonElement? value) => value is not { } v || v.ValueKind == JsonValueKind.Null || (v.ValueKind == JsonValueKind.Array && v.GetArrayLength() == 0);

    private static JsonElement? Property(JsonElement value, string name) => value.TryGetProperty(name, out var property) ? property : null;

    private static Dictionary<string, JsonElement> ByKey(JsonElement list)
    {
        var found = new Dictionary<string, JsonElement>();
        foreach (var (item, place) in list.EnumerateArray().Select((item, i) => (item, i)))
        {
            var key = item.ValueKind == JsonValueKind.Object
                ? s_keys.Select(n => item.TryGetProperty(n, out var v) && v.ValueKind == JsonValueKind.String ? v.GetString() : null).FirstOrDefault(k => k is not null)
                : null;
            found[key ?? place.ToString(CultureInfo.InvariantCulture)] = item;
        }

        return found;
    }

    private static string Text(JsonElement? value) => value is { } v ? v.ValueKind == JsonValueKind.Number ? v.GetDouble().ToString(CultureInfo.InvariantCulture) : v.ToString() : string.Empty;
}
