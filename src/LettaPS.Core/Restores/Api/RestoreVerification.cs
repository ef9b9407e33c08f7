using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;

namespace LettaPS.Core.Restores.Api;

/// <summary>Compares an agent as a server shows it with the file that it was restored from. What it finds are the gaps of the result.</summary>
/// <param name="document">The file.</param>
/// <param name="agent">The agent in it.</param>
/// <param name="target">The release.</param>
/// <param name="identities">Its identities: their identifiers in the file and on the server.</param>
/// <param name="found">The agent as the server shows it.</param>
internal sealed class RestoreVerification(AgentDocument document, AgentRecord agent, ReleaseCapabilities target, IReadOnlyDictionary<string, string> identities, AgentSnapshot found)
{
    private readonly List<string> _gaps = [];

    /// <summary>Compares everything but passages.</summary>
    /// <param name="omittedTools">Tools that were left out on purpose.</param>
    /// <returns>What is not as in the file, in words.</returns>
    public IReadOnlyList<string> Compare(IReadOnlySet<string> omittedTools, CancellationToken cancellationToken)
    {
        CompareAgent();
        CompareBlocks();
        CompareTools(omittedTools);
        CompareSources();
        CompareMessages(cancellationToken);
        return _gaps;
    }

    private void CompareAgent()
    {
        var state = found.State;
        if ((state.StringOrNull("name") ?? string.Empty) != agent.Name)
        {
            _gaps.Add($"The name: the server shows '{state.StringOrNull("name")}'.");
        }

        foreach (var field in (string[])["system", "description", "agent_type", "timezone"])
        {
            if (agent.Text(field) is { Length: > 0 } text && state.StringOrNull(field) != text)
            {
                _gaps.Add($"{field}: the server shows another text.");
            }
        }

        foreach (var field in (string[])["llm_config", "embedding_config", "compaction_settings", "response_format"])
        {
            if (agent.Config(field) is { } config && !JsonEquality.IsIn(Essential(field, config), state.TryGetProperty(field, out var shown) ? shown : default))
            {
                _gaps.Add(field == "compaction_settings" && !target.HasCompactionSettings ? $"compaction_settings: {target} has none." : $"{field}: the server shows other settings.");
            }
        }

        if (RestorePatch.ModelDifferences(agent, state).ToList() is { Count: > 0 } settings)
        {
            _gaps.Add($"llm_config: the server shows another {string.Join(", ", settings)}.");
        }

        if (!HasRules(agent.Items("tool_rules").ToList(), state.Items("tool_rules").ToList()))
        {
            _gaps.Add("tool_rules: the server shows other rules.");
        }

        if (!agent.Items("tags").Select(t => t.ToString()).ToHashSet().SetEquals(found.Agent.Tags))
        {
            _gaps.Add($"The tags: the server shows {string.Join(", ", found.Agent.Tags)}.");
        }

        var keys = agent.Config("tool_exec_environment_variables") is { } variables ? variables.EnumerateObject().Select(v => v.Name).ToHashSet() : [];
        if (!keys.SetEquals(AgentState.Variables(state).Select(v => v.StringOrNull("key")!)))
        {
            _gaps.Add("The environment variables: the server shows others.");
        }
        else if (agent.Config("tool_exec_environment_variables") is { } values && AgentState.Variables(state).Any(v => IsOther(values, v)))
        {
            _gaps.Add("The environment variables: the server shows other values.");
        }

        if (agent.Fields.TryGetValue("hidden", out var hidden) && hidden.ValueKind == JsonValueKind.True && !found.Agent.IsHidden)
        {
            _gaps.Add($"hidden: {target} does not let an imported agent be hidden.");
        }
    }

