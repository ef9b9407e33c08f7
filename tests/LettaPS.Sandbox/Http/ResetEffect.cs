namespace LettaPS.Sandbox.Http;

/// <summary>The connection is reset in the middle of the answer.</summary>
/// <param name="afterBytes">How much of the body is sent before, at the most.</param>
public sealed class ResetEffect(long afterBytes) : FaultEffect
{
    internal override Task MeetAsync(HttpContext http, Func<Task> answer, CancellationToken gone)
    {
        return WriteIntoAsync(http, new CutStream(http.Response.Body, afterBytes, ResetAsync), answer, gone);

        Task ResetAsync()
        {
            http.Abort();
            return Task.Delay(Timeout.Infinite, gone);
        }
    }
}
