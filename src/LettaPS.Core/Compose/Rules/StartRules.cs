using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Yaml;

namespace LettaPS.Core.Compose.Rules;

/// <summary>How the server is started, and started again.</summary>
internal static class StartRules
{
    /// <summary>What brings the schema up to date: the image's own start script, or what that script calls.</summary>
    private static readonly string[] s_migrators = ["startup.sh", "alembic"];

    public static IEnumerable<LettaComposeFinding> Examine(ComposeAudit audit) => audit.Letta.SelectMany(l => Bypass(l).Concat(Restart(l)));

    /// <summary>Whether the image's start script runs, which starts the embedded PostgreSQL where there is no other.</summary>
    public static bool RunsStartScript(ComposeService letta) => Override(letta) is null || letta.StartWords.Contains("startup.sh", StringComparison.Ordinal);

    private static IEnumerable<LettaComposeFinding> Bypass(ComposeService letta)
    {
        if (Override(letta) is { } setting && letta.StartWords is var said && !s_migrators.Any(m => said.Contains(m, StringComparison.Ordinal)))
        {
            var instead = said.Contains("create_all", StringComparison.Ordinal)
                ? " It calls create_all, which makes missing tables but never missing columns, and notes no revision."
                : string.Empty;
            yield return setting.Finding(
                letta,
                LettaComposeSeverity.Error,
                "StartScriptBypassed",
                "This replaces the image's start script, so that migrations never run: after an upgrade, columns are missing and clients get 409 and 500." + instead,
                "Remove it; the image's own command is ./letta/server/startup.sh. Whatever must run before can run and then 'exec ./letta/server/startup.sh'.");
        }
    }

    private static IEnumerable<LettaComposeFinding> Restart(ComposeService letta)
    {
        var policy = letta.Get("restart");
        var deploy = letta.Get("deploy")?.Node as YamlMapping;
        var limited = (deploy?.Find("restart_policy") as YamlMapping)?.Find("max_attempts") is not null;
        if (policy?.Value is "always" or "unless-stopped" or "on-failure" && !limited)
        {
            yield return policy.Finding(
                letta,
                LettaComposeSeverity.Warning,
                "RestartLoop",
                $"'restart: {policy.Value}' repeats a migration that fails again and again, and buries its message in the log.",
                "Use 'restart: on-failure:3'.");
        }
    }

    /// <summary>What replaces the start script. An entrypoint does too: with one, the image's own command no longer counts.</summary>
    private static ComposeSetting? Override(ComposeService letta) => letta.Get("entrypoint") ?? letta.Get("command");
}
