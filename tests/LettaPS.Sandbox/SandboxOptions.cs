using System.Net;
using LettaPS.Sandbox.Fleets;

namespace LettaPS.Sandbox;

/// <summary>What server to play.</summary>
public sealed record SandboxOptions
{
    /// <summary>0.11.3, 0.16.2 or 0.16.8.</summary>
    public string Release { get; init; } = "0.16.8";

    /// <summary>What is on the server.</summary>
    public Fleet Fleet { get; init; } = Fleet.Seed();

    /// <summary>What ids and texts come from: the same number, the same server.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The address to listen on.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port to listen on; 0 for any that is free.</summary>
    public int Port { get; init; }

    /// <summary>The password of a server in secure mode; nothing if everybody may come in.</summary>
    public string? Password { get; init; }

    /// <summary>How long each request waits before it is answered.</summary>
    public TimeSpan Latency { get; init; }
}
