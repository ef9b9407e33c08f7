using System.Diagnostics;
using System.Net;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.LettaCode;

/// <summary>What LettaPS says of an App Server of Letta Code.</summary>
public sealed class AppServerTests
{
    [Theory]
    [InlineData(HttpStatusCode.SwitchingProtocols)]
    [InlineData(HttpStatusCode.Unauthorized)]
    [InlineData(HttpStatusCode.Forbidden)]
    public async Task Connect_Letta_says_what_it_is_and_what_LettaPS_does_for_it(HttpStatusCode toWebSockets)
    {
        await using var server = new AppServer(toWebSockets);
        using var shell = new Shell();

        AssertAppServer(shell, server.BaseUri);
    }

    [Fact]
    public async Task A_server_that_answers_404_to_everything_is_not_taken_for_an_App_Server()
    {
        await using var server = new AppServer(HttpStatusCode.NotFound);
        using var shell = new Shell();

        var error = Assert.Single(shell.Run("Connect-Letta $args[0]", server.BaseUri).Errors);

        Assert.StartsWith("InvalidServer,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_App_Server_of_the_newest_Letta_Code_is_recognised()
    {
        await using var client = LettaCodeClient.Open();
        var port = FreePort.Next();
        using var server = client.StartServer(port);
        using var shell = new Shell();
        try
        {
            await WaitAsync(port, server);
            AssertAppServer(shell, new Uri($"http://127.0.0.1:{port}"));
        }
        finally
        {
            server.Kill(entireProcessTree: true);
            await server.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    private static void AssertAppServer(Shell shell, Uri address)
    {
        var error = Assert.Single(shell.Run("Connect-Letta $args[0]", address).Errors);

        Assert.StartsWith("AppServerNotSupported,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("is an App Server of Letta Code", error.Exception.Message, StringComparison.Ordinal);
        Assert.Contains(": ConvertTo-LettaCodeAgent -Path", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Empty(shell.Run("Get-LettaConnection").Succeed());
    }

    private static async Task WaitAsync(int port, Process server)
    {
        using var http = new HttpClient();
        while (!server.HasExited)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{port}/"), TestContext.Current.CancellationToken);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }
        }

        throw new InvalidOperationException("The App Server ended.");
    }

    /// <summary>Answers 404 to every path, as an App Server does, and to WebSockets at <c>/ws</c> what it is told.</summary>
    private sealed class AppServer : IAsyncDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly Task _work;

        public AppServer(HttpStatusCode toWebSockets)
        {
            BaseUri = new Uri($"http://127.0.0.1:{FreePort.Next()}/");
            _listener.Prefixes.Add(BaseUri.ToString());
            _listener.Start();
            _work = ServeAsync(toWebSockets);
        }

        public Uri BaseUri { get; }

        public async ValueTask DisposeAsync()
        {
            _listener.Close();
            await _work;
        }

        private async Task ServeAsync(HttpStatusCode toWebSockets)
        {
            while (true)
            {
                HttpListenerContext context;
                try
                {
                    context = await _listener.GetContextAsync();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                var isSocket = context.Request.IsWebSocketRequest && context.Request.Url!.AbsolutePath == "/ws";
                if (isSocket && toWebSockets == HttpStatusCode.SwitchingProtocols)
                {
                    _ = await context.AcceptWebSocketAsync(subProtocol: null);
                    continue;
                }

                context.Response.StatusCode = (int)(isSocket ? toWebSockets : HttpStatusCode.NotFound);
                context.Response.Close();
            }
        }
    }
}
