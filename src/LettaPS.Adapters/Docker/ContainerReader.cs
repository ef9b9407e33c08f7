using System.Globalization;
using Docker.DotNet.Models;
using LettaPS.Core.Servers;

namespace LettaPS.Adapters.Docker;

/// <summary>Turns what the engine tells of a container into <see cref="ContainerFacts"/>.</summary>
internal static class ContainerReader
{
    public static ContainerFacts Read(ContainerInspectResponse told, ImageInspectResponse? image, string engineCommand) => new()
    {
        Id = told.ID,
        Name = told.Name.TrimStart('/'),
        Image = told.Config!.Image,
        ImageId = told.Image,
        RepositoryDigests = [.. image?.RepoDigests ?? []],
        State = Enum.TryParse<ContainerState>(told.State!.Status, ignoreCase: true, out var state) ? state : ContainerState.Unknown,
        Health = told.State.Health?.Status is { Length: > 0 } and not "none" ? told.State.Health.Status : null,
        ExitCode = told.State.ExitCode,
        OutOfMemory = told.State.OOMKilled,
        StartedAt = Time(told.State.StartedAt),
        RestartCount = told.RestartCount,
        RestartPolicy = Policy(told.HostConfig?.RestartPolicy?.Name),
        Environment = Variables(told.Config.Env ?? []),
        OwnEnvironment = Variables((told.Config.Env ?? []).Except(image?.Config?.Env ?? [])),
        Labels = told.Config.Labels?.AsReadOnly() ?? new Dictionary<string, string>().AsReadOnly(),
        Command = [told.Path, .. told.Args ?? []],
        Ports = Ports(told),
        Mounts = [.. (told.Mounts ?? []).Select(m => new ContainerMount(m.Type ?? string.Empty, string.IsNullOrEmpty(m.Name) ? null : m.Name, m.Source, m.Destination) { IsReadOnly = !m.RW })],
        Networks = [.. (told.NetworkSettings?.Networks ?? new Dictionary<string, EndpointSettings>())
            .Select(n => new ContainerNetwork(n.Key, [.. n.Value.Aliases ?? []], n.Value.IPAddress ?? string.Empty))],
        NetworkMode = told.HostConfig?.NetworkMode ?? string.Empty,
        HostName = told.Config.Hostname,
        ExtraHosts = [.. told.HostConfig?.ExtraHosts ?? []],
        EngineCommand = engineCommand,
    };

    /// <summary>Variables as the engine writes them, by name.</summary>
    public static Dictionary<string, string> Variables(IEnumerable<string> pairs) => pairs.Select(pair => pair.Split('=', 2)).Where(pair => pair.Length == 2)
        .GroupBy(pair => pair[0]).ToDictionary(pair => pair.Key, pair => pair.Last()[1], StringComparer.Ordinal);

    // The engine writes year 1 for "never".
    private static DateTimeOffset? Time(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) && time.Year > 1 ? time.ToUniversalTime() : null;

    private static string Policy(RestartPolicyKind? kind) => kind switch
    {
        RestartPolicyKind.Always => "always",
        RestartPolicyKind.UnlessStopped => "unless-stopped",
        RestartPolicyKind.OnFailure => "on-failure",
        _ => "no",
    };

    /// <remarks>
    /// Where a port is really published is known only while the container runs, which one between two restarts is said to do too; else what it was told
    /// to publish counts.
    /// </remarks>
    private static List<ContainerPort> Ports(ContainerInspectResponse told)
    {
        var published = told.State is { Running: true, Restarting: false } ? told.NetworkSettings?.Ports : told.HostConfig?.PortBindings;
        var names = (told.Config!.ExposedPorts?.Keys ?? []).Union(published?.Keys ?? []);
        var ports = new List<ContainerPort>();
        foreach (var name in names.Where(n => n.EndsWith("/tcp", StringComparison.Ordinal)))
        {
            var port = int.Parse(name[..^4], CultureInfo.InvariantCulture);

            // An IPv4 and an IPv6 binding of the same port are one to the user.
            var bindings = (published is not null && published.TryGetValue(name, out var bound) ? bound : null) ?? [];
            var hosts = bindings.Where(b => int.TryParse(b.HostPort, out var host) && host > 0).GroupBy(b => b.HostPort).Select(b => b.OrderBy(x => x.HostIP.Contains(':', StringComparison.Ordinal)).First()).ToList();
            ports.AddRange(hosts.Select(b => new ContainerPort(
                port, string.IsNullOrEmpty(b.HostIP) ? "0.0.0.0" : b.HostIP, int.Parse(b.HostPort, CultureInfo.InvariantCulture))));
            if (hosts.Count == 0)
            {
                ports.Add(new ContainerPort(port, null, null));
            }
        }

        return [.. ports.OrderBy(p => p.Port)];
    }
}
