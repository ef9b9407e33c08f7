using System.Globalization;
using System.Net;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Yaml;

namespace LettaPS.Core.Compose.Rules;

/// <summary>Whether <c>LETTA_PG_URI</c> leads to a database, in a form that Letta's drivers take.</summary>
/// <remarks>The server uses asyncpg and its migrations use pg8000, both through SQLAlchemy (letta/database_utils.py, letta/server/db.py, 0.16.8).</remarks>
internal static class DatabaseUriRules
{
    private const string Variable = "LETTA_PG_URI";

    private static readonly string[] s_false = ["false", "0", "no", "off", "f", "n"];

    public static IEnumerable<LettaComposeFinding> Examine(ComposeAudit audit) =>
        [.. audit.Letta.SelectMany(l => Server(audit, l)), .. audit.Letta.SelectMany(l => Pooling(audit, l)), .. Releases(audit)];

    /// <summary>Whether two URIs lead to the same database.</summary>
    public static bool IsSameDatabase(PostgresUri one, PostgresUri other) => (one.Host, one.Port, one.Database) == (other.Host, other.Port, other.Database);

    private static IEnumerable<LettaComposeFinding> Server(ComposeAudit audit, ComposeService letta)
    {
        if (letta.Variable(Variable) is not { } text)
        {
            yield break;
        }

        var setting = letta.Environment[Variable];
        var uri = PostgresUri.Parse(text);
        var driver = uri.Scheme.Split('+')[0];
        if (driver != "postgresql")
        {
            yield return setting.Finding(
                letta,
                LettaComposeSeverity.Error,
                "DatabaseUriScheme",
                driver == "postgres"
                    ? "LETTA_PG_URI begins with 'postgres://', which SQLAlchemy does not know: the migrations fail (Can't load plugin: sqlalchemy.dialects:postgres)."
                    : $"LETTA_PG_URI does not begin with 'postgresql://', but with '{uri.Scheme}'.",
                "Begin it with postgresql://");
        }
        else if (IsInvalid(text) is { } why)
        {
            yield return setting.Finding(letta, LettaComposeSeverity.Error, "DatabaseUriInvalid", why.Message, why.RecommendedAction!);
        }

        if (uri.Query.FirstOrDefault(p => p is "sslmode" or "ssl") is { } ssl)
        {
            yield return setting.Finding(
                letta,
                LettaComposeSeverity.Error,
                "DatabaseUriSsl",
                $"LETTA_PG_URI has '?{ssl}=', which the driver of the migrations does not know: they fail (connect() got an unexpected keyword argument 'sslmode').",
                "Remove the parameter. If the database demands TLS, put a pooler or a tunnel before it that speaks TLS for Letta.");
        }

        foreach (var finding in Host(audit, letta, uri, setting))
        {
            yield return finding;
        }
    }

    private static IEnumerable<LettaComposeFinding> Host(ComposeAudit audit, ComposeService letta, PostgresUri uri, ComposeSetting setting)
    {
        var mode = letta.Get("network_mode")?.Value ?? string.Empty;
        var shares = mode.StartsWith("service:", StringComparison.Ordinal) || mode.StartsWith("container:", StringComparison.Ordinal);
        var target = audit.Services.FirstOrDefault(s => s != letta && s.HostNames.Contains(uri.Host));
        if (uri.IsLoopback && mode != "host" && !shares)
        {
            var database = audit.Databases.FirstOrDefault(d => letta.DependsOn.Contains(d.Name)) ?? (audit.Databases.Count > 0 ? audit.Databases[0] : null);
            yield return setting.Finding(
                letta,
                LettaComposeSeverity.Error,
                "DatabaseUriLocalhost",
                $"LETTA_PG_URI leads to '{uri.Host}', which is Letta's own container: no PostgreSQL is started there if the variable is set.",
                database is null
                    ? "For a PostgreSQL on the machine itself use host.docker.internal, with extra_hosts: [\"host.docker.internal:host-gateway\"]."
                    : $"Name the service: postgresql://USER:PASSWORD@{database.Name}:{PortOf(database) ?? 5432}/{uri.Database}");
            yield break;
        }

        if (target is null)
        {
            if (!shares && mode != "host" && uri.Host.Length > 0 && !uri.Host.Contains('.', StringComparison.Ordinal) && !IPAddress.TryParse(uri.Host, out _) && !IsKnownElsewhere(audit, letta))
            {
                yield return setting.Finding(
                    letta,
                    LettaComposeSeverity.Warning,
                    "DatabaseHostUnknown",
                    $"LETTA_PG_URI leads to '{uri.Host}', and no service of the file has that name.",
                    audit.Databases.Count > 0 ? $"Name the service: {audit.Databases[0].Name}" : "Check the name, or add the service.");
            }

            yield break;
        }

        if (mode == "host")
        {
            yield return setting.Finding(
                letta,
                LettaComposeSeverity.Error,
                "DatabaseHostUnknown",
                $"Letta is on the machine's own network, where the name '{uri.Host}' of the service is not known.",
                $"Publish the database's port on 127.0.0.1 and use that: postgresql://USER:PASSWORD@127.0.0.1:{target.Ports.FirstOrDefault(p => p.HostPort is not null)?.HostPort ?? 5432}/{uri.Database}");
            yield break;
        }

        if (PortOf(target) is { } port && uri.Port != port)
        {
            var published = target.Ports.Any(p => p.HostPort == uri.Port);
            yield return setting.Finding(
                letta,
                LettaComposeSeverity.Error,
                "DatabaseUriPort",
                $"LETTA_PG_URI leads to port {uri.Port} of '{target.Name}', where nothing listens: PostgreSQL listens on {port}"
                    + (published ? $", and {uri.Port} is only where the machine publishes it." : "."),
                $"Use port {port}: inside the network the container's own port counts.");
        }

        if (!shares && !letta.NetworkNames.Intersect(target.NetworkNames).Any())
        {
            yield return setting.Finding(
                letta,
                LettaComposeSeverity.Error,
                "DatabaseOnOtherNetwork",
                $"'{letta.Name}' and '{target.Name}' are in no network together ({string.Join(", ", letta.NetworkNames)}; {string.Join(", ", target.NetworkNames)}), so that the name '{uri.Host}' leads nowhere.",
                $"Put '{letta.Name}' into a network of '{target.Name}': networks: [{target.NetworkNames[0]}]");
        }
    }

