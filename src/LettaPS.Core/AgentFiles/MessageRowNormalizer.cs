using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.Json;

namespace LettaPS.Core.AgentFiles;

/// <summary>Puts rows of messages right that an import would refuse.</summary>
internal static class MessageRowNormalizer
{
    /// <summary>A row whose content is a list of parts, as imports demand it.</summary>
    /// <param name="row">The row; its content may be a text, nothing, or in the property <c>text</c> of old releases.</param>
    public static JsonElement WithContent(JsonElement row)
    {
        if (row.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.Array)
        {
            return row;
        }

        var copy = JsonObjects.Copy(row);
        var text = content.ValueKind == JsonValueKind.String ? content.GetString() : row.StringOrNull("text");
        copy.Remove("text");
        copy["content"] = text is null ? [] : new JsonArray(Text(text));
        return JsonValues.ToElement(copy);
    }

    /// <summary>A system message.</summary>
    public static JsonElement System(string text, DateTimeOffset time) => JsonValues.ToElement(new JsonObject
    {
        ["type"] = "message",
        ["role"] = "system",
        ["content"] = new JsonArray(Text(text)),
        ["created_at"] = JsonSerializer.SerializeToNode(time),
    });

    internal static JsonObject Text(string text) => new() { ["type"] = "text", ["text"] = text };
}
