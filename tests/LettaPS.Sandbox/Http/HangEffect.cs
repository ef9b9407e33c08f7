namespace LettaPS.Sandbox.Http;

/// <summary>The answer stops and the connection stays, until the client goes.</summary>
/// <param name="afterBytes">How much of the body is sent before; not even the status if left out.</param>
public sealed class HangEffect(long? afterBytes = null) : FaultEffect
{
    internal override Task MeetAsync(HttpContext http, Func<Task> answer, CancellationToken gone) => afterBytes is { } length
        ? WriteIntoAsync(http, new CutStream(http.Response.Body, length, () => Task.Delay(Timeout.Infinite, gone)), answer, gone)
        : Task.Delay(Timeout.Infinite, gone);
}