    private static IEnumerable<LettaComposeFinding> Pooling(ComposeAudit audit, ComposeService letta)
    {
        const string Name = "LETTA_DISABLE_SQLALCHEMY_POOLING";
        if (letta.Variable(Name) is not { } value || !s_false.Contains(value, StringComparer.OrdinalIgnoreCase)
            || letta.Variable(Variable)?.Contains("ssl", StringComparison.Ordinal) == true
            || (letta.Variable(Variable) is not null && audit.DatabaseOf(letta) is var database && (database is null || SpeaksTls(database))))
        {
            yield break;
        }

        yield return letta.Environment[Name].Finding(
            letta,
            LettaComposeSeverity.Error,
            "PoolingDemandsTls",
            $"With {Name}={value} Letta demands TLS of the database, which has none here: the migrations succeed, and every request fails (rejected SSL upgrade).",
            $"Remove {Name}, or turn TLS on in PostgreSQL (ssl=on, with a certificate).");
    }

    /// <summary>Servers and workers of different releases that share a database.</summary>
    private static IEnumerable<LettaComposeFinding> Releases(ComposeAudit audit)
    {
        var users = audit.Letta.Where(l => l.Variable(Variable) is not null && l.LettaImage is { Product: LettaImageProduct.V1 }).ToList();
        foreach (var user in users)
        {
            var first = users.First(u => IsSameDatabase(PostgresUri.Parse(u.Variable(Variable)!), PostgresUri.Parse(user.Variable(Variable)!)));
            if (first != user && first.LettaImage!.Tag != user.LettaImage!.Tag)
            {
                yield return (user.ImageSetting ?? user.Here).Finding(
                    user,
                    LettaComposeSeverity.Error,
                    "ReleasesDiffer",
                    $"'{user.Name}' is {user.LettaImage.Tag} and '{first.Name}' is {first.LettaImage.Tag}, on one database: its schema fits only one of them.",
                    $"Give both the same release: Set-LettaImagePin -Version {Newer(first.LettaImage.Tag!, user.LettaImage.Tag!)}");
            }
        }
    }

    private static string Newer(string one, string other) => LettaImageTags.Known.IsOlder(one, other) ? other : one;

    private static LettaException? IsInvalid(string uri)
    {
        try
        {
            _ = DatabaseAddress.Parse(uri);
            return null;
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.InvalidDatabaseUri && e.RecommendedAction is not null)
        {
            return e;
        }
    }

    /// <summary>The port that PostgreSQL listens on in its container; <see langword="null"/> if that is not known.</summary>
    private static int? PortOf(ComposeService database) => database.Variable("PGPORT") is { } port ? int.TryParse(port, CultureInfo.InvariantCulture, out var said) ? said : null
        : database.Start is { } start && start.Words.Any(w => w is "-p" || w.StartsWith("port=", StringComparison.Ordinal) || w.StartsWith("--port", StringComparison.Ordinal)) ? null
        : database.Image is { Name: "postgres" or "pgvector" or "postgresql" or "postgis" } ? 5432 : null;

    private static bool SpeaksTls(ComposeService database) =>
        database.Start?.Words.Any(w => w.Replace(" ", string.Empty, StringComparison.Ordinal) is "ssl=on" or "--ssl=on" or "-cssl=on" || w.Contains("ssl=on", StringComparison.Ordinal)) == true
        || database.Environment.Keys.Any(k => k.Contains("TLS", StringComparison.Ordinal) || k.Contains("SSL", StringComparison.Ordinal))
        || database.Image is { Name: not ("postgres" or "pgvector") };

    /// <summary>Whether the name may be known by something outside of the file.</summary>
    private static bool IsKnownElsewhere(ComposeAudit audit, ComposeService letta) =>
        letta.Get("extra_hosts") is not null || letta.Get("external_links") is not null || letta.Get("links") is not null
        || audit.Project.Files.SelectMany(f => f.File.Documents).Select(d => d.Find("networks")).OfType<YamlMapping>().SelectMany(n => n.Flatten())
            .Any(n => n.Value is YamlMapping network && network.Find("external") is not null);
}
