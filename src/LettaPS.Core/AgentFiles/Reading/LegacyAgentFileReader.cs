using System.Text.Json;
using LettaPS.Core.Json;

namespace LettaPS.Core.AgentFiles.Reading;

/// <summary>Makes the model of the legacy file of 0.11: one agent with its blocks and tools inline, messages without identifiers.</summary>
internal sealed class LegacyAgentFileReader(AgentDocument document, AgentRecord agent, Dictionary<string, JsonElement> fields, Func<string, LettaException> invalid)
{
    private static readonly HashSet<string> s_structural = ["core_memory", "tools", "tags", "tool_exec_environment_variables", "metadata_", "multi_agent_group", "version", "created_at", "updated_at"];

    public void Complete(List<int> inContext)
    {
        document.Agents.Add(agent);
        document.Blocks = [.. Objects("core_memory").Select((b, i) => new FilePart($"block-{i}", Renamed(b, "metadata_", "metadata")))];
        agent.BlockIds = [.. document.Blocks.Select(b => b.FileId)];
        document.Tools = [.. Objects("tools").Select((t, i) => new FilePart($"tool-{i}", t))];
        agent.ToolIds = [.. document.Tools.Select(t => t.FileId)];
        foreach (var (name, value) in fields)
        {
            if (!s_structural.Contains(name))
            {
                agent.Fields[name] = value;
            }
        }

        agent.Fields["tags"] = JsonValues.ToElement(Objects("tags").Select((t, i) => t.StringOrNull("tag") ?? throw invalid($"tags[{i}].tag is not a text")));
        agent.Fields["tool_exec_environment_variables"] = JsonValues.ToElement(Objects("tool_exec_environment_variables")
            .Select((v, i) => (Key: v.StringOrNull("key") ?? throw invalid($"tool_exec_environment_variables[{i}].key is not a text"), Value: v.StringOrNull("value") ?? string.Empty))
            .DistinctBy(v => v.Key)
            .ToDictionary(v => v.Key, v => v.Value));
        if (fields.TryGetValue("metadata_", out var metadata) && metadata.ValueKind == JsonValueKind.Object)
        {
            agent.Fields["metadata"] = metadata;
        }

        if (fields.TryGetValue("multi_agent_group", out var group) && group.ValueKind == JsonValueKind.Object)
        {
            document.Gaps.Add("The group of the agent: the legacy file does not hold its other agents.");
        }

        agent.InContext = [.. inContext.Where(i => i >= 0 && i < agent.Messages.Entries.Count)];
        if (agent.InContext.Count < inContext.Count)
        {
            document.AddProblem("in_context_message_indices refers to a message that is not in the file.");
            document.Gaps.Add($"{inContext.Count - agent.InContext.Count} of the {inContext.Count} messages in context are not in the file.");
        }
    }

    private IEnumerable<JsonElement> Objects(string name) => !fields.TryGetValue(name, out var list) || list.ValueKind == JsonValueKind.Null
        ? []
        : list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Select((item, i) => item.ValueKind == JsonValueKind.Object ? item : throw invalid($"{name}[{i}] is not an object"))
            : throw invalid($"{name} is not a list");

    private static JsonElement Renamed(JsonElement item, string from, string to)
    {
        var copy = JsonObjects.Copy(item);
        if (copy.Remove(from, out var value))
        {
            copy[to] = value;
        }

        return JsonValues.ToElement(copy);
    }
}
