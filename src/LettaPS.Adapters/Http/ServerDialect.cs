using LettaPS.Core.Releases;

namespace LettaPS.Adapters.Http;

/// <summary>What differs between the releases in the requests that LettaPS makes. Facts from the sources of each tag and from recordings of 0.11.3, 0.16.2 and 0.16.8.</summary>
internal sealed class ServerDialect
{
    private readonly Version _version;

    /// <summary>Knows a release.</summary>
    /// <param name="serverVersion">What the server says; where it is not a release's number, the server is taken for the newest.</param>
    public ServerDialect(string? serverVersion) =>
        _version = ReleaseCatalogue.TryVersion(serverVersion) ?? ReleaseCatalogue.All[^1].Version;

    /// <summary>Message lists take <c>order</c>; before 0.12.0 a page is always the newest before a cursor.</summary>
    public bool OrdersMessages => _version >= new Version(0, 12, 0);

    /// <summary>Message lists take <c>include_err</c> and <c>use_assistant_message</c>. All releases from 0.11.3 on do.</summary>
    public static string MessageView => "use_assistant_message=false&include_err=true";

    /// <summary>From 0.13.0 on, reading tool messages that 0.11 wrote changes them in the database (letta-facts.md 10.1).</summary>
    public bool DamagesOldToolMessages => _version >= new Version(0, 13, 0);

    /// <summary>Archives have addresses of their own.</summary>
    public bool HasArchives => _version >= new Version(0, 12, 0);

    /// <summary>Agents have conversations.</summary>
    public bool HasConversations => _version >= new Version(0, 16, 2);

    /// <summary>The files that an agent sees can be listed.</summary>
    public bool ListsFileViews => _version >= new Version(0, 11, 7);

    /// <summary>The export that gives the rows of messages as they are: up to 0.11.7 only the legacy one does (v2 fails above 50 messages there).</summary>
    public bool ExportsLegacy => _version < new Version(0, 12, 0);

    /// <summary>Query of the export.</summary>
    public string ExportQuery => ExportsLegacy ? "max_steps=1000000&use_legacy_format=true" : "use_legacy_format=false";

    /// <summary>Query that asks for exactly these parts of an agent's state; without it the answer depends on what the server takes the client for.</summary>
    /// <param name="everything">All parts, or those that a list shows.</param>
    public string Include(bool everything) => _version < new Version(0, 13, 0)
        ? Query("include_relationships", everything ? ["tags", "tools", "sources", "memory", "identity_ids", "multi_agent_group", "tool_exec_environment_variables"] : ["tags", "memory"])
        : Query("include", everything ? ["agent.tags", "agent.tools", "agent.sources", "agent.blocks", "agent.identities", "agent.managed_group", "agent.secrets"] : ["agent.tags", "agent.blocks"]);

    private static string Query(string name, string[] values) => string.Join('&', values.Select(v => $"{name}={v}"));
}
