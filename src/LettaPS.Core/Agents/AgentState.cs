using System.Text.Json;
using LettaPS.Core.Json;

namespace LettaPS.Core.Agents;

/// <summary>Reads the parts of the agent state (<c>GET /v1/agents/{id}</c>) that changed places from release to release.</summary>
internal static class AgentState
{
    /// <summary>The memory blocks: under <c>memory</c> in every release, at the top as well from 0.14 on.</summary>
    public static IEnumerable<JsonElement> Blocks(JsonElement state)
    {
        var atTop = state.Items("blocks");
        return atTop.Any() || !state.TryGetProperty("memory", out var memory) ? atTop : memory.Items("blocks");
    }

    /// <summary>The environment variables: named <c>secrets</c> from 0.13 on, by their long name before and beside it.</summary>
    public static IEnumerable<JsonElement> Variables(JsonElement state)
    {
        var secrets = state.Items("secrets");
        return secrets.Any() ? secrets : state.Items("tool_exec_environment_variables");
    }

    /// <summary>The value of an environment variable, or <see langword="null"/> where the state has none.</summary>
    /// <remarks>Servers from 0.13 on show values that an older release stored as <c>&lt;encrypted&gt;</c> (letta-facts.md 10.2).</remarks>
    public static string? Value(JsonElement variable) => variable.StringOrNull("value") is { Length: > 0 } value and not "<encrypted>" ? value : null;

    /// <summary>The group that the agent manages, if any: renamed to <c>managed_group</c> in 0.13.</summary>
    public static JsonElement? Group(JsonElement state) => state.ObjectOrNull("managed_group") ?? state.ObjectOrNull("multi_agent_group");

    /// <summary>The identifiers of all agents of a group, its manager included.</summary>
    /// <param name="group">The group, as a server shows it.</param>
    public static IEnumerable<string> GroupAgentIds(JsonElement group)
    {
        var manager = group.StringOrNull("manager_agent_id");
        return manager is null ? group.Strings("agent_ids") : group.Strings("agent_ids").Append(manager);
    }
}
