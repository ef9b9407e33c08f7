using System.Text.Json;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;

namespace LettaPS.Core.Restores.Api;

/// <summary>Finds the passages of a file that an agent does not have yet.</summary>
internal static class PassageComparison
{
    /// <summary>The passages that are missing.</summary>
    /// <param name="wanted">Passages of the file.</param>
    /// <param name="there">Passages that the server shows.</param>
    /// <param name="target">The release.</param>
    /// <remarks>
    /// They are recognised by text, tags and second. Up to 0.11.4 the server cuts long texts and gives them its own time: there a text is taken to be there
    /// when a passage begins it.
    /// </remarks>
    public static IEnumerable<JsonElement> Missing(IEnumerable<JsonElement> wanted, IEnumerable<JsonElement> there, ReleaseCapabilities target)
    {
        var known = there.GroupBy(p => Key(p, target)).ToDictionary(g => g.Key, g => g.Count());
        var pieces = target.KeepsPassagesWhole ? [] : known.Keys.Where(k => k.Length > 0).ToList();
        foreach (var passage in wanted)
        {
            var key = Key(passage, target);
            if (known.TryGetValue(key, out var count) && count > 0)
            {
                known[key] = count - 1;
            }
            else if (!pieces.Exists(p => key.StartsWith(p, StringComparison.Ordinal)))
            {
                yield return passage;
            }
        }
    }

    private static string Key(JsonElement passage, ReleaseCapabilities target) => target.KeepsPassagesWhole
        ? $"{passage.TimeOrNull("created_at")?.ToUnixTimeSeconds()}\0{string.Join('\u0001', passage.Strings("tags").Order(StringComparer.Ordinal))}\0{passage.StringOrNull("text")}"
        : passage.StringOrNull("text") ?? string.Empty;
}
