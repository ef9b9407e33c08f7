using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Http;

namespace LettaPS.Sandbox.Api;

/// <summary>What of an agent's surroundings a request asks for.</summary>
internal static class RelationsQuery
{
    private static readonly string[] s_includes =
    [
        "agent.blocks", "agent.identities", "agent.managed_group", "agent.pending_approval", "agent.secrets", "agent.sources", "agent.tags",
        "agent.tools",
    ];

    /// <summary>
    /// What an answer about agents shows: on 0.16 nothing but what is asked for if the client is a 1.x SDK, which a missing User-Agent counts
    /// as; everything if it is not and asks for nothing.
    /// </summary>
    public static Relations Of(Call call)
    {
        var is016 = call.Release >= Release.V0162;
        var with = Relations.None;
        if (is016)
        {
            var number = 0;
            foreach (var include in call.QueryAll("include") ?? [])
            {
                with |= include switch
                {
                    "agent.blocks" => Relations.Memory,
                    "agent.identities" => Relations.Identities,
                    "agent.managed_group" => Relations.Group,
                    "agent.pending_approval" => Relations.PendingApproval,
                    "agent.secrets" => Relations.Secrets,
                    "agent.sources" => Relations.Sources,
                    "agent.tags" => Relations.Tags,
                    "agent.tools" => Relations.Tools,
                    _ => throw call.NotAmong(["query", "include", number], include, "enum", s_includes),
                };
                number++;
            }
        }

        if (call.QueryAll("include_relationships") is not { } relationships)
        {
            return is016 && IsSdk1(call) ? with : with | Relations.All;
        }

        foreach (var relationship in relationships)
        {
            with |= relationship switch
            {
                "tools" => Relations.Tools,
                "sources" => Relations.Sources,
                "memory" => Relations.Memory,
                "tags" => Relations.Tags,
                "identity_ids" => Relations.Identities,
                "multi_agent_group" => Relations.Group,
                "tool_exec_environment_variables" => Relations.Secrets,
                "secrets" when is016 => Relations.Secrets,
                _ => Relations.None,
            };
        }

        return with;
    }

    /// <summary>Whether the client is, or counts as, a 1.x SDK.</summary>
    public static bool IsSdk1(Call call)
    {
        if (call.Http.Request.Headers.ContainsKey("X-Stainless-Package-Version"))
        {
            return true;
        }

        var agent = call.Http.Request.Headers.UserAgent.ToString();
        var parts = agent.Split('/');
        return agent.Length == 0 || parts switch
        {
            ["letta-client", var version] => version.StartsWith("1.", StringComparison.Ordinal),
            ["@letta-ai", "letta-client", var version] => version.StartsWith("1.", StringComparison.Ordinal),
            _ => false,
        };
    }
}
