using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.IO;
using LettaPS.Core.Json;
using LettaPS.Core.Sources;

namespace LettaPS.Core.Restores.Api;

/// <summary>Creates the groups of restored agents, once all of their agents are there.</summary>
internal sealed class GroupRestore(ApiRestoreContext context, ResourceCreator creator)
{
    private readonly HashSet<string> _tried = [];

    /// <summary>Creates the groups that are not there yet. One that fails does not stop the others.</summary>
    /// <returns>Why a group is missing, by the original identifiers of its agents.</returns>
    public async Task<ILookup<string, string>> RestoreAsync(IEnumerable<PlannedGroup> groups, CancellationToken cancellationToken)
    {
        var failures = new List<(string Agent, string Gap)>();
        foreach (var group in groups)
        {
            var lost = group.Members.Where(m => context.Journal.FindAgent(m) is null).ToList();
            string? gap = lost.Count > 0 ? $"The group {group.SourceId}: its agents {string.Join(", ", lost)} are not restored." : null;
            try
            {
                if (gap is null)
                {
                    await RestoreAsync(group, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (!ItemBoundary.EndsRun(e))
            {
                gap = $"The group {group.SourceId}: {e.Message}";
            }

            if (gap is not null)
            {
                failures.AddRange(group.Members.Select(m => (m, gap)));
            }
        }

        return failures.ToLookup(f => f.Agent, f => f.Gap);
    }

    private async Task RestoreAsync(PlannedGroup group, CancellationToken cancellationToken)
    {
        var ids = context.Journal.Ids;
        if (ids.Groups.TryGetValue(group.SourceId, out var known) && await context.Server.FindResourceAsync(ResourceKind.Group, known, cancellationToken).ConfigureAwait(false) is not null)
        {
            return;
        }

        if (!_tried.Add(group.SourceId))
        {
            return;
        }

        var manager = new JsonObject();
        foreach (var (name, value) in group.Manager())
        {
            manager[name] = JsonValues.ToNode(value);
        }

        if (group.ManagerId is { } managerId)
        {
            manager["manager_agent_id"] = ids.Agents[managerId];
        }

        var agents = group.AgentIds.Select(a => ids.Agents[a]).ToList();
        var properties = new JsonObject
        {
            ["agent_ids"] = new JsonArray([.. agents.Select(a => (JsonNode)a)]),
            ["description"] = group.Value.StringOrNull("description") ?? string.Empty,
            ["manager_config"] = manager,
        };

        // A run that was killed, or whose answer was lost, may have made it.
        var made = await creator.FindAsync(ResourceKind.Group, IsIt, cancellationToken).ConfigureAwait(false)
            ?? await creator.CreateAsync(ResourceKind.Group, properties, IsIt, cancellationToken).ConfigureAwait(false);
        if (group.ManagerId is { } sleeper && (string?)manager["manager_type"] == "sleeptime")
        {
            // Only now: without its group, the server would make another agent for it.
            await context.Server.UpdateResourceAsync(ResourceKind.Agent, ids.Agents[sleeper], new JsonObject { ["enable_sleeptime"] = true }, cancellationToken).ConfigureAwait(false);
        }

        context.Journal.SetGroup(group.SourceId, made.StringOrNull("id") ?? string.Empty);

        bool IsIt(JsonElement there) => there.StringOrNull("manager_type") == (string?)manager["manager_type"]
            && there.StringOrNull("manager_agent_id") == (string?)manager["manager_agent_id"]
            && agents.ToHashSet(StringComparer.Ordinal).SetEquals(there.Strings("agent_ids"));
    }
}
