using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LettaPS.Core.Connections;

namespace LettaPS.Adapters.Tests.Postgres;

/// <summary>A tunnel that leads straight on and counts how often the client waits for an answer.</summary>
internal sealed class RelayTunnel : IDatabaseTunnel
{
    private int _roundTrips;

    /// <summary>Synchronisation points and simple queries since the last time it was asked.</summary>
    public int TakeRoundTrips() => Interlocked.Exchange(ref _roundTrips, 0);

    /// <summary>Tunnels opened and not closed.</summary>
    public int Open { get; private set; }

    public Task<IOpenTunnel> OpenAsync(DatabaseAddress address, CancellationToken cancellationToken)
    {
        Open++;
        return Task.FromResult<IOpenTunnel>(new Relay(this, address));
    }

    private sealed class Relay : IOpenTunnel
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly RelayTunnel _tunnel;
        private readonly Task _accepting;

        public Relay(RelayTunnel tunnel, DatabaseAddress address)
        {
            _tunnel = tunnel;
            _listener.Start();
            _accepting = AcceptAsync(address);
        }

        public IPEndPoint NearEnd => (IPEndPoint)_listener.LocalEndpoint;

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _accepting;
            _tunnel.Open--;
        }

        private async Task AcceptAsync(DatabaseAddress address)
        {
            var relays = new List<Task>();
            try
            {
                while (true)
                {
                    relays.Add(RelayAsync(await _listener.AcceptTcpClientAsync(), address));
                }
            }
            catch (SocketException)
            {
                // The listener was stopped.
                await Task.WhenAll(relays);
            }
        }

        private async Task RelayAsync(TcpClient near, DatabaseAddress address)
        {
            using (near)
            {
                using var far = new TcpClient();
                await far.ConnectAsync(address.Host, address.Port);
                await Task.WhenAny(ForwardAsync(near.GetStream(), far.GetStream()), far.GetStream().CopyToAsync(near.GetStream()));
            }
        }

        /// <summary>Passes the client's messages on, one by one: those before the connection is set up have a length only, the others a letter and a length.</summary>
        private async Task ForwardAsync(NetworkStream from, NetworkStream to)
        {
            var isSetUp = false;
            var letter = new byte[1];
            var length = new byte[4];
            while (true)
            {
                if (isSetUp)
                {
                    await from.ReadExactlyAsync(letter);
                    await to.WriteAsync(letter);
                }

                await from.ReadExactlyAsync(length);
                var body = new byte[BinaryPrimitives.ReadInt32BigEndian(length) - length.Length];
                await from.ReadExactlyAsync(body);

                // What Npgsql resets a connection from its pool with travels along with the next statement.
                if (isSetUp && letter[0] is (byte)'S' or (byte)'Q' && !Encoding.ASCII.GetString(body).StartsWith("DISCARD", StringComparison.Ordinal))
                {
                    Interlocked.Increment(ref _tunnel._roundTrips);
                }

                await to.WriteAsync(length);
                await to.WriteAsync(body);

                // SSLRequest and GSSENCRequest are eight bytes long; the startup message is longer and the last of its kind.
                isSetUp |= body.Length > 4;
            }
        }
    }
}
