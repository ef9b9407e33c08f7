using System.Globalization;

namespace LettaPS.Core.Connections;

/// <summary>One PostgreSQL server.</summary>
/// <param name="Host">Name or IP address of the server, or the folder of its Unix socket.</param>
internal sealed record DatabaseEndpoint(string Host, int Port)
{
    /// <summary>Host and port as a URI has them.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Uri.EscapeDataString(Host))}:{Port}");
}
