using System.Globalization;
using LettaPS.Core.Compose.Yaml;

namespace LettaPS.Core.Compose.Model;

/// <summary>A port of a container that is published.</summary>
/// <param name="HostAddress">Address of the machine that it is published on; <see langword="null"/> for all.</param>
/// <param name="HostPort">Port of the machine; <see langword="null"/> where the engine chooses one.</param>
/// <param name="Port">Port in the container.</param>
/// <param name="Setting">Where it is set.</param>
internal sealed record ComposePort(string? HostAddress, int? HostPort, int Port, ComposeSetting Setting)
{
    /// <summary>Whether others than this machine can reach it.</summary>
    public bool IsPublic => HostAddress is null || !(HostAddress.StartsWith("127.", StringComparison.Ordinal) || HostAddress is "::1" or "localhost");

    /// <summary>Reads an entry of <c>ports</c>: <c>8283</c>, <c>8283:8283/tcp</c>, <c>127.0.0.1:80-81:8080-8081</c>, or the long form.</summary>
    /// <param name="setting">The entry.</param>
    /// <returns>One object for each port of a range; none for what is no port.</returns>
    public static IEnumerable<ComposePort> Parse(ComposeSetting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        if (setting.Node is YamlMapping entry)
        {
            return Pair(setting.Part.Expand(entry.Find("host_ip")), setting.Part.Expand(entry.Find("published")), setting.Part.Expand(entry.Find("target")), setting);
        }

        var text = (setting.Value ?? string.Empty).Split('/')[0];
        var last = text.LastIndexOf(':');
        if (last < 0)
        {
            return Pair(null, null, text, setting);
        }

        var before = text.LastIndexOf(':', Math.Max(0, last - 1));
        return before < 0
            ? Pair(null, text[..last], text[(last + 1)..], setting)
            : Pair(text[..before].Trim('[', ']'), text[(before + 1)..last], text[(last + 1)..], setting);
    }

    private static IEnumerable<ComposePort> Pair(string? address, string? published, string? target, ComposeSetting setting)
    {
        var (hosts, ports) = (Range(published), Range(target));
        return ports.Select((port, i) => new ComposePort(address is null or "" or "0.0.0.0" or "::" ? null : address, i < hosts.Count ? hosts[i] : null, port, setting));
    }

    private static List<int> Range(string? text)
    {
        var ends = (text ?? string.Empty).Split('-');
        return int.TryParse(ends[0], CultureInfo.InvariantCulture, out var from) && int.TryParse(ends[^1], CultureInfo.InvariantCulture, out var to) && from is > 0 and <= 65535 && to <= 65535
            ? [.. Enumerable.Range(from, Math.Max(0, to - from) + 1)]
            : [];
    }
}
