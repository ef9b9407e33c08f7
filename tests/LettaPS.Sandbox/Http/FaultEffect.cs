namespace LettaPS.Sandbox.Http;

/// <summary>What goes wrong with a request.</summary>
public abstract class FaultEffect
{
    /// <summary>Before the request is answered: waits, or gives an answer in place of the server's.</summary>
    internal virtual Task<Answer?> BeforeAsync(HttpContext http, CancellationToken gone) => Task.FromResult<Answer?>(null);

    /// <summary>Before the answer is written: may put something between the answer and the connection.</summary>
    internal virtual void Wrap(HttpContext http, CancellationToken stopping)
    {
    }

    /// <summary>After the answer was written.</summary>
    internal virtual Task AfterAsync(HttpContext http, CancellationToken gone) => Task.CompletedTask;
}

/// <summary>The request is answered late.</summary>
/// <param name="delay">How much later than without the fault.</param>
public sealed class DelayEffect(TimeSpan delay) : FaultEffect
{
    internal override async Task<Answer?> BeforeAsync(HttpContext http, CancellationToken gone)
    {
        await Task.Delay(delay, gone);
        return null;
    }
}

/// <summary>The request is answered with a status and a body of one's choice, and nothing happens on the server.</summary>
/// <param name="status">The status.</param>
/// <param name="body">The body; a <c>detail</c> if left out.</param>
/// <param name="contentType">What the body says it is.</param>
/// <param name="retryAfter">Seconds for a Retry-After header.</param>
public sealed class StatusEffect(int status, string? body = null, string contentType = "application/json", int? retryAfter = null) : FaultEffect
{
    internal override Task<Answer?> BeforeAsync(HttpContext http, CancellationToken gone) =>
        Task.FromResult<Answer?>(body is null ? Answer.Detail(status, "Fault of the sandbox", retryAfter) : Answer.Of(body, contentType, status, retryAfter));
}
