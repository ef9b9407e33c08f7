using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Yaml;

namespace LettaPS.Core.Compose.Rules;

/// <summary>How the server is started, and started again.</summary>
internal static class StartRules
{
    public static IEnumerable<LettaComposeFinding> Examine(ComposeAudit audit) => audit.Letta.SelectMany(l => Bypass(audit, l).Concat(Restart(l)));

    /// <summary>Whether the image's start script runs, which starts the embedded PostgreSQL if there is no other.</summary>
    public static bool RunsStartScript(ComposeService letta) => letta.Start is null or { RunsStartScript: true };

    private static IEnumerable<LettaComposeFinding> Bypass(ComposeAudit audit, ComposeService letta)
    {
        if (letta.Start is not { Migrates: false } start || audit.Letta.Any(other => MigratesFor(other, letta)))
        {
            yield break;
        }

        var setting = (letta.Get("entrypoint") ?? letta.Get("command"))!;
        const string Fix = "Remove it; the image's own command is ./letta/server/startup.sh. What must run before it can run first and then 'exec ./letta/server/startup.sh'.";
        if (start.Unread is [var unread, ..] && !start.CreatesAll)
        {
            yield return setting.Finding(
                letta,
                LettaComposeSeverity.Warning,
                "StartScriptBypassed",
                $"This replaces the image's start script by '{unread}', which cannot be read here: if it does not run the migrations, columns are missing after an upgrade and clients get 409 and 500.",
                Fix);
            yield break;
        }

        var instead = start.CreatesAll ? " It calls create_all, which makes missing tables but never missing columns, and notes no revision." : string.Empty;
        yield return setting.Finding(
            letta,
            LettaComposeSeverity.Error,
            "StartScriptBypassed",
            "This replaces the image's start script, so that migrations never run: after an upgrade, columns are missing and clients get 409 and 500." + instead,
            Fix);
    }

    /// <summary>Whether another server migrates the same database, as it does for a worker.</summary>
    private static bool MigratesFor(ComposeService other, ComposeService letta) => other != letta
        && other.Start is null or { Migrates: true }
        && letta.Variable("LETTA_PG_URI") is { } uri && other.Variable("LETTA_PG_URI") is { } same
        && DatabaseUriRules.IsSameDatabase(PostgresUri.Parse(uri), PostgresUri.Parse(same));

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
}
