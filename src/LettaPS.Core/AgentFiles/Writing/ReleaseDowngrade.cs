using System.Text.Json;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;

namespace LettaPS.Core.AgentFiles.Writing;

/// <summary>Changes what the target's release would refuse, and notes what that costs.</summary>
internal static class ReleaseDowngrade
{
    /// <summary>Adapts an agent.</summary>
    /// <param name="target">The release.</param>
    /// <param name="gaps">Told what the target cannot have.</param>
    /// <param name="warnings">Told what was done.</param>
    public static void Adapt(AgentDocument document, AgentRecord agent, ReleaseCapabilities target, List<string> gaps, List<string> warnings)
    {
        if (!target.HasV1Agents && agent.Text("agent_type") == "letta_v1_agent")
        {
            agent.Fields["agent_type"] = JsonValues.ToElement("memgpt_v2_agent");
            gaps.Add($"agent_type: {target} has no letta_v1_agent; the agent became a memgpt_v2_agent.");
        }

        if (!target.HasApprovals && agent.Items("tool_rules").Any(IsApproval))
        {
            agent.Fields["tool_rules"] = JsonValues.ToElement(agent.Items("tool_rules").Where(r => !IsApproval(r)));
            gaps.Add($"tool_rules: {target} has no rules that ask for approval.");
        }

        if (document.Conversations > 0)
        {
            gaps.Add($"{document.Conversations} conversations: Letta's API cannot restore them. Their messages are in the agent's history. An export and a restore with -Source Database keep the conversations.");
        }

        AdaptBlocks(document, agent, target, warnings);
    }

    /// <summary>Leaves custom tools out, and the rules about them.</summary>
    /// <returns>The tools.</returns>
    public static HashSet<string> OmitTools(AgentDocument document, AgentRecord agent)
    {
        var omitted = document.Tools.Where(t => agent.ToolIds.Contains(t.FileId) && t.Value.StringOrNull("tool_type") is "custom" or null).ToList();
        var names = omitted.Select(t => t.Value.StringOrNull("name")).ToHashSet();
        agent.Fields["tool_rules"] = JsonValues.ToElement(agent.Items("tool_rules").Where(r => !names.Contains(r.StringOrNull("tool_name"))));
        return omitted.Select(t => t.FileId).ToHashSet(StringComparer.Ordinal);
    }

    private static bool IsApproval(JsonElement rule) => rule.StringOrNull("type") == "requires_approval";

    private static void AdaptBlocks(AgentDocument document, AgentRecord agent, ReleaseCapabilities target, List<string> warnings)
    {
        for (var i = 0; i < document.Blocks.Count; i++)
        {
            var part = document.Blocks[i];
            if (!agent.BlockIds.Contains(part.FileId) || part.Value.StringOrNull("value") is not { } value)
            {
                continue;
            }

            var label = part.Value.StringOrNull("label");
            var copy = JsonObjects.Copy(part.Value);
            if (value.Contains('\0', StringComparison.Ordinal))
            {
                value = value.Replace("\0", string.Empty, StringComparison.Ordinal);
                copy["value"] = value;
                warnings.Add($"The block '{label}' had characters U+0000, which PostgreSQL cannot store; they were left out.");
            }

            var length = value.EnumerateRunes().Count();
            if (target.ChecksBlockLimits && part.Value.TryGetProperty("limit", out var limit) && limit.ValueKind == JsonValueKind.Number && limit.TryGetInt32(out var most) && length > most)
            {
                copy["limit"] = length;
                warnings.Add($"The block '{label}' is longer than its limit of {most}, which {target} refuses; the limit became {length}.");
            }

            document.Blocks[i] = part with { Value = JsonValues.ToElement(copy) };
        }
    }
}
