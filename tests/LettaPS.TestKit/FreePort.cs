using System.Net;
using System.Net.Sockets;

namespace LettaPS.TestKit;

/// <summary>Ports of the loopback that nothing listens at.</summary>
public static class FreePort
{
    /// <summary>One of them.</summary>
    public static int Next()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
