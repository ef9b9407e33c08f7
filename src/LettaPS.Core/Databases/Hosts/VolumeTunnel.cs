using System.Diagnostics.CodeAnalysis;
using LettaPS.Core.Connections;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases.Hosts;

/// <summary>
/// The way to the database of a server whose container has become Letta Code: PostgreSQL alone, in a temporary container on the server's volume, for as long as
/// the way is open.
/// </summary>
/// <param name="engine">The engine. It must stay open as long as the way may be used.</param>
/// <param name="server">The server's container.</param>
/// <param name="port">The port that PostgreSQL listens on.</param>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing that must be released.")]
internal sealed class VolumeTunnel(IContainerEngine engine, ContainerFacts server, int port) : IDatabaseTunnel
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private ITemporaryContainer? _postgres;
    private int _open;

    /// <inheritdoc/>
    public async Task<IOpenTunnel> OpenAsync(DatabaseAddress address, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _postgres ??= await PostgresAlone.StartAsync(engine, server, cancellationToken).ConfigureAwait(false);
            _open++;
        }
        finally
        {
            _gate.Release();
        }

        try
        {
            await PostgresAlone.WaitAsync(engine, _postgres.Id, server.Name, port, cancellationToken).ConfigureAwait(false);
            return new Opened(this, await engine.OpenTunnelAsync(_postgres.Id, port, cancellationToken).ConfigureAwait(false));
        }
        catch
        {
            await CloseAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The container whose data are read.</summary>
    public override string ToString() => $"the volume of container {server.Name}";

    private async ValueTask CloseAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (--_open == 0 && _postgres is { } postgres)
            {
                _postgres = null;
                await postgres.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    private sealed class Opened(VolumeTunnel owner, IOpenTunnel tunnel) : IOpenTunnel
    {
        public System.Net.IPEndPoint NearEnd => tunnel.NearEnd;

        public async ValueTask DisposeAsync()
        {
            await tunnel.DisposeAsync().ConfigureAwait(false);
            await owner.CloseAsync().ConfigureAwait(false);
        }
    }
}
