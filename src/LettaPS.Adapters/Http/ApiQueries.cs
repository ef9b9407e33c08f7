using LettaPS.Core.Releases;

namespace LettaPS.Adapters.Http;

/// <summary>The parts of requests that differ between the releases. Which release takes which is in <see cref="ReleaseCapabilities"/>.</summary>
internal static class ApiQueries
{
    /// <summary>Message lists take <c>include_err</c> and <c>use_assistant_message</c>. All releases from 0.11.3 on do.</summary>
    public const string MessageView = "use_assistant_message=false&include_err=true";

    /// <summary>Query of the export.</summary>
    public static string Export(ReleaseCapabilities release) => release.ExportsLegacy ? "max_steps=1000000&use_legacy_format=true" : "use_legacy_format=false";

    /// <summary>Query that asks for exactly these parts of an agent's state; without it the answer depends on what the server takes the client for.</summary>
    /// <param name="release">The release of the server.</param>
    /// <param name="everything">All parts, or those that a list shows.</param>
    public static string Include(ReleaseCapabilities release, bool everything) => release.IncludesByPath
        ? Query("include", everything ? ["agent.tags", "agent.tools", "agent.sources", "agent.blocks", "agent.identities", "agent.managed_group", "agent.secrets"] : ["agent.tags", "agent.blocks"])
        : Query("include_relationships", everything ? ["tags", "tools", "sources", "memory", "identity_ids", "multi_agent_group", "tool_exec_environment_variables"] : ["tags", "memory"]);

    private static string Query(string name, string[] values) => string.Join('&', values.Select(v => $"{name}={v}"));
}
