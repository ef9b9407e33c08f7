using LettaPS.Core.Compose.Files;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.IO;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Compose.Rules;

/// <summary>Looks through files other than compose files for what endangers a Letta server.</summary>
internal static class PlaceAudit
{
    /// <summary>Whether a place names Letta Code for something that no V1 server ever was: nothing of V1 is said of it, and it is not pinned to V1.</summary>
    public static bool IsAppServer(ImagePlace place)
    {
        ArgumentNullException.ThrowIfNull(place);
        var settings = PlaceSettings.Of(place);
        return place.Reference.Product is not (LettaImageProduct.V1 or LettaImageProduct.TooOld)
            && ((settings is not null && LettaCodeSigns.StartAppServer(settings.Words, settings.Variables.Keys))
                || (place.Reference.Product == LettaImageProduct.LettaCode
                    && (settings is null || !LettaCodeSigns.IsMeantAsV1(settings.Variables.Keys, settings.Mounts.Select(m => m.Target), settings.Words, settings.Ports))));
    }

    /// <summary>Looks at a place.</summary>
    public static IEnumerable<LettaComposeFinding> Examine(ImagePlace place)
    {
        ArgumentNullException.ThrowIfNull(place);
        if (IsAppServer(place))
        {
            yield break;
        }

        var path = $"'{place.File.Path.Replace("'", "''", StringComparison.Ordinal)}'";
        if (ImageRules.Judge(place.Reference, $"Set-LettaImagePin -LiteralPath {path}", isRunning: false) is { } found)
        {
            yield return Finding(found.Severity, found.Rule, found.Message, place.Change is null ? place.NotEditable().RecommendedAction! : found.Fix);
        }

        if (PlaceSettings.Of(place) is not { } settings)
        {
            yield break;
        }

        var start = settings.Words.Count == 0 ? null : StartCommand.Read(settings.Words, _ => null);
        var embedded = !settings.Variables.ContainsKey("LETTA_PG_URI") && start is null or { RunsStartScript: true };
        if (start is { Migrates: false })
        {
            yield return Finding(
                start.Unread.Count > 0 ? LettaComposeSeverity.Warning : LettaComposeSeverity.Error,
                "StartScriptBypassed",
                $"This replaces the image's start script{(start.Unread.Count > 0 ? $" by '{start.Unread[0]}', which cannot be read here. If it does not run the migrations," : ", so that migrations never run:")} after an upgrade, columns are missing and clients get 409 and 500.",
                "Remove the command; the image's own is ./letta/server/startup.sh.");
        }

        var data = settings.Variables.GetValueOrDefault("PGDATA") ?? ServerDiscovery.DefaultDataDirectory;
        if (embedded && !settings.Mounts.Any(m => m.IsKept && ComposeMount.IsIn(data, m.Target) && ComposeMount.IsIn(m.Target, ServerDiscovery.DefaultDataDirectory)))
        {
            yield return Finding(
                LettaComposeSeverity.Error,
                "DatabaseNotKept",
                "The data of the embedded database is on no volume: when the container is recreated, all agents are gone.",
                $"Mount a volume at {ServerDiscovery.DefaultDataDirectory}. First save what is in the container now, with a dump.");
        }

        if (embedded && settings.Replicas > 1)
        {
            yield return Finding(
                LettaComposeSeverity.Error,
                "ReplicasOnOneVolume",
                $"{settings.Replicas} pods would each run a PostgreSQL of their own, on the same data or each on other data.",
                "Run one pod, or give Letta a database of its own through LETTA_PG_URI.");
        }

        if (place.Format == LettaImageFormat.Quadlet && Published(place.File) is { } line)
        {
            var secure = settings.Variables.GetValueOrDefault("SECURE") == "true" || settings.Variables.GetValueOrDefault("LETTA_SERVER_SECURE") == "true" || start is { IsSecure: true };
            if (!secure)
            {
                yield return Finding(
                    LettaComposeSeverity.Error,
                    "NoPassword",
                    "The API is published on all addresses of the machine and asks for no password: whoever reaches it can read every agent and run tools.",
                    "Set SECURE=true and LETTA_SERVER_PASSWORD, or publish on 127.0.0.1 only.") with
                { Line = line };
            }
            else if (!settings.Variables.ContainsKey("LETTA_SERVER_PASSWORD"))
            {
                yield return Finding(
                    LettaComposeSeverity.Warning,
                    "PasswordChanges",
                    "The API asks for a password, but none is set, so that every start makes up a new one.",
                    "Set LETTA_SERVER_PASSWORD.") with
                { Line = line };
            }
        }

        LettaComposeFinding Finding(LettaComposeSeverity severity, string rule, string message, string fix) => new()
        {
            Severity = severity,
            Rule = rule,
            Path = place.File.Path,
            Line = place.Line,
            Service = place.Name,
            Message = message,
            Recommendation = fix,
        };
    }

    /// <summary>The line of a unit that publishes the API on all addresses; <see langword="null"/> if none does.</summary>
    private static int? Published(TextFile unit) => Quadlet.Settings(unit)
        .Where(s => s is { Section: "Container", Key: "PublishPort" })
        .FirstOrDefault(s => s.Value.Split('/')[0] is var ports && ports.Split(':')[^1] == $"{ServerDiscovery.ApiPort}"
            && !ports.StartsWith("127.", StringComparison.Ordinal) && !ports.StartsWith("[::1]", StringComparison.Ordinal))?.Line;
}
