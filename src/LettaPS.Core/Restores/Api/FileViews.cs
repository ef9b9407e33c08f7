using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Json;
using LettaPS.Core.Sources;

namespace LettaPS.Core.Restores.Api;

/// <summary>Which files an agent has open: an import opens as many as the agent may have open, whatever the file says (letta-facts.md 10.2).</summary>
internal static class FileViews
{
    /// <summary>Opens and closes files as the agent had them; closing comes first, so that no file is closed to make room.</summary>
    /// <param name="work">The agent.</param>
    /// <param name="found">The agent as the server shows it.</param>
    /// <returns>Whether anything was changed.</returns>
    public static async Task<bool> SetAsync(IAgentTarget server, AgentRestoreState work, AgentSnapshot found, CancellationToken cancellationToken)
    {
        var differences = Differences(work.Document, work.Agent, found);
        try
        {
            foreach (var (fileId, open) in differences.OrderBy(d => d.Open))
            {
                await server.SetFileOpenAsync(work.NewId!, fileId, open, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (LettaException e) when (e.IsServerRejection)
        {
            work.Warnings.Add($"Which files are open: {e.Message}");
        }

        return differences.Count > 0;
    }

    /// <summary>The files of the server that are open where the agent had them closed, or the other way round.</summary>
    /// <param name="document">The file.</param>
    /// <param name="agent">The agent in it.</param>
    /// <param name="found">The agent as the server shows it.</param>
    public static List<(string FileId, bool Open)> Differences(AgentDocument document, AgentRecord agent, AgentSnapshot found)
    {
        if (agent.FileViews.Count == 0 || found.FileViews.Count == 0)
        {
            return [];
        }

        var names = Names(document.Files.Read());
        var wanted = agent.FileViews
            .Where(v => v.TryGetProperty("is_open", out _) && names.ContainsKey(v.StringOrNull("file_id") ?? string.Empty))
            .DistinctBy(v => names[v.StringOrNull("file_id")!])
            .ToDictionary(v => names[v.StringOrNull("file_id")!], IsOpen, StringComparer.Ordinal);
        var shown = Names(found.Files.Read());
        return [.. found.FileViews
            .Select(v => (FileId: v.StringOrNull("file_id") ?? string.Empty, Open: IsOpen(v)))
            .Where(v => shown.TryGetValue(v.FileId, out var name) && wanted.TryGetValue(name, out var open) && open != v.Open)
            .Select(v => (v.FileId, !v.Open))];
    }

    private static bool IsOpen(JsonElement view) => view.TryGetProperty("is_open", out var open) && open.ValueKind == JsonValueKind.True;

    /// <summary>Names of files by their identifiers.</summary>
    private static Dictionary<string, string> Names(IEnumerable<JsonElement> files) => files
        .Where(f => f.StringOrNull("id") is not null)
        .DistinctBy(f => f.StringOrNull("id"))
        .ToDictionary(f => f.StringOrNull("id")!, f => f.StringOrNull("original_file_name") ?? f.StringOrNull("file_name") ?? string.Empty, StringComparer.Ordinal);
}
