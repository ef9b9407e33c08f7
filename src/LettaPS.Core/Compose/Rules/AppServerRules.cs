using LettaPS.Core.Servers;

namespace LettaPS.Core.Compose.Rules;

/// <summary>What keeps an App Server of Letta Code from starting. Nothing of V1 is said of one.</summary>
internal static class AppServerRules
{
    public static IEnumerable<LettaComposeFinding> Examine(ComposeAudit audit)
    {
        foreach (var server in audit.AppServers.Where(s => s.Start is not null))
        {
            foreach (var name in LettaCodeSigns.RefusedVariables.Where(server.Environment.ContainsKey))
            {
                yield return server.Environment[name].Finding(
                    server,
                    LettaComposeSeverity.Error,
                    "AppServerSetting",
                    $"Letta Code ends with exit code {LettaCodeSigns.ExitCode} if '{name}' is set, even to nothing: it takes the variable for the setting of a V1 server.",
                    "Remove the variable. An App Server asks for a token: --ws-auth capability-token.");
            }
        }
    }
}
