using LettaPS.Core.Compose.Model;
using LettaPS.Core.Secrets;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Compose.Rules;

/// <summary>Who can reach the server and its database, and what secrets a reader of the file learns.</summary>
internal static class AccessRules
{
    public static IEnumerable<LettaComposeFinding> Examine(ComposeAudit audit) =>
        [.. audit.Letta.SelectMany(Server), .. audit.Letta.Concat(audit.Databases).Distinct().SelectMany(s => Database(audit, s)), .. audit.Services.SelectMany(Secrets)];

    /// <summary>The port that the server listens on.</summary>
    public static int Port(ComposeService letta) => int.TryParse(letta.Variable("PORT"), out var port) ? port : ServerDiscovery.ApiPort;

    private static IEnumerable<LettaComposeFinding> Server(ComposeService letta)
    {
        var published = letta.Ports.FirstOrDefault(p => p.IsPublic && p.Port == Port(letta));
        if (published is null && !letta.IsOnHostNetwork)
        {
            yield break;
        }

        var at = published?.Setting ?? letta.Get("network_mode")!;
        if (!IsSecure(letta))
        {
            yield return at.Finding(
                letta,
                LettaComposeSeverity.Error,
                "NoPassword",
                "The API is published on all addresses of the machine and asks for no password: whoever reaches it can read every agent and run tools.",
                "Set SECURE=true and LETTA_SERVER_PASSWORD, or publish on 127.0.0.1 only.");
        }
        else if (letta.Variable("LETTA_SERVER_PASSWORD") is null)
        {
            yield return at.Finding(
                letta,
                LettaComposeSeverity.Warning,
                "PasswordChanges",
                "The API asks for a password, but none is set, so that every start makes up a new one.",
                "Set LETTA_SERVER_PASSWORD.");
        }
    }

    private static IEnumerable<LettaComposeFinding> Database(ComposeAudit audit, ComposeService service)
    {
        var embedded = audit.Letta.Contains(service);
        var published = service.Ports.FirstOrDefault(p => p.IsPublic && p.Port == ServerDiscovery.PostgresPort);
        var password = service.Variable("POSTGRES_PASSWORD") ?? (embedded ? "letta" : null);
        if (published is null || (embedded && !DatabaseRules.IsEmbedded(service)))
        {
            yield break;
        }

        if (service.Variable("POSTGRES_HOST_AUTH_METHOD") == "trust" || SecretText.IsKnown(password))
        {
            yield return published.Setting.Finding(
                service,
                LettaComposeSeverity.Error,
                "DatabaseOpen",
                "PostgreSQL is published on all addresses of the machine, with no password or one that everybody knows.",
                "Publish it on 127.0.0.1 only, or not at all, and set a password of your own.");
        }
    }

    private static IEnumerable<LettaComposeFinding> Secrets(ComposeService service)
    {
        // What stands in an env file is where it belongs.
        foreach (var (name, setting) in service.Environment.Where(e => e.Value.Path == e.Value.Part.File.Path && !EnvironmentRules.IsMerged(e.Value)))
        {
            var literal = setting.Written is { } written ? ComposeTemplate.TryParse(written)?.WithoutVariables() : null;
            if (SecretText.Find(name, literal ?? string.Empty) is not null)
            {
                yield return setting.Finding(
                    service,
                    LettaComposeSeverity.Warning,
                    "SecretInFile",
                    $"The secret in {name} stands in the file, and so in every copy and in the history of its repository.",
                    $"Write ${{{name}}} here and put the value into a file .env that only its owner can read, and that git ignores.");
            }
        }
    }

    private static bool IsSecure(ComposeService letta) =>
        letta.Variable("SECURE") == "true" && StartRules.RunsStartScript(letta)
        || letta.Variable("LETTA_SERVER_SECURE") == "true"
        || letta.Start is { IsSecure: true };
}
