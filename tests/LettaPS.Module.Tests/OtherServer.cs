using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LettaPS.Module.Tests;

/// <summary>Something at a port that is not Letta: it answers every connection with the same bytes; with none, it only listens.</summary>
internal sealed class OtherServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<TcpClient> _clients = [];
    private Task _serving = Task.CompletedTask;

    public Uri BaseUri => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>How many connections it took.</summary>
    public int Connections => _clients.Count;

    /// <param name="answer">What it answers.</param>
    /// <param name="hangsUp">Whether it closes a connection without an answer.</param>
    public static Task<OtherServer> StartAsync(string answer, bool hangsUp = false)
    {
        var server = new OtherServer();
        server._listener.Start();
        server._serving = server.ServeAsync(Encoding.ASCII.GetBytes(answer), hangsUp);
        return Task.FromResult(server);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _clients.ForEach(c => c.Dispose());
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync(byte[] answer, bool hangsUp)
    {
        var buffer = new byte[4096];
        while (true)
        {
            try
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _clients.Add(client);
                if (answer.Length > 0 || hangsUp)
                {
                    await client.GetStream().ReadAtLeastAsync(buffer, 1, throwOnEndOfStream: false, _stop.Token);
                    await client.GetStream().WriteAsync(answer, _stop.Token);
                    client.Client.Shutdown(SocketShutdown.Send);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
