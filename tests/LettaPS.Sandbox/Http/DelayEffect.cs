namespace LettaPS.Sandbox.Http;

/// <summary>The request is answered late.</summary>
/// <param name="delay">How much later than without the fault.</param>
public sealed class DelayEffect(TimeSpan delay) : FaultEffect
{
    internal override async Task MeetAsync(HttpContext http, Func<Task> answer, CancellationToken gone)
    {
        await Task.Delay(delay, gone);
        await answer();
    }
}
