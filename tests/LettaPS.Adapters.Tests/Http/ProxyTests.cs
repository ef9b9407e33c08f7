using System.Net;
using LettaPS.Adapters.Http;

namespace LettaPS.Adapters.Tests.Http;

/// <summary>The proxy of the environment. No other test speaks to a server that is not on this machine, so that the process may have a proxy meanwhile.</summary>
public sealed class ProxyTests : IDisposable
{
    private readonly IWebProxy _before = HttpClient.DefaultProxy;

    [Fact]
    public async Task The_probe_takes_the_proxy_that_requests_take()
    {
        await using var proxy = new ScriptedServer(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        HttpClient.DefaultProxy = new WebProxy(proxy.BaseUri);
        using var probe = new ServerProbe(new LettaConnection(new Uri("http://letta.invalid:8283")));

        Assert.Equal(["127.0.0.1"], await probe.ResolveAsync(TestContext.Current.CancellationToken));
        Assert.True((await probe.GetAsync("health/", TestContext.Current.CancellationToken)).IsSuccess);
        await probe.ConnectAsync(TestContext.Current.CancellationToken);

        Assert.StartsWith("GET http://letta.invalid:8283/v1/health/ ", proxy.RequestLines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handshake_goes_through_a_tunnel_of_the_proxy()
    {
        await using var proxy = new ScriptedServer("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        HttpClient.DefaultProxy = new WebProxy(proxy.BaseUri);
        using var probe = new ServerProbe(new LettaConnection(new Uri("https://letta.invalid:8283")));

        var e = await Assert.ThrowsAsync<LettaException>(() => probe.HandshakeAsync(TestContext.Current.CancellationToken));

        Assert.Equal("ServerUnreachable", e.ErrorId);
        Assert.StartsWith("CONNECT letta.invalid:8283 ", proxy.RequestLines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_on_this_machine_is_never_looked_for_through_a_proxy()
    {
        await using var server = new ScriptedServer("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
        await using var proxy = new ScriptedServer("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        HttpClient.DefaultProxy = new WebProxy(proxy.BaseUri);
        using var http = new HttpTransport(new LettaConnection(server.BaseUri));

        await http.GetAsync("health/", TestContext.Current.CancellationToken);

        Assert.Empty(proxy.RequestLines);
    }

    public void Dispose() => HttpClient.DefaultProxy = _before;
}
