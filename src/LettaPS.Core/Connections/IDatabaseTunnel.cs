using System.Net;

namespace LettaPS.Core.Connections;

/// <summary>
/// A way to a database server whose port cannot be reached from here, such as through the engine that runs its container. It hangs on a
/// <see cref="DatabaseAddress"/> and is opened by whoever connects.
/// </summary>
internal interface IDatabaseTunnel
{
    /// <summary>Opens the way. Many connections may go through it at once.</summary>
    /// <param name="address">The database, as the far end knows it.</param>
    /// <exception cref="LettaException">There is no way through.</exception>
    Task<IOpenTunnel> OpenAsync(DatabaseAddress address, CancellationToken cancellationToken);
}

/// <summary>The near end of an open tunnel, there until it is disposed of.</summary>
internal interface IOpenTunnel : IAsyncDisposable
{
    /// <summary>Where to connect to instead of the database's own host and port.</summary>
    IPEndPoint NearEnd { get; }
}
