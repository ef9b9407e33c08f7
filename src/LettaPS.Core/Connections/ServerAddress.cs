using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace LettaPS.Core.Connections;

/// <summary>
/// Decides whether two addresses are spellings of one server: <c>localhost</c>, <c>127.0.0.1</c>, the name of this machine, with and without a trailing slash.
/// Sets, locks and ID maps of one server belong together however its address was written.
/// </summary>
internal static class ServerAddress
{
    // A name server that does not answer must not hold up a backup.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>Decides whether two addresses are of one server.</summary>
    /// <param name="one">An address.</param>
    /// <param name="other">Another address.</param>
    public static bool IsSame(Uri one, Uri other) => IsSame(one, other, Resolve);

    /// <summary>Decides whether two addresses are of one server.</summary>
    /// <param name="one">An address.</param>
    /// <param name="other">Another address.</param>
    /// <param name="resolve">Gives the addresses of a host name; none for an unknown name.</param>
    internal static bool IsSame(Uri one, Uri other, Func<string, IReadOnlyList<IPAddress>> resolve)
    {
        if (Key(one) == Key(other))
        {
            return true;
        }

        // Behind the standard ports a reverse proxy tells servers apart by their names: two names of one machine can be two servers.
        return one.Scheme == other.Scheme && one.Port == other.Port && Path(one) == Path(other) && !one.IsDefaultPort
            && resolve(Host(one)).Intersect(resolve(Host(other))).Any();
    }

    /// <summary>The common spelling of an address, by which a server is looked up without asking a name server.</summary>
    /// <param name="server">The address.</param>
    public static string Key(Uri server) => $"{server.Scheme}://{Host(server)}:{server.Port}{Path(server)}";

    private static string Host(Uri server) => server.IsLoopback || IPAddress.TryParse(server.DnsSafeHost, out var ip) && IsHere(ip) || server.DnsSafeHost.Equals(Dns.GetHostName(), StringComparison.OrdinalIgnoreCase)
        ? "localhost"
        : server.DnsSafeHost.TrimEnd('.').ToLowerInvariant();

    private static string Path(Uri server)
    {
        var path = server.AbsolutePath.TrimEnd('/');
        return (path.EndsWith("/v1", StringComparison.Ordinal) ? path[..^3] : path).TrimEnd('/');
    }

    private static bool IsHere(IPAddress address) => IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || OwnAddresses().Contains(address);

    private static HashSet<IPAddress> OwnAddresses() =>
        [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(i => i.GetIPProperties().UnicastAddresses).Select(a => a.Address)];

    private static IReadOnlyList<IPAddress> Resolve(string host)
    {
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            var addresses = Dns.GetHostAddressesAsync(host, patience.Token).GetAwaiter().GetResult();
            return [.. addresses.Select(a => IsHere(a) ? IPAddress.Loopback : a)];
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ArgumentException)
        {
            // An unknown name is the same server as no other.
            return [];
        }
    }
}
