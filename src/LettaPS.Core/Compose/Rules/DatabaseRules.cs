using System.Globalization;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Compose.Rules;

/// <summary>Which database the server uses, and whether its data stays.</summary>
internal static class DatabaseRules
{
    /// <summary>From this major version on the official image keeps its data in a folder of the version's own, and has the volume one level up.</summary>
    private const int MajorWithOwnFolder = 18;

    public static IEnumerable<LettaComposeFinding> Examine(ComposeAudit audit) =>
        [.. audit.Letta.SelectMany(l => TwoDatabases(audit, l)), .. audit.Letta.SelectMany(l => Extension(audit, l)), .. Data(audit)];

    /// <summary>Whether a server keeps its data in the PostgreSQL of its own image.</summary>
    public static bool IsEmbedded(ComposeService letta) => letta.Variable("LETTA_PG_URI") is null && StartRules.RunsStartScript(letta);

    private static IEnumerable<LettaComposeFinding> TwoDatabases(ComposeAudit audit, ComposeService letta)
    {
        if (!IsEmbedded(letta) || audit.Databases.Count == 0)
        {
            yield break;
        }

        var database = audit.Databases.FirstOrDefault(d => letta.DependsOn.Contains(d.Name)) ?? audit.Databases[0];
        var parts = letta.Environment.Keys.Where(k => k.StartsWith("LETTA_PG_", StringComparison.Ordinal)).ToList();
        var meant = parts.Count > 0 || letta.DependsOn.Contains(database.Name);
        var unread = parts.Count > 0 && !parts.Contains("LETTA_PG_URI") ? " The image's start script does not look at the other LETTA_PG_ variables." : string.Empty;
        var at = letta.Environment.GetValueOrDefault("LETTA_PG_URI") ?? letta.Here;
        yield return at.Finding(
            letta,
            meant ? LettaComposeSeverity.Error : LettaComposeSeverity.Warning,
            "TwoDatabases",
            $"LETTA_PG_URI is not set, so that Letta uses the PostgreSQL in its own container although there is '{database.Name}': two databases, and agents in the wrong one."
                + unread,
            $"Set LETTA_PG_URI=postgresql://USER:PASSWORD@{database.Name}:5432/DATABASE. Agents that are already in the embedded database have to be moved first.");
    }

    private static IEnumerable<LettaComposeFinding> Extension(ComposeAudit audit, ComposeService letta)
    {
        if (audit.DatabaseOf(letta) is { IsBuilt: false, Image: { } image } database && LacksPgvector(image)
            && database.Start?.Words.Any(w => w.Contains("vector", StringComparison.OrdinalIgnoreCase)) != true)
        {
            yield return database.ImageSetting!.Finding(
                database,
                LettaComposeSeverity.Error,
                "PgvectorMissing",
                $"'{image}' does not have the extension pgvector, without which Letta's migrations fail (type \"vector\" does not exist).",
                "Use an image that has it, with the same major version: pgvector/pgvector:pg15 for PostgreSQL 15.");
        }
    }

    /// <summary>Whether an image is one that is known to lack pgvector: the official one, PostGIS, or a mirror of these. Many others that are called postgres have it.</summary>
    private static bool LacksPgvector(ImageReference image) =>
        (image.Path is "postgres" or "library/postgres" or "postgis/postgis" || image.Path.EndsWith("/library/postgres", StringComparison.Ordinal) || image.Path.EndsWith("/postgis/postgis", StringComparison.Ordinal))
        && image.Tag?.Contains("vector", StringComparison.OrdinalIgnoreCase) != true;

    private static IEnumerable<LettaComposeFinding> Data(ComposeAudit audit)
    {
        var used = audit.Databases.Where(d => audit.Letta.Any(l => audit.DatabaseOf(l) == d || l.DependsOn.Contains(d.Name))).Concat(audit.Letta.Where(IsEmbedded)).Distinct();
        return used.Where(s => s.Get("volumes_from") is null).Select(s => Data(audit, s)).OfType<LettaComposeFinding>();
    }

    /// <summary>What holds the data directory of the PostgreSQL that a service runs; <see langword="null"/> if nothing does.</summary>
    /// <param name="audit">The project.</param>
    public static ComposeMount? DataMount(ComposeAudit audit, ComposeService service)
    {
        var (home, data) = DataDirectory(audit, service);

        // The image declares a volume of its own at its home, which hides whatever is mounted further up.
        var hidden = ComposeMount.IsIn(data, home);
        return service.Mounts.Where(m => m.Holds(data) && (!hidden || ComposeMount.IsIn(m.Target, home))).MaxBy(m => m.Target.Length);
    }

    private static (string Home, string Data) DataDirectory(ComposeAudit audit, ComposeService service)
    {
        var major = audit.Letta.Contains(service) ? 0 : Major(service.Image!);
        var home = service.Image?.Repository.Contains("bitnami", StringComparison.Ordinal) == true ? "/bitnami/postgresql"
            : major >= MajorWithOwnFolder ? "/var/lib/postgresql" : ServerDiscovery.DefaultDataDirectory;
        return (home, service.Variable("PGDATA") ?? (major >= MajorWithOwnFolder ? $"{home}/{major}/docker" : home));
    }

    private static LettaComposeFinding? Data(ComposeAudit audit, ComposeService service)
    {
        var (home, data) = DataDirectory(audit, service);
        var covering = DataMount(audit, service);
        if (covering is { IsKept: true })
        {
            return null;
        }

        var what = audit.Letta.Contains(service) ? "the embedded database" : "the database";
        var near = service.Mounts.FirstOrDefault(m => m.IsKept && (m.Target.Contains("postgres", StringComparison.Ordinal) || m.Target.Contains("pgdata", StringComparison.Ordinal)));

        // compose takes 'a:/path' for a path of Windows, also on Linux, and mounts a volume without a name there.
        var drive = service.Mounts.FirstOrDefault(m => m is { Source: null, Type: "volume", Target: [var letter, ':', '/' or '\\', ..] } && char.IsAsciiLetter(letter));
        var (at, reason) = (covering, near) switch
        {
            (null, _) when drive is not null => (drive.Setting, $"is on no volume: compose takes '{drive.Target[..2]}' for a drive of Windows, and the volume '{drive.Target[0]}' needs a longer name"),
            ({ Type: "tmpfs" }, _) => (covering.Setting, "is in memory and gone with the container"),
            (not null, _) => (covering.Setting, "is on a volume without a name, which taking the project down leaves behind"),
            (_, not null) => (near.Setting, $"is in {data}, and '{near.Target}' is not the place to keep it"),
            _ => (service.Here, "is on no volume"),
        };
        return at.Finding(
            service,
            LettaComposeSeverity.Error,
            "DatabaseNotKept",
            $"The data of {what} {reason}: when the container is made anew, all agents are gone.",
            $"Mount a named volume or a folder at {home}. First save what is in the container now, with Backup-LettaDatabase.");
    }

    /// <summary>The major version in a tag such as <c>17.2-alpine</c>, <c>pg17</c> or <c>0.8.1-pg17</c>; 0 where there is none.</summary>
    private static int Major(ImageReference image)
    {
        var tag = image.Tag ?? string.Empty;
        var pg = tag.IndexOf("pg", StringComparison.Ordinal);
        var digits = new string([.. tag[(pg < 0 ? 0 : pg + 2)..].TakeWhile(char.IsAsciiDigit)]);
        return (pg >= 0 || image.Name == "postgres") && int.TryParse(digits, CultureInfo.InvariantCulture, out var major) ? major : 0;
    }
}
