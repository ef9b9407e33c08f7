using System.Text.Json;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>What agents get without asking: the tools of their kind, the rules of these tools, the tools for files.</summary>
internal static class BaseTools
{
    private static readonly string[] s_files = ["open_files", "grep_files", "semantic_search_files"];
    private static readonly string[] s_first = ["memory", "memory_apply_patch", "core_memory_append", "core_memory_replace"];
    private static readonly string[] s_sleeptime = ["memory_replace", "memory_insert", "memory_rethink", "memory_finish_edits"];

    /// <summary>The names of the tools of a kind of agent.</summary>
    public static string[] Of(string agentType, bool sleeptime) => agentType switch
    {
        "voice_sleeptime_agent" => ["store_memories", "rethink_user_memory", "finish_rethinking_memory"],
        "voice_convo_agent" => ["send_message", "search_memory"],
        "sleeptime_agent" => s_sleeptime,
        _ when sleeptime => ["send_message", "conversation_search", "archival_memory_search"],
        "memgpt_v2_agent" => ["send_message", "conversation_search", "memory_insert", "memory_replace"],
        "letta_v1_agent" => ["conversation_search", "memory_insert", "memory_replace"],
        "react_agent" or "workflow_agent" => [],
        _ => ["send_message", "conversation_search", .. s_first],
    };

    /// <summary>
    /// The rules that are added to an agent's own: if asked for, for sleeptime agents, and otherwise if the model's provider (0.11) or name
    /// (0.16) is not among those that do without.
    /// </summary>
    public static JsonElement Rules(Release release, JsonElement request, string agentType, bool sleeptime, IEnumerable<string> tools)
    {
        JsonElement[] own = request.Property("tool_rules") is { ValueKind: JsonValueKind.Array } given ? [.. given.EnumerateArray()] : [];
        var asked = request.Property("include_base_tool_rules") is { ValueKind: JsonValueKind.True or JsonValueKind.False } flag ? flag.GetBoolean() : (bool?)null;
        if (asked is null && agentType == "letta_v1_agent" && !sleeptime && own.Length == 0)
        {
            asked = false;
        }

        var config = request.Property("llm_config");
        return asked ?? (agentType == "sleeptime_agent" || NeedsRules(release, config?.Text("model_endpoint_type"), config?.Text("model") ?? string.Empty))
            ? JsonText.From(own.Concat(tools.Select(Rule).OfType<JsonElement>()).ToArray())
            : JsonText.From(own);
    }

    /// <summary>Gives an agent the tools for files that it lacks.</summary>
    public static void AddFileTools(SandboxState state, AgentRow agent)
    {
        var missing = state.Tools.Where(t => s_files.Contains(t.Name) && !agent.ToolIds.Contains(t.Id));
        agent.ToolIds.AddRange(missing.Select(t => t.Id));
    }

    private static bool NeedsRules(Release release, string? endpoint, string model) => release >= Release.V0162
        ? model.Contains("mini", StringComparison.Ordinal)
            || !(model.Contains("claude-4-sonnet", StringComparison.Ordinal) || model.Contains("claude-3-5-sonnet", StringComparison.Ordinal)
                || model.Contains("gpt-5", StringComparison.Ordinal) || model.Contains("gemini-2.5-pro", StringComparison.Ordinal))
        : endpoint is not ("anthropic" or "openai" or "google_ai" or "google_vertex");

    private static JsonElement? Rule(string tool) => tool switch
    {
        "send_message" or "send_message_to_agent_async" or "memory_finish_edits" => JsonText.From(new { tool_name = tool, type = "exit_loop" }),
        "conversation_search" or "archival_memory_insert" or "archival_memory_search" => JsonText.From(new { tool_name = tool, type = "continue_loop" }),
        _ when s_first.Contains(tool) || s_sleeptime.Contains(tool) => JsonText.From(new { tool_name = tool, type = "continue_loop" }),
        _ => null,
    };
}
