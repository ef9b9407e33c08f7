using System.Text.Json;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;

namespace LettaPS.Core.Restores;

/// <summary>
/// Finds and removes what an import that failed has left on the server: an import is not one transaction there (facts.md 2.5). Only what was not there
/// before the run, what the file describes and what no agent has is removed.
/// </summary>
internal sealed class Debris(ILettaServer server)
{
    private HashSet<string> _before = [];

    /// <summary>Notes what is there before the run.</summary>
    /// <param name="cancel">Gives up.</param>
    public async Task NoteAsync(CancellationToken cancel)
    {
        var lists = await Task.WhenAll(((ThingKind[])[ThingKind.Block, ThingKind.Tool, ThingKind.Source]).Select(kind => server.ListThingsAsync(kind, cancel))).ConfigureAwait(false);
        _before = lists.SelectMany(l => l).Select(t => t.StringOrNull("id")).OfType<string>().ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Whether a thing was there before the run.</summary>
    /// <param name="id">Its identifier.</param>
    public bool WasThere(string id) => _before.Contains(id);

    /// <summary>Removes what the import of an agent left. Nothing else of the run may import meanwhile.</summary>
    /// <param name="document">The file.</param>
    /// <param name="agent">The agent.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>Identifiers of what was removed.</returns>
    public async Task<IReadOnlyList<string>> RemoveAsync(AgentDocument document, AgentRecord agent, CancellationToken cancel)
    {
        var removed = new List<string>();
        var unfinished = new List<LettaAgent>();
        await foreach (var left in server.ListAsync(AgentQuery.Usable, cancel).ConfigureAwait(false))
        {
            if (left.RestoreUnfinished && left.RestoredFrom == agent.SourceId)
            {
                unfinished.Add(left);
            }
        }

        foreach (var left in unfinished)
        {
            await server.DeleteThingAsync(ThingKind.Agent, left.Id, cancel).ConfigureAwait(false);
            removed.Add(left.Id);
        }

        await RemoveAsync(ThingKind.Block, Described(document.Blocks, agent.BlockIds, Label), Label, removed, cancel).ConfigureAwait(false);
        await RemoveAsync(ThingKind.Source, Described(document.Sources, agent.SourceIds, Name), static s => SourceName.Own(Name(s)), removed, cancel).ConfigureAwait(false);
        await RemoveToolsAsync(Described(document.Tools, agent.ToolIds, Name), removed, cancel).ConfigureAwait(false);
        return removed;
    }

    /// <summary>Removes an agent with the blocks, sources and archives that are only its own.</summary>
    /// <param name="agentId">The agent.</param>
    /// <param name="target">The release.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task RemoveAgentAsync(string agentId, TargetRelease target, CancellationToken cancel)
    {
        if (await server.FindThingAsync(ThingKind.Agent, agentId, cancel).ConfigureAwait(false) is not { } state)
        {
            return;
        }

        IEnumerable<JsonElement> archives = target.SharesArchives ? await server.ListArchivesAsync(agentId, cancel).ConfigureAwait(false) : [];
        await server.DeleteThingAsync(ThingKind.Agent, agentId, cancel).ConfigureAwait(false);
        foreach (var (kind, things) in new[] { (ThingKind.Block, AgentState.Blocks(state)), (ThingKind.Source, state.Items("sources")), (ThingKind.Archive, archives) })
        {
            foreach (var id in things.Select(t => t.StringOrNull("id")).OfType<string>())
            {
                await RemoveUnusedAsync(kind, id, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Removes a block, source or archive, unless an agent has it.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="id">Its identifier.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>Whether it is gone.</returns>
    public async Task<bool> RemoveUnusedAsync(ThingKind kind, string id, CancellationToken cancel)
    {
        if (await server.IsUsedAsync(kind, id, cancel).ConfigureAwait(false))
        {
            return false;
        }

        await server.DeleteThingAsync(kind, id, cancel).ConfigureAwait(false);
        return true;
    }

    private static HashSet<string> Described(List<FilePart> parts, List<string> ids, Func<JsonElement, string> key) =>
        parts.Where(p => ids.Contains(p.FileId)).Select(p => key(p.Value)).ToHashSet(StringComparer.Ordinal);

    private static string Label(JsonElement block) => $"{block.StringOrNull("label")}\0{block.StringOrNull("value")}";

    private static string Name(JsonElement thing) => thing.StringOrNull("name") ?? string.Empty;

    private async Task RemoveAsync(ThingKind kind, HashSet<string> described, Func<JsonElement, string> key, List<string> removed, CancellationToken cancel)
    {
        foreach (var thing in await server.ListThingsAsync(kind, cancel).ConfigureAwait(false))
        {
            if (thing.StringOrNull("id") is { } id && !_before.Contains(id) && (described.Contains(key(thing)) || described.Contains(Name(thing)))
                && await RemoveUnusedAsync(kind, id, cancel).ConfigureAwait(false))
            {
                removed.Add(id);
            }
        }
    }

    private async Task RemoveToolsAsync(HashSet<string> described, List<string> removed, CancellationToken cancel)
    {
        var left = (await server.ListThingsAsync(ThingKind.Tool, cancel).ConfigureAwait(false))
            .Where(t => t.StringOrNull("id") is { } id && !_before.Contains(id) && described.Contains(Name(t)))
            .ToDictionary(t => t.StringOrNull("id")!, StringComparer.Ordinal);
        if (left.Count == 0)
        {
            return;
        }

        // Servers do not say who has a tool; the agents do.
        await foreach (var agent in server.ListAsync(AgentQuery.Usable, cancel).ConfigureAwait(false))
        {
            if (await server.FindThingAsync(ThingKind.Agent, agent.Id, cancel).ConfigureAwait(false) is { } state)
            {
                foreach (var tool in state.Items("tools").Select(t => t.StringOrNull("id")).OfType<string>())
                {
                    left.Remove(tool);
                }
            }
        }

        foreach (var id in left.Keys)
        {
            await server.DeleteThingAsync(ThingKind.Tool, id, cancel).ConfigureAwait(false);
            removed.Add(id);
        }
    }
}
