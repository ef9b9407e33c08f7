using System.Globalization;
using System.Text.RegularExpressions;
using LettaPS.Core.Compose.Model;

namespace LettaPS.Core.Compose.Rules;

/// <summary>Ports that do not meet: what is published, what a reverse proxy or a client is told, and what the server listens on.</summary>
internal static partial class PortRules
{
    /// <summary>Ports that the image opens beside the API's: an older web interface, PostgreSQL, Redis, telemetry.</summary>
    private static readonly int[] s_otherPorts = [8083, 5432, 6379, 4317, 4318];

    private static readonly string[] s_proxies = ["nginx", "caddy", "traefik", "haproxy", "envoy", "httpd", "nginx-proxy", "openresty"];

    public static IEnumerable<LettaComposeFinding> Examine(ComposeAudit audit, ComposeReader reader)
    {
        foreach (var letta in audit.Letta)
        {
            var port = AccessRules.Port(letta);
            foreach (var published in letta.Ports.Where(p => p.Port != port && !s_otherPorts.Contains(p.Port)))
            {
                yield return published.Setting.Finding(
                    letta,
                    LettaComposeSeverity.Error,
                    "PortMismatch",
                    $"Port {published.Port} of the container is published, but Letta listens on {port}.",
                    $"Publish {published.HostPort ?? port}:{port}.");
            }

            foreach (var service in audit.Services)
            {
                foreach (var finding in Told(service).SelectMany(t => Mismatches(t, service, letta, port)))
                {
                    yield return finding;
                }

                foreach (var finding in Proxy(service, letta, port, reader))
                {
                    yield return finding;
                }
            }
        }
    }

    /// <summary>What a service is told in its environment, command and labels.</summary>
    private static IEnumerable<(string? Name, ComposeSetting Setting)> Told(ComposeService service) =>
    [
        .. service.Environment.Select(e => ((string?)e.Key, e.Value)),
        .. service.Entries("labels").Select(e => ((string?)e.Key, e.Value)),
        .. service.List("command").Concat(service.List("entrypoint")).Select(s => ((string?)null, s)),
    ];

    private static IEnumerable<LettaComposeFinding> Mismatches((string? Name, ComposeSetting Setting) told, ComposeService service, ComposeService letta, int port)
    {
        var value = told.Setting.Value ?? string.Empty;
        if (service == letta)
        {
            // The label in which traefik is told the port of the service that carries it.
            if (told.Name?.EndsWith(".loadbalancer.server.port", StringComparison.Ordinal) == true && value != port.ToString(CultureInfo.InvariantCulture))
            {
                yield return Mismatch(told.Setting, service, $"traefik is told port {value}", port);
            }

            yield break;
        }

        foreach (var other in PortsOf(letta, value).Where(p => p != port))
        {
            yield return Mismatch(told.Setting, service, $"'{service.Name}' is told to reach '{letta.Name}' on port {other}", port);
        }

        if (!service.IsOnHostNetwork && told.Name is { } name && name.Contains("LETTA", StringComparison.OrdinalIgnoreCase) && Loopback().IsMatch(value))
        {
            yield return told.Setting.Finding(
                service,
                LettaComposeSeverity.Error,
                "PortMismatch",
                $"{name} leads to the container of '{service.Name}' itself, where no Letta listens.",
                $"Use http://{letta.Name}:{port}.");
        }
    }

    private static IEnumerable<LettaComposeFinding> Proxy(ComposeService service, ComposeService letta, int port, ComposeReader reader)
    {
        if (service == letta || service.Image is not { } image || !s_proxies.Contains(image.Name))
        {
            yield break;
        }

        var leads = Told(service).Any(t => PortsOf(letta, t.Setting.Value ?? string.Empty).Contains(port));
        foreach (var mount in service.Mounts)
        {
            foreach (var path in Files(mount.HostPath))
            {
                foreach (var (line, text) in (reader.Mounted(path)?.Text ?? string.Empty).Split('\n').Select((text, i) => (i + 1, text.Split('#')[0])))
                {
                    foreach (var other in PortsOf(letta, text))
                    {
                        leads |= other == port;
                        if (other != port)
                        {
                            yield return Mismatch(mount.Setting with { Path = path, Line = line }, service, $"'{service.Name}' forwards to '{letta.Name}' on port {other}", port);
                        }
                    }
                }
            }
        }

        var through = service.Ports.FirstOrDefault(p => p.HostPort is not null);
        var direct = letta.Ports.FirstOrDefault(p => p.Port == port && p.HostPort is not null);
        if (leads && through is not null && direct is not null)
        {
            yield return direct.Setting.Finding(
                letta,
                LettaComposeSeverity.Information,
                "TwoWaysIn",
                $"The API can be reached on {direct.HostPort} directly and on {through.HostPort} through '{service.Name}'. Clients that are set to one while the other is meant fail in ways that are hard to see.",
                $"Decide for one, set LETTA_BASE_URL to it, and publish the other on 127.0.0.1 only or not at all.");
        }
    }

    /// <summary>A file, or the configuration files in a folder.</summary>
    private static IEnumerable<string> Files(string? path) => path is null ? []
        : Directory.Exists(path) ? Directory.EnumerateFiles(path, "*.conf", new EnumerationOptions { IgnoreInaccessible = true }).Order(StringComparer.Ordinal)
        : [path];

    /// <summary>The ports that a text names together with a name of the server.</summary>
    private static IEnumerable<int> PortsOf(ComposeService letta, string text)
    {
        foreach (Match match in Endpoint().Matches(text).Where(m => letta.HostNames.Contains(m.Groups["host"].Value)))
        {
            if (match.Groups["port"].Success)
            {
                yield return int.Parse(match.Groups["port"].ValueSpan, CultureInfo.InvariantCulture);
            }
        }
    }

    private static LettaComposeFinding Mismatch(ComposeSetting at, ComposeService service, string what, int port) => at.Finding(
        service, LettaComposeSeverity.Error, "PortMismatch", $"{char.ToUpperInvariant(what[0])}{what[1..]}, but Letta listens on {port}.", $"Use port {port}.");

    // Not 'letta/letta:0.16.8', which is an image, nor 'letta:123@db', which is a password.
    [GeneratedRegex(@"(?<![\w.-])(?<!(?<!/)/)(?<host>[A-Za-z0-9][\w.-]*):(?<port>\d{1,5})(?![\d.@])", RegexOptions.CultureInvariant)]
    private static partial Regex Endpoint();

    [GeneratedRegex(@"^https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/|$)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Loopback();
}
