using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LettaPS.Adapters.Tests.Http;

/// <summary>Answers each connection with the next of its texts, byte for byte, and keeps the requests.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private readonly List<string> _requests = [];

    public ScriptedServer(params string[] answers)
    {
        _listener.Start();
        _work = ServeAsync(new Queue<string>(answers));
    }

    public Uri BaseUri => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public int Requests => _requests.Count;

    /// <summary>The first lines of the requests.</summary>
    public IReadOnlyList<string> RequestLines => _requests;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task ServeAsync(Queue<string> answers)
    {
        while (answers.TryDequeue(out var answer))
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
                _requests.Add(await reader.ReadLineAsync(_stop.Token) ?? string.Empty);
                while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 })
                {
                }

                await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), _stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                return;
            }
        }
    }
}
