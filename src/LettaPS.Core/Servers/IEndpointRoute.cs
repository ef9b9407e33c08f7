namespace LettaPS.Core.Servers;

/// <summary>A way to a TCP port, from where this process is. It is open until disposed of.</summary>
public interface IEndpointRoute : IAsyncDisposable
{
    /// <summary>The host name or address to connect to.</summary>
    string Host { get; }

    /// <summary>The port to connect to.</summary>
    int Port { get; }
}