    /// <summary>What of a configuration decides how the agent works; the rest is filled in and renamed from release to release.</summary>
    private static JsonElement Essential(string field, JsonElement config)
    {
        string[] names = field switch
        {
            "llm_config" => ["model", "model_endpoint_type", "model_endpoint", "context_window", "handle", "temperature", "max_tokens"],
            "embedding_config" => ["embedding_model", "embedding_endpoint", "embedding_endpoint_type", "embedding_dim", "handle"],
            "compaction_settings" => ["mode", "prompt", "sliding_window_percentage", "model"],
            _ => ["type"],
        };
        return JsonValues.ToElement(config.EnumerateObject().Where(p => names.Contains(p.Name)).ToDictionary(p => p.Name, p => p.Value));
    }

    /// <summary>Whether each rule of the file is one of the server's, which fills in the prompt of a rule and may say more of it. Each counts once.</summary>
    private static bool HasRules(List<JsonElement> wanted, List<JsonElement> shown)
    {
        if (wanted.Count != shown.Count)
        {
            return false;
        }

        return wanted.TrueForAll(rule =>
        {
            var said = JsonValues.ToElement(rule.EnumerateObject().Where(p => p.Name != "prompt_template").DistinctBy(p => p.Name).ToDictionary(p => p.Name, p => p.Value));
            var at = shown.FindIndex(there => JsonEquality.IsIn(said, there));
            if (at >= 0)
            {
                shown.RemoveAt(at);
            }

            return at >= 0;
        });
    }

    private void CompareBlocks()
    {
        var shown = AgentState.Blocks(found.State).ToLookup(b => b.StringOrNull("label") ?? string.Empty);
        var parts = document.Blocks.ToDictionary(b => b.FileId, StringComparer.Ordinal);
        foreach (var block in agent.BlockIds.Select(i => parts[i].Value))
        {
            var label = block.StringOrNull("label")!;
            if (shown[label].FirstOrDefault() is not { ValueKind: JsonValueKind.Object } there)
            {
                _gaps.Add($"The block '{label}': the server does not show it.");
            }
            else if (!JsonEquality.Text(block, there, "value") || !JsonEquality.Text(block, there, "description")
                || (block.TryGetProperty("limit", out var limit) && !JsonEquality.Of(limit, there.GetProperty("limit")))
                || IsTrue(block, "read_only") != IsTrue(there, "read_only"))
            {
                _gaps.Add($"The block '{label}': the server shows another value, description, limit or read_only.");
            }
        }
    }

    /// <summary>Files without secrets have empty values; so have answers of servers that do not show them.</summary>
    private static bool IsOther(JsonElement values, JsonElement shown) =>
        values.StringOrNull(shown.StringOrNull("key")!) is { Length: > 0 } value && AgentState.Value(shown) is { Length: > 0 } there && value != there;

    private static bool IsTrue(JsonElement thing, string name) => thing.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private void CompareTools(IReadOnlySet<string> omitted)
    {
        var shown = found.State.Items("tools").ToLookup(t => t.StringOrNull("name") ?? string.Empty);
        var parts = document.Tools.ToDictionary(t => t.FileId, StringComparer.Ordinal);
        var wanted = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tool in agent.ToolIds.Where(i => !omitted.Contains(i)).Select(i => parts[i].Value))
        {
            var name = tool.StringOrNull("name") ?? string.Empty;
            wanted.Add(name);
            if (shown[name].FirstOrDefault() is not { ValueKind: JsonValueKind.Object } there)
            {
                _gaps.Add($"The tool '{name}': the agent does not have it.");
            }
            else if (tool.StringOrNull("tool_type") is "custom" or null && !JsonEquality.Text(tool, there, "source_code"))
            {
                _gaps.Add($"The tool '{name}': the server has one of that name with other source code, which was kept. -OverwriteTool replaces it.");
            }
        }

