using System.Text.Json;

namespace LettaPS.Core.AgentFiles;

/// <summary>What writers of agent files have in common.</summary>
internal static class AgentFileJson
{
    /// <summary>Writes a list of texts.</summary>
    public static void WriteTexts(this Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    /// <summary>Writes a list of values.</summary>
    public static void WriteElements(this Utf8JsonWriter json, string name, IEnumerable<JsonElement> values, CancellationToken cancellationToken = default)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            cancellationToken.ThrowIfCancellationRequested();
            value.WriteTo(json);
        }

        json.WriteEndArray();
    }

    /// <summary>Copies those of some properties that an object has.</summary>
    public static void CopyFields(this Utf8JsonWriter json, JsonElement from, string[] fields)
    {
        foreach (var field in fields)
        {
            if (from.TryGetProperty(field, out var value))
            {
                json.WritePropertyName(field);
                value.WriteTo(json);
            }
        }
    }

    /// <summary>Writes a list of objects with an identifier and some of their properties.</summary>
    public static void WriteParts(this Utf8JsonWriter json, string name, IEnumerable<(string Id, JsonElement Value)> parts, string[] fields)
    {
        json.WriteStartArray(name);
        foreach (var (id, value) in parts)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, id);
            json.CopyFields(value, fields);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
