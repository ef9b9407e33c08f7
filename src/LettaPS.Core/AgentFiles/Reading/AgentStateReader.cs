using System.Text.Json;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;

namespace LettaPS.Core.AgentFiles.Reading;

/// <summary>
/// Makes the model of an agent state, the answer of <c>GET /v1/agents/{id}</c>: everything but the text of its messages, passages and files. A document may hold
/// several, which can share blocks, tools and sources.
/// </summary>
internal sealed class AgentStateReader(AgentDocument document, AgentRecord agent, Dictionary<string, JsonElement> fields)
{
    public void Complete()
    {
        var state = JsonValues.ToElement(fields);
        document.Agents.Add(agent);
        agent.SourceId = EntityId.Require(state.StringOrNull("id"), "agent");
        document.Ids[agent.FileId] = agent.SourceId;
        agent.BlockIds = Parts("block", document.Blocks, Objects("blocks", fields.GetValueOrDefault("blocks")), Objects("memory.blocks", fields.GetValueOrDefault("memory") is { ValueKind: JsonValueKind.Object } memory && memory.TryGetProperty("blocks", out var inMemory) ? inMemory : default));
        agent.ToolIds = Parts("tool", document.Tools, Objects("tools", fields.GetValueOrDefault("tools")));
        agent.SourceIds = Parts("source", document.Sources, Objects("sources", fields.GetValueOrDefault("sources")));
        AddNew(document.Identities, state.Items("identities"));
        if (AgentState.Group(state) is { } group)
        {
            AddNew(document.Groups, [group]);
        }

        foreach (var (name, value) in fields.Where(f => !AgentFields.IsElsewhere(f.Key)))
        {
            agent.Fields[name] = value;
            agent.HasNoCompaction |= name == "compaction_settings" && value.ValueKind == JsonValueKind.Null;
        }

        agent.Fields["tool_exec_environment_variables"] = JsonValues.ToElement(AgentState.Variables(state)
            .Where(v => v.StringOrNull("key") is not null)
            .DistinctBy(v => v.StringOrNull("key"))
            .ToDictionary(v => v.StringOrNull("key")!, v => AgentState.Value(v) ?? string.Empty));
        NoteGaps(state);
        AddSystemMessage(state);
    }

    private static void AddNew(List<JsonElement> list, IEnumerable<JsonElement> items) =>
        list.AddRange(items.Where(i => i.ValueKind == JsonValueKind.Object && !list.Exists(l => l.StringOrNull("id") is { } id && id == i.StringOrNull("id"))).ToList());

    /// <summary>The gaps of a document belong to each of its agents; where there are several, they name theirs.</summary>
    private void Gap(string text) => document.Gaps.Add(agent.FileId == "agent-0" ? text : $"{agent.FileId}: {text}");

    private void NoteGaps(JsonElement state)
    {
        if (state.Items("message_ids").Count() is > 0 and var messages)
        {
            Gap($"{messages} messages: an agent state holds the identifiers of the messages in context, but no text, and of older messages nothing.");
        }

        Gap("Archival passages: an agent state holds none.");
        if (agent.SourceIds.Count > 0)
        {
            Gap($"The files of {agent.SourceIds.Count} sources: an agent state holds the names of sources only.");
        }

        if (state.Strings("identity_ids").Count() > state.Items("identities").Count())
        {
            Gap("Identities: this agent state holds their identifiers only.");
        }
    }

    /// <summary>Without any message in context a server refuses the agent's next turn (letta-facts.md 2.5).</summary>
    private void AddSystemMessage(JsonElement state)
    {
        var row = MessageRow.FromExport(MessageRowNormalizer.System(state.StringOrNull("system") ?? string.Empty, state.TimeOrNull("created_at") ?? DateTimeOffset.UnixEpoch));
        agent.Messages.Arrange([agent.Messages.Keep(Guid.Empty, row, rebuilt: true)]);
        agent.InContext = [0];
    }

    /// <summary>The objects of a list, and whether there was something else.</summary>
    private static (string Name, List<JsonElement> Objects, int Lost) Objects(string name, JsonElement list) => list.ValueKind switch
    {
        JsonValueKind.Array => (name, list.EnumerateArray().Where(i => i.ValueKind == JsonValueKind.Object).ToList(), list.EnumerateArray().Count(i => i.ValueKind != JsonValueKind.Object)),
        JsonValueKind.Null or JsonValueKind.Undefined => (name, [], 0),

        // ConvertTo-Json of PowerShell writes System.Object[] or @{…} for what lies deeper than its -Depth.
        _ => (name, [], 1),
    };

    /// <summary>Adds the items of the first list that was stored whole; what none has is a gap.</summary>
    private List<string> Parts(string kind, List<FilePart> parts, params (string Name, List<JsonElement> Objects, int Lost)[] lists)
    {
        var chosen = lists.OrderByDescending(l => l.Objects.Count).ThenBy(l => l.Lost).First();
        if (chosen.Lost > 0)
        {
            Gap($"{chosen.Lost} items of {chosen.Name}: the file has a text where the {kind}s should be. ConvertTo-Json of PowerShell cuts an agent off like that; it needs -Depth 100.");
        }

        var ids = new List<string>();
        foreach (var item in chosen.Objects)
        {
            var id = item.StringOrNull("id");
            var known = id is null ? null : parts.Find(p => document.Ids.GetValueOrDefault(p.FileId) == id)?.FileId;
            if (known is null)
            {
                known = $"{kind}-{parts.Count}";
                parts.Add(new FilePart(known, item));
                if (id is not null)
                {
                    document.Ids[known] = id;
                }
            }

            if (!ids.Contains(known))
            {
                ids.Add(known);
            }
        }

        return ids;
    }
}
