using System.Net;
using System.Net.Sockets;
using LettaPS.Core.Connections;
using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Servers;

namespace LettaPS.Adapters.Docker;

/// <summary>A loopback listener, each of whose connections is carried by a program in a container that connects to a port of the container or of a host that it knows.</summary>
internal sealed class ExecTunnel : IOpenTunnel
{
    // Carries one connection between the program's standard streams and the port $2 of the host $1, with what the container has: bash or perl in Debian's
    // images, nc in Alpine's. Whichever side ends first ends the
    // connection. Every process is waited for, see DockerEngine.WatchedScript.
    private const string CarryScript =
        """
        if command -v bash >/dev/null; then
            exec bash -c 'exec 3<>"/dev/tcp/$1/$2" || exit 66; exec 4<&0; cat <&4 >&3 & w=$!; cat <&3 4<&- & r=$!; exec 3>&- 4<&-; wait -n; kill $w $r; wait' bash "$1" "$2" 2>/dev/null
        elif command -v perl >/dev/null; then
            exec perl -MIO::Socket::INET -e '
                my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1]) or exit 66;
                sub carry { my ($from, $to) = @_; while (sysread $from, my $b, 65536) { my $o = 0; while ($o < length $b) { $o += syswrite $to, $b, length($b) - $o, $o or return } } }
                my $p = fork;
                if ($p == 0) { carry(\*STDIN, $s); shutdown $s, 2; exit 0 }
                carry($s, \*STDOUT);
                kill TERM => $p;
                waitpid $p, 0' "$1" "$2"
        elif command -v nc >/dev/null; then
            exec nc "$1" "$2"
        else
            exit 67
        fi
        """;

    private const int NothingToConnectWith = 67;

    private readonly DockerEngine _engine;
    private readonly string _container;
    private readonly string _host;
    private readonly ContainerProgram _carrier;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closed = new();
    private readonly HashSet<Task> _connections = [];
    private Task _accepting = Task.CompletedTask;

    private ExecTunnel(DockerEngine engine, string container, string host, int port)
    {
        _engine = engine;
        _container = container;
        _host = host;
        _carrier = new ContainerProgram(host, $"{port}");
    }

    /// <inheritdoc/>
    public IPEndPoint NearEnd => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Tries the way once, so that what is wrong is told now and in words, then listens.</summary>
    public static async Task<ExecTunnel> OpenAsync(DockerEngine engine, string container, string host, int port, CancellationToken cancellationToken)
    {
        var tunnel = new ExecTunnel(engine, container, host, port);
        await tunnel.TryOnceAsync(cancellationToken).ConfigureAwait(false);
        tunnel._listener.Start();
        tunnel._accepting = tunnel.AcceptAsync();
        return tunnel;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        await Task.WhenAll(Connections()).ConfigureAwait(false);
        _closed.Dispose();
    }

    private async Task TryOnceAsync(CancellationToken cancellationToken)
    {
        var run = await _engine.StartProgramAsync(_container, _carrier, CarryScript, cancellationToken).ConfigureAwait(false);
        int exitCode;
        await using (run.ConfigureAwait(false))
        {
            await run.FeedAsync(Stream.Null, cancellationToken).ConfigureAwait(false);
            await run.ReadAsync(Stream.Null, new TailBuffer(0), cancellationToken).ConfigureAwait(false);
            exitCode = await run.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        if (exitCode != 0)
        {
            throw new LettaException(
                ErrorIds.TunnelRefused,
                LettaErrorKind.Connection,
                exitCode == NothingToConnectWith
                    ? "The container has none of bash, perl and nc, one of which carries the connection."
                    : _host == DockerExecTunnel.Loopback
                        ? $"Nothing in the container listens on port {_carrier.Command[1]}."
                        : $"From the container nothing answers at '{_host}', port {_carrier.Command[1]}.",
                exitCode == NothingToConnectWith ? "Publish the port of the database, then connect to it: -DatabaseUri postgresql://<user>:<password>@<host>:5432/<database>" : $"Read its log: {_engine.Command} logs {_container}",
                _container);
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync(_closed.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            var connection = CarryAsync(client);
            lock (_connections)
            {
                _connections.Add(connection);
            }

            _ = connection.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task CarryAsync(Socket socket)
    {
        socket.NoDelay = true;
        var stream = new NetworkStream(socket, ownsSocket: true);
        await using (stream.ConfigureAwait(false))
        {
            try
            {
                var run = await _engine.StartProgramAsync(_container, _carrier, CarryScript, _closed.Token).ConfigureAwait(false);
                await using (run.ConfigureAwait(false))
                {
                    var sending = run.FeedAsync(stream, _closed.Token);
                    await run.ReadAsync(stream, new TailBuffer(0), _closed.Token).ConfigureAwait(false);

                    // The far side is done; closing the socket ends what the near side may still be sending.
                    stream.Close();
                    await sending.ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is LettaException or IOException or SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // To whoever connected, this is a connection that broke off, and is told so by its own socket.
            }
        }
    }

    private Task[] Connections()
    {
        lock (_connections)
        {
            return [.. _connections];
        }
    }

    private void Forget(Task connection)
    {
        lock (_connections)
        {
            _connections.Remove(connection);
        }
    }
}
