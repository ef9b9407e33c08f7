using System.Text.Json;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;

namespace LettaPS.Core.AgentFiles.Reading;

/// <summary>Makes the model of a raw agent state, the answer of <c>GET /v1/agents/{id}</c>: everything but the text of its messages, passages and files.</summary>
internal sealed class AgentStateReader(AgentDocument document, AgentRecord agent, Dictionary<string, JsonElement> fields, Func<string, LettaException> invalid)
{
    public void Complete()
    {
        var state = JsonSerializer.SerializeToElement(fields);
        document.Agents.Add(agent);
        agent.SourceId = EntityId.Require(state.StringOrNull("id"), "agent");
        document.Ids[agent.FileId] = agent.SourceId;
        document.Blocks = Parts("block", AgentState.Blocks(state));
        document.Tools = Parts("tool", state.Items("tools"));
        document.Sources = Parts("source", state.Items("sources"));
        agent.BlockIds = [.. document.Blocks.Select(b => b.FileId)];
        agent.ToolIds = [.. document.Tools.Select(t => t.FileId)];
        agent.SourceIds = [.. document.Sources.Select(s => s.FileId)];
        document.Identities.AddRange(state.Items("identities"));
        if (AgentState.Group(state) is { } group)
        {
            document.Groups.Add(group);
        }

        foreach (var name in AgentFields.Imported.Concat(AgentFields.Patched).Append("name").Append("metadata"))
        {
            if (fields.TryGetValue(name, out var value))
            {
                agent.Fields[name] = value;
                agent.HasNoCompaction |= name == "compaction_settings" && value.ValueKind == JsonValueKind.Null;
            }
        }

        agent.Fields["tool_exec_environment_variables"] = JsonSerializer.SerializeToElement(AgentState.Variables(state)
            .Where(v => v.StringOrNull("key") is not null)
            .DistinctBy(v => v.StringOrNull("key"))
            .ToDictionary(v => v.StringOrNull("key")!, v => AgentState.Value(v) ?? string.Empty));
        NoteGaps(state);
        AddSystemMessage(state);
    }

    private void NoteGaps(JsonElement state)
    {
        if (state.Items("message_ids").Count() is > 0 and var messages)
        {
            document.Gaps.Add($"{messages} messages: an agent state holds the identifiers of the messages in context, but no text, and of older messages nothing.");
        }

        document.Gaps.Add("Archival passages: an agent state holds none.");
        if (document.Sources.Count > 0)
        {
            document.Gaps.Add($"The files of {document.Sources.Count} sources: an agent state holds the names of sources only.");
        }

        if (state.Strings("identity_ids").Count() > document.Identities.Count)
        {
            document.Gaps.Add("Identities: this agent state holds their identifiers only.");
        }
    }

    /// <summary>Without any message in context a server refuses the agent's next turn (facts.md 2.5).</summary>
    private void AddSystemMessage(JsonElement state)
    {
        var row = MessageRow.FromExport(MessageRowNormalizer.System(state.StringOrNull("system") ?? string.Empty, state.TimeOrNull("created_at") ?? DateTimeOffset.UnixEpoch));
        agent.Messages.Arrange([agent.Messages.Keep(Guid.Empty, row, rebuilt: true)]);
        agent.InContext = [0];
    }

    private List<FilePart> Parts(string kind, IEnumerable<JsonElement> items)
    {
        var parts = new List<FilePart>();
        foreach (var item in items)
        {
            var fileId = $"{kind}-{parts.Count}";
            if (item.ValueKind != JsonValueKind.Object)
            {
                throw invalid($"one of the {kind}s is not an object");
            }

            parts.Add(new FilePart(fileId, item));
            if (item.StringOrNull("id") is { } id)
            {
                document.Ids[fileId] = id;
            }
        }

        return parts;
    }
}
