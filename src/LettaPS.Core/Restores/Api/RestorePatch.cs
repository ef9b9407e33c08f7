using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;

namespace LettaPS.Core.Restores.Api;

/// <summary>Finds the fields of an agent that its import forgot, which only a PATCH sets.</summary>
internal static class RestorePatch
{
    private static readonly string[] s_fields =
    [
        "description", "system", "tool_rules", "response_format", "timezone", "max_files_open", "per_file_view_window_char_limit", "message_buffer_autoclear",
        "project_id", "template_id", "base_template_id", "tags",
    ];

    /// <summary>What of a model's configuration is a setting of the agent; the rest tells where the model is, or is renamed from release to release.</summary>
    private static readonly string[] s_modelSettings =
    [
        "temperature", "max_tokens", "context_window", "enable_reasoner", "reasoning_effort", "max_reasoning_tokens", "effort", "frequency_penalty", "verbosity",
        "parallel_tool_calls",
    ];

    /// <summary>Settings of the model that file and server both have, and have differently.</summary>
    /// <param name="agent">The agent of the file.</param>
    /// <param name="state">The agent as the server shows it.</param>
    public static IEnumerable<string> ModelDifferences(AgentRecord agent, JsonElement state) =>
        agent.Config("llm_config") is { } config && state.ObjectOrNull("llm_config") is { } shown
            ? s_modelSettings.Where(n => config.TryGetProperty(n, out var value) && shown.TryGetProperty(n, out var there) && !JsonEquality.Of(value, there))
            : [];

    /// <summary>The fields that differ.</summary>
    /// <param name="agent">The agent of the file.</param>
    /// <param name="state">The agent as the server shows it after the import.</param>
    /// <param name="target">The release.</param>
    public static JsonObject Of(AgentRecord agent, JsonElement state, ReleaseCapabilities target)
    {
        var patch = new JsonObject();
        var fields = s_fields.AsEnumerable();
        fields = target.HasModelSettings ? fields.Append("model_settings") : fields;
        fields = target.HasCompactionSettings ? fields.Append("compaction_settings") : fields;
        foreach (var field in fields)
        {
            if (agent.Fields.TryGetValue(field, out var value) && value.ValueKind != JsonValueKind.Null
                && !JsonEquality.IsIn(value, state.TryGetProperty(field, out var shown) ? shown : default))
            {
                patch[field] = JsonValues.ToNode(value);
            }
        }

        if (ModelDifferences(agent, state).Any())
        {
            patch["llm_config"] = JsonValues.ToNode(agent.Config("llm_config")!.Value);
        }

        if (target.ImportsLegacy && agent.Config("tool_exec_environment_variables") is { } variables && variables.EnumerateObject().Any(v => v.Value.ValueKind == JsonValueKind.String && v.Value.GetString() is { Length: > 0 }))
        {
            // The legacy import takes names of variables, but no values.
            patch["tool_exec_environment_variables"] = JsonValues.ToNode(variables);
        }

        return patch;
    }
}
