namespace LettaPS.Sandbox.Http;

/// <summary>An effect and the requests that it meets.</summary>
public sealed record Fault(FaultEffect Effect)
{
    private int _seen;

    /// <summary>GET, POST, …, or any.</summary>
    public string? Method { get; init; }

    /// <summary>The path, with <c>*</c> for any one segment and <c>**</c> for any rest.</summary>
    public string Path { get; init; } = "/**";

    /// <summary>Only requests about this agent.</summary>
    public string? AgentId { get; init; }

    /// <summary>How many matching requests go unharmed before the first that does not.</summary>
    public int Skip { get; init; }

    /// <summary>How many requests it meets; all if left out.</summary>
    public int? Times { get; init; }

    internal bool Meets(HttpRequest request)
    {
        var path = request.Path.Value ?? "/";
        if ((Method is not null && Method != request.Method)
            || !PathPattern.Matches(Path, path)
            || (AgentId is not null && !path.Split('/').Contains(AgentId)))
        {
            return false;
        }

        var number = Interlocked.Increment(ref _seen) - Skip;
        return number > 0 && (Times is null || number <= Times);
    }
}
