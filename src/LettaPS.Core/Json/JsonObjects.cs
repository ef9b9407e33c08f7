using System.Text.Json;
using System.Text.Json.Nodes;

namespace LettaPS.Core.Json;

/// <summary>Makes objects that can be changed of objects that were read.</summary>
internal static class JsonObjects
{
    /// <summary>A copy. Where strangers gave a name twice the last one counts, as for Letta itself; <see cref="JsonObject.Create"/> would fail at the first use.</summary>
    /// <param name="value">An object.</param>
    public static JsonObject Copy(JsonElement value)
    {
        var copy = new JsonObject();
        foreach (var property in value.EnumerateObject())
        {
            copy[property.Name] = property.Value.ValueKind switch
            {
                JsonValueKind.Object => JsonObject.Create(property.Value),
                JsonValueKind.Array => JsonArray.Create(property.Value),
                JsonValueKind.Null => null,
                _ => JsonValue.Create(property.Value),
            };
        }

        return copy;
    }
}
