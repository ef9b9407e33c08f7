using System.Text.Json;
using LettaPS.Core.Json;
using LettaPS.Core.Text;

namespace LettaPS.Core.AgentFiles.Reading;

/// <summary>
/// Puts right what Letta's own import stumbles over (letta-facts.md 3.3, 10.2): references to nothing, identifiers that are not of the form that it wants, no
/// system message in context. What was done is noted in the document.
/// </summary>
internal static class AgentDocumentRepair
{
    public static void Mend(AgentDocument document)
    {
        for (var i = 0; i < document.Agents.Count; i++)
        {
            var agent = document.Agents[i];
            agent.BlockIds = Existing(document, i, "block", agent.BlockIds, document.Blocks);
            agent.ToolIds = Existing(document, i, "tool", agent.ToolIds, document.Tools);
            agent.SourceIds = Existing(document, i, "source", agent.SourceIds, document.Sources);
            DropDoubleLabels(document, agent);
            KeepSystemInContext(document, agent);
        }
    }

    private static List<string> Existing(AgentDocument document, int index, string kind, List<string> ids, List<FilePart> parts)
    {
        var agent = document.Agents[index];
        var known = parts.Select(p => p.FileId).ToHashSet(StringComparer.Ordinal);
        var kept = ids.Where(known.Contains).Distinct(StringComparer.Ordinal).ToList();
        foreach (var id in ids.Where(i => !known.Contains(i)).Distinct(StringComparer.Ordinal))
        {
            document.AddProblem($"agents[{index}].{kind}_ids refers to the {kind} {UntrustedText.Shorten(id)}, which is not in the file.");
            document.Gaps.Add($"The {kind} {id} of '{agent.Name}' is not in the file.");
            document.Mended.Add($"The reference of '{agent.Name}' to the {kind} {id}, which is not in the file, was left out.");
        }

        return kept;
    }

    /// <summary>No server lets an agent have two blocks of one label.</summary>
    private static void DropDoubleLabels(AgentDocument document, AgentRecord agent)
    {
        var labels = new HashSet<string>(StringComparer.Ordinal);
        var parts = document.Blocks.ToDictionary(b => b.FileId, StringComparer.Ordinal);
        foreach (var id in agent.BlockIds.ToList())
        {
            var label = parts[id].Value.StringOrNull("label");
            if (label is null || !labels.Add(label))
            {
                agent.BlockIds.Remove(id);
                document.Gaps.Add($"The block {id} of '{agent.Name}': {(label is null ? "it has no label" : $"the agent has another with the label '{label}'")}.");
            }
        }
    }

    /// <summary>Servers take the first message in context for the system message and rewrite it; without any message there they refuse the agent's next turn.</summary>
    private static void KeepSystemInContext(AgentDocument document, AgentRecord agent)
    {
        var entries = agent.Messages.Entries;
        if (agent.InContext.Count > 0 && entries[agent.InContext[0]].Key.Role == MessageRole.System)
        {
            return;
        }

        var system = Enumerable.Range(0, entries.Count).FirstOrDefault(i => entries[i].Key.Role == MessageRole.System, -1);
        if (system < 0)
        {
            var time = agent.Fields.TryGetValue("created_at", out var created) && created.ValueKind == JsonValueKind.String && created.TryGetDateTimeOffset(out var t) ? t : DateTimeOffset.UnixEpoch;
            var row = MessageRow.FromExport(MessageRowNormalizer.System(agent.Text("system") ?? string.Empty, time));
            agent.Messages.Arrange([agent.Messages.Keep(Guid.Empty, row, rebuilt: true), .. entries]);
            agent.InContext = [.. agent.InContext.Select(i => i + 1)];
            system = 0;
            document.Mended.Add($"'{agent.Name}' had no system message; one was made of its system prompt.");
        }
        else
        {
            document.Mended.Add($"The system message of '{agent.Name}' was not in context; it is again.");
        }

        agent.InContext = [system, .. agent.InContext];
    }
}
