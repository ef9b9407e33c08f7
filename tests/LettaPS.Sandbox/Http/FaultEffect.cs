namespace LettaPS.Sandbox.Http;

/// <summary>What goes wrong with a request. One effect may meet many requests, also at the same time.</summary>
public abstract class FaultEffect
{
    /// <summary>Stands between a request and its answer.</summary>
    /// <param name="http">The request.</param>
    /// <param name="answer">Decides and writes the answer; what does not call it keeps the request from the server.</param>
    /// <param name="gone">When the client has gone or the server stops.</param>
    internal abstract Task MeetAsync(HttpContext http, Func<Task> answer, CancellationToken gone);

    /// <summary>Lets the answer be written into another stream.</summary>
    private protected static async Task WriteIntoAsync(HttpContext http, Stream stream, Func<Task> answer, CancellationToken gone)
    {
        var connection = http.Response.Body;
        http.Response.Body = stream;
        await answer();
        await http.Response.BodyWriter.FlushAsync(gone);
        http.Response.Body = connection;
    }
}
