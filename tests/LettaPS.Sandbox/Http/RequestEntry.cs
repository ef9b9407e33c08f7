namespace LettaPS.Sandbox.Http;

/// <summary>A request that the server got.</summary>
public sealed class RequestEntry
{
    internal RequestEntry(HttpRequest request, TimeSpan started)
    {
        Method = request.Method;
        Path = request.Path.Value ?? "/";
        Query = request.QueryString.Value ?? string.Empty;
        Headers = request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        Started = started;
    }

    public string Method { get; }

    public string Path { get; }

    /// <summary>The query with its question mark, or nothing.</summary>
    public string Query { get; }

    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>The status that was answered; 0 while none was, or if the connection was cut before.</summary>
    public int Status { get; internal set; }

    /// <summary>When it arrived, since the server's start.</summary>
    public TimeSpan Started { get; }

    /// <summary>When its answer was written or its client gone; nothing while it runs.</summary>
    public TimeSpan? Ended { get; internal set; }

    /// <summary>Whether the client went away, or the server cut the connection, before the answer was whole.</summary>
    public bool Aborted { get; internal set; }

    /// <summary>What went wrong inside the sandbox, which is a bug of it: the client got a 500 without a body.</summary>
    public Exception? Failure { get; internal set; }

    public override string ToString() => $"{Method} {Path}{Query} -> {Status}";
}