        if (shown.Where(t => !wanted.Contains(t.Key)).Select(t => t.Key).ToList() is { Count: > 0 } added)
        {
            _gaps.Add($"The server gave the agent tools that the file does not have: {string.Join(", ", added)}.");
        }
    }

    private void CompareSources()
    {
        var shown = found.Sources.Select(s => s.StringOrNull("name") ?? string.Empty).ToList();
        var parts = document.Sources.ToDictionary(s => s.FileId, StringComparer.Ordinal);
        foreach (var source in agent.SourceIds.Select(i => parts[i]))
        {
            var name = source.Value.StringOrNull("name") ?? string.Empty;
            if (!shown.Exists(s => UniqueSourceName.IsOf(s, name)))
            {
                _gaps.Add($"The source '{name}': the agent does not have it.");
            }
        }

        var files = found.Files.Read().Select(f => f.StringOrNull("original_file_name") ?? f.StringOrNull("file_name")).ToHashSet();
        var wanted = document.Files.Read().Where(f => agent.SourceIds.Contains(f.StringOrNull("source_id") ?? string.Empty)).Select(f => f.StringOrNull("original_file_name") ?? f.StringOrNull("file_name")).ToList();
        if (wanted.Count(f => !files.Contains(f)) is > 0 and var lost)
        {
            _gaps.Add($"{lost} of {wanted.Count} files: {(target.ImportsLegacy ? $"the import of {target} takes none" : "the server does not show them")}.");
        }

        if (!target.ImportsLegacy && FileViews.Differences(document, agent, found).Count is > 0 and var views)
        {
            _gaps.Add($"{views} files: the server does not let them be open or closed as in the file.");
        }
    }

    private void CompareMessages(CancellationToken cancellationToken)
    {
        var adaptation = new MessageDowngrade(target, identities);
        var places = new Dictionary<int, int>();
        var shown = found.Messages.Entries;
        var (next, different, firstDifferent, otherSenders) = (0, 0, -1, 0);
        for (var i = 0; i < agent.Messages.Entries.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var bytes = agent.Messages.Row(agent.Messages.Entries[i]);
            var row = adaptation.Adapt(bytes) ?? JsonValues.Parse(bytes);
            if (MessageText.IsHidden(row))
            {
                continue;
            }

            places[i] = next;
            if (next < shown.Count && !IsSame(row, shown[next]))
            {
                different++;
                firstDifferent = firstDifferent < 0 ? i : firstDifferent;
            }
            else if (next < shown.Count && HasOtherSender(row, shown[next]))
            {
                otherSenders++;
            }

            next++;
        }

        if (next != shown.Count)
        {
            _gaps.Add($"Messages: the file holds {next}, the server shows {shown.Count}.");
        }

        if (different > 0)
        {
            _gaps.Add($"{different} messages: the server shows another role, time or text, first of message {firstDifferent} of the file.");
        }

        if (otherSenders > 0)
        {
            _gaps.Add($"{otherSenders} messages: the server shows another sender.");
        }

        CompareContext(places);
    }

    /// <summary>Rows of Letta's own exports do not say who sent a message, and neither does every answer.</summary>
    private bool HasOtherSender(JsonElement row, MessageEntry shown) =>
        row.StringOrNull("sender_id") is { } sender
        && JsonValues.Parse(found.Messages.Row(shown)).StringOrNull("sender_id") is { } there
        && sender != there;

    private void CompareContext(Dictionary<int, int> places)
    {
        var there = found.Messages.Entries.Select((e, i) => (e.Id, i)).ToDictionary(p => p.Id, p => p.i);
        var expected = agent.InContext.Where(places.ContainsKey).Select(i => places[i]);
        var shown = found.InContext.Where(there.ContainsKey).Select(id => there[id]);
        if (found.InContext.Count != agent.InContext.Count || !expected.SequenceEqual(shown))
        {
            _gaps.Add($"The messages in context: the file has {agent.InContext.Count}, the server {found.InContext.Count}, or others.");
        }
    }

    private bool IsSame(JsonElement row, MessageEntry shown)
    {
        if (!MessageRow.FromExport(row).Key.Matches(shown.Key))
        {
            return false;
        }

        var expected = MessageText.Of(row);
        var there = MessageText.Of(JsonValues.Parse(found.Messages.Row(shown)));
        return expected is null || there is null || expected == there;
    }
}
