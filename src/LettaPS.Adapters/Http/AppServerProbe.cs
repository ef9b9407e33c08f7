using System.Net;
using System.Net.WebSockets;

namespace LettaPS.Adapters.Http;

/// <summary>Recognises an App Server of Letta Code, which answers 404 to every path of the V1 API and takes WebSockets at <c>/ws</c> (letta-code 0.32.18).</summary>
internal static class AppServerProbe
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>Whether an App Server listens at an address.</summary>
    /// <param name="baseUri">The address.</param>
    public static async Task<bool> IsAppServerAsync(Uri baseUri, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        try
        {
            await socket.ConnectAsync(new UriBuilder(baseUri.Scheme == Uri.UriSchemeHttps ? "wss" : "ws", baseUri.Host, baseUri.Port, "/ws").Uri, patience.Token).ConfigureAwait(false);
            return true;
        }
        catch (WebSocketException)
        {
            // One that asks for a token says so only where it is.
            return socket.HttpStatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
