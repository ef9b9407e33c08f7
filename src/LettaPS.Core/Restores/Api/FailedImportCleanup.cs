using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;
using LettaPS.Core.Sources;

namespace LettaPS.Core.Restores.Api;

/// <summary>
/// Finds and removes what an import that failed has left on the server: an import is not one transaction there (letta-facts.md 2.5). Only what was not there
/// before the run, what the file describes and what no agent has is removed.
/// </summary>
internal sealed class FailedImportCleanup(ILettaServer server)
{
    private HashSet<string> _before = [];

    /// <summary>Notes what is there before the run.</summary>
    public async Task NoteAsync(CancellationToken cancellationToken)
    {
        var lists = await Task.WhenAll(((ResourceKind[])[ResourceKind.Block, ResourceKind.Tool, ResourceKind.Source]).Select(kind => server.ListResourcesAsync(kind, cancellationToken))).ConfigureAwait(false);
        _before = lists.SelectMany(l => l).Select(t => t.StringOrNull("id")).OfType<string>().ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Whether a thing was there before the run.</summary>
    /// <param name="id">Its identifier.</param>
    public bool WasThere(string id) => _before.Contains(id);

    /// <summary>Removes what the import of an agent left. Nothing else of the run may import meanwhile.</summary>
    /// <param name="document">The file.</param>
    /// <returns>Identifiers of what was removed.</returns>
    public async Task<IReadOnlyList<string>> RemoveAsync(AgentDocument document, AgentRecord agent, CancellationToken cancellationToken)
    {
        var removed = new List<string>();
        var unfinished = new List<LettaAgent>();
        await foreach (var left in server.ListAsync(AgentQuery.Usable, cancellationToken).ConfigureAwait(false))
        {
            if (left.RestoreUnfinished && left.SourceAgentId == agent.SourceId)
            {
                unfinished.Add(left);
            }
        }

        foreach (var left in unfinished)
        {
            await server.DeleteResourceAsync(ResourceKind.Agent, left.Id, cancellationToken).ConfigureAwait(false);
            removed.Add(left.Id);
        }

        await RemoveAsync(ResourceKind.Block, Described(document.Blocks, agent.BlockIds, Label), Label, removed, cancellationToken).ConfigureAwait(false);
        await RemoveAsync(ResourceKind.Source, Described(document.Sources, agent.SourceIds, Name), static s => UniqueSourceName.Own(Name(s)), removed, cancellationToken).ConfigureAwait(false);
        await RemoveToolsAsync(Described(document.Tools, agent.ToolIds, Name), removed, cancellationToken).ConfigureAwait(false);
        return removed;
    }

    /// <summary>Removes an agent with the blocks, sources and archives that are only its own.</summary>
    /// <param name="agentId">The agent.</param>
    /// <param name="target">The release.</param>
    public async Task RemoveAgentAsync(string agentId, ReleaseCapabilities target, CancellationToken cancellationToken)
    {
        if (await server.FindResourceAsync(ResourceKind.Agent, agentId, cancellationToken).ConfigureAwait(false) is not { } state)
        {
            return;
        }

        IEnumerable<JsonElement> archives = target.SharesArchives ? await server.ListArchivesAsync(agentId, cancellationToken).ConfigureAwait(false) : [];
        await server.DeleteResourceAsync(ResourceKind.Agent, agentId, cancellationToken).ConfigureAwait(false);
        foreach (var (kind, things) in new[] { (ResourceKind.Block, AgentState.Blocks(state)), (ResourceKind.Source, state.Items("sources")), (ResourceKind.Archive, archives) })
        {
            foreach (var id in things.Select(t => t.StringOrNull("id")).OfType<string>())
            {
                await RemoveUnusedAsync(kind, id, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Removes a block, source or archive, unless an agent has it.</summary>
    /// <param name="id">Its identifier.</param>
    /// <returns>Whether it is gone.</returns>
    public async Task<bool> RemoveUnusedAsync(ResourceKind kind, string id, CancellationToken cancellationToken)
    {
        if (await server.IsUsedAsync(kind, id, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        await server.DeleteResourceAsync(kind, id, cancellationToken).ConfigureAwait(false);
        return true;
    }

    private static HashSet<string> Described(List<FilePart> parts, List<string> ids, Func<JsonElement, string> key) =>
        parts.Where(p => ids.Contains(p.FileId)).Select(p => key(p.Value)).ToHashSet(StringComparer.Ordinal);

    private static string Label(JsonElement block) => $"{block.StringOrNull("label")}\0{block.StringOrNull("value")}";

    private static string Name(JsonElement thing) => thing.StringOrNull("name") ?? string.Empty;

    private async Task RemoveAsync(ResourceKind kind, HashSet<string> described, Func<JsonElement, string> key, List<string> removed, CancellationToken cancellationToken)
    {
        foreach (var thing in await server.ListResourcesAsync(kind, cancellationToken).ConfigureAwait(false))
        {
            if (thing.StringOrNull("id") is { } id && !_before.Contains(id) && (described.Contains(key(thing)) || described.Contains(Name(thing)))
                && await RemoveUnusedAsync(kind, id, cancellationToken).ConfigureAwait(false))
            {
                removed.Add(id);
            }
        }
    }

    private async Task RemoveToolsAsync(HashSet<string> described, List<string> removed, CancellationToken cancellationToken)
    {
        var left = (await server.ListResourcesAsync(ResourceKind.Tool, cancellationToken).ConfigureAwait(false))
            .Where(t => t.StringOrNull("id") is { } id && !_before.Contains(id) && described.Contains(Name(t)))
            .ToDictionary(t => t.StringOrNull("id")!, StringComparer.Ordinal);
        if (left.Count == 0)
        {
            return;
        }

        // Servers do not say who has a tool; the agents do.
        await foreach (var agent in server.ListAsync(AgentQuery.Usable, cancellationToken).ConfigureAwait(false))
        {
            if (await server.FindResourceAsync(ResourceKind.Agent, agent.Id, cancellationToken).ConfigureAwait(false) is { } state)
            {
                foreach (var tool in state.Items("tools").Select(t => t.StringOrNull("id")).OfType<string>())
                {
                    left.Remove(tool);
                }
            }
        }

        foreach (var id in left.Keys)
        {
            await server.DeleteResourceAsync(ResourceKind.Tool, id, cancellationToken).ConfigureAwait(false);
            removed.Add(id);
        }
    }
}
