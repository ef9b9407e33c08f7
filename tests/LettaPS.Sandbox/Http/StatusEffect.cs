namespace LettaPS.Sandbox.Http;

/// <summary>The request is answered with a status and a body of one's choice.</summary>
/// <param name="status">The status.</param>
/// <param name="body">The body; a <c>detail</c> if left out.</param>
/// <param name="contentType">What the body says it is.</param>
/// <param name="retryAfter">Seconds for a Retry-After header.</param>
public sealed class StatusEffect(int status, string? body = null, string contentType = "application/json", int? retryAfter = null) : FaultEffect
{
    /// <summary>Whether the server does what it is asked all the same; else nothing happens on it.</summary>
    public bool Done { get; init; }

    /// <summary>The page of a proxy or of another service on the port: HTML where JSON was expected.</summary>
    public static StatusEffect Html(int status = 200) => new(
        status,
        "<!DOCTYPE html>\n<html><head><title>Welcome to nginx!</title></head><body><h1>Welcome to nginx!</h1></body></html>\n",
        "text/html");

    /// <summary>A list of a list of a list … of nothing.</summary>
    public static StatusEffect DeepJson(int depth = 100_000) => new(200, new string('[', depth) + new string(']', depth));

    internal override async Task MeetAsync(HttpContext http, Func<Task> answer, CancellationToken gone)
    {
        if (Done)
        {
            await WriteIntoAsync(http, Stream.Null, answer, gone);
        }

        var instead = body is null ? Answer.Detail(status, "Fault of the sandbox", retryAfter) : Answer.Of(body, contentType, status, retryAfter);
        await instead.WriteAsync(http.Response, gone);
    }
}
