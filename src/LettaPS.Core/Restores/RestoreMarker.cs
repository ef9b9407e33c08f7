using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.Json;

namespace LettaPS.Core.Restores;

/// <summary>What <c>Restore-LettaAgent</c> notes in an agent's metadata, so that it is recognised later.</summary>
internal static class RestoreMarker
{
    /// <summary>Where an agent comes from, by its metadata.</summary>
    /// <param name="metadata">The metadata as JSON.</param>
    /// <returns>The identifier there, or <see langword="null"/> where there is no mark.</returns>
    public static string? SourceOf(string? metadata)
    {
        if (metadata is null)
        {
            return null;
        }

        using var json = JsonDocument.Parse(metadata);
        return json.RootElement.ValueKind == JsonValueKind.Object ? json.RootElement.ObjectOrNull(LettaAgent.RestoreMarker)?.StringOrNull("source_id") : null;
    }

    /// <summary>An agent's metadata with the mark.</summary>
    /// <param name="metadata">The metadata of the file.</param>
    /// <param name="sourceId">Where the agent comes from.</param>
    /// <param name="unfinished">Whether the restore is still under way.</param>
    public static JsonObject Put(JsonElement? metadata, string sourceId, bool unfinished)
    {
        var marked = metadata is { } given ? JsonObjects.Copy(given) : [];
        var mark = new JsonObject { ["source_id"] = sourceId };
        if (unfinished)
        {
            mark["unfinished"] = true;
        }

        marked[LettaAgent.RestoreMarker] = mark;
        return marked;
    }
}
