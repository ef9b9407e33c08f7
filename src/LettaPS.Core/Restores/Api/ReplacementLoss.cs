using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;
using LettaPS.Core.Sources;
using LettaPS.Core.Text;

namespace LettaPS.Core.Restores.Api;

/// <summary>
/// Finds what replacing an agent would lose because the file was written without it, or because it is left out of the restore. What the agent got after the file
/// was written is no loss: going back to the file is what replacing is for.
/// </summary>
/// <param name="document">The file.</param>
/// <param name="agent">The agent in it.</param>
/// <param name="leftOut">Parts of an agent that the file is without.</param>
/// <param name="options">What is left out of the restore.</param>
internal sealed class ReplacementLoss(AgentDocument document, AgentRecord agent, IReadOnlySet<string> leftOut, RestoreOptions options)
{
    private static readonly string[] s_needSnapshot = [AgentFilePart.History, AgentFilePart.Archive, AgentFilePart.Identities, AgentFilePart.Conversations];

    /// <summary>What would be lost, in words.</summary>
    public List<string> Lost { get; } = [];

    /// <summary>What is taken over from the old agent, in words.</summary>
    public List<string> TakenOver { get; } = [];

    /// <summary>Compares the old agent with the file. Values of environment variables that the file is without are taken over into the agent of the file.</summary>
    /// <param name="oldId">The old agent.</param>
    /// <param name="workFolder">Where long lists are kept.</param>
    public async Task FindAsync(ILettaServer server, string oldId, string workFolder, CancellationToken cancellationToken)
    {
        if (leftOut.Count == 0 && !options.NoArchive && !options.NoTool)
        {
            return;
        }

        if (await server.FindResourceAsync(ResourceKind.Agent, oldId, cancellationToken).ConfigureAwait(false) is not { } state)
        {
            return;
        }

        TakeSecretsOver(state);
        FindTools(state);
        if (!options.NoArchive && !leftOut.Overlaps(s_needSnapshot))
        {
            return;
        }

        var parts = new SnapshotOptions(workFolder, leftOut.Contains(AgentFilePart.History), options.NoArchive || leftOut.Contains(AgentFilePart.Archive), IncludeExport: false);
        using var old = await server.ReadAsync(oldId, parts, cancellationToken).ConfigureAwait(false);
        FindPassages(old);
        FindMessages(old);
        Find(AgentFilePart.Conversations, "conversations", old.Conversations.Count, document.Conversations);
        Find(AgentFilePart.Identities, "identities", old.Identities.Count, document.Identities.Count);
    }

    private void TakeSecretsOver(JsonElement old)
    {
        if (!leftOut.Contains(AgentFilePart.Secrets) || agent.Config("tool_exec_environment_variables") is not { } variables)
        {
            return;
        }

        var (values, taken) = (JsonObjects.Copy(variables), 0);
        foreach (var variable in AgentState.Variables(old))
        {
            if (variable.StringOrNull("key") is not { } key || variables.StringOrNull(key) is not { Length: 0 })
            {
                continue;
            }

            if (AgentState.Value(variable) is { } value)
            {
                values[key] = value;
                taken++;
            }
            else if (variable.StringOrNull("value") is { Length: > 0 })
            {
                Lost.Add($"The value of the environment variable {UntrustedText.Shorten(key)} of the agent that would be replaced: the file was written without it, and the server does not show it.");
            }
        }

        if (taken > 0)
        {
            agent.Fields["tool_exec_environment_variables"] = JsonValues.ToElement(values);
            TakenOver.Add($"The values of {taken} environment variables were taken over from the agent that was replaced: the file was written without them.");
        }
    }

    private void FindTools(JsonElement old)
    {
        if (!options.NoTool)
        {
            return;
        }

        var omitted = document.Tools.Where(t => agent.ToolIds.Contains(t.FileId) && t.Value.StringOrNull("tool_type") is "custom" or null).Select(t => t.Value.StringOrNull("name")).ToHashSet();
        if (old.Items("tools").Count(t => omitted.Contains(t.StringOrNull("name"))) is > 0 and var count)
        {
            Lost.Add($"{count} custom tools of the agent that would be replaced: -NoTool leaves them out.");
        }
    }

    private void FindPassages(AgentSnapshot old)
    {
        if (!options.NoArchive && !leftOut.Contains(AgentFilePart.Archive))
        {
            return;
        }

        var lost = PassageComparison.Missing(old.Passages.Read(), options.NoArchive ? [] : document.Passages.Read(), ReleaseCapabilities.Newest).Count();
        if (lost > 0)
        {
            Lost.Add(LossText.Passages(lost, options.NoArchive));
        }
    }

    private void FindMessages(AgentSnapshot old)
    {
        if (!leftOut.Contains(AgentFilePart.History))
        {
            return;
        }

        // The system message is rewritten with every change of the memory.
        var known = agent.Messages.Entries.Where(e => e.Key.Role != MessageRole.System).ToLookup(e => (e.Key.Role, e.Key.Second), e => e.Key);
        var written = document.ExportedAt?.ToUnixTimeSeconds() ?? (known.Count > 0 ? known.Max(k => k.Key.Second) : long.MaxValue);
        var lost = old.Messages.Entries.Count(e => e.Key.Role != MessageRole.System && e.Key.Second <= written && !known[(e.Key.Role, e.Key.Second)].Any(k => k.Matches(e.Key)));
        if (lost > 0)
        {
            Lost.Add(LossText.Messages(lost));
        }
    }

    private void Find(string part, string name, int had, int inFile)
    {
        if (leftOut.Contains(part) && had > 0 && inFile == 0)
        {
            Lost.Add($"{had} {name} of the agent that would be replaced: the file was written without them.");
        }
    }
}
