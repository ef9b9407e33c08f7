using System.Diagnostics;

namespace LettaPS.Sandbox.Http;

/// <summary>What was asked of the server, in the order of arrival.</summary>
public sealed class RequestLog
{
    private readonly Lock _gate = new();
    private readonly List<RequestEntry> _entries = [];
    private readonly List<(Func<RequestLog, bool> Condition, TaskCompletionSource Source)> _waiting = [];
    private readonly long _start = Stopwatch.GetTimestamp();
    private int _running;

    /// <summary>A copy of the entries so far.</summary>
    public IReadOnlyList<RequestEntry> Entries
    {
        get
        {
            lock (_gate)
            {
                return [.. _entries];
            }
        }
    }

    /// <summary>How many requests are being answered now.</summary>
    public int Running
    {
        get
        {
            lock (_gate)
            {
                return _running;
            }
        }
    }

    /// <summary>How many requests were being answered at the same time, at the most.</summary>
    public int Peak { get; private set; }

    /// <summary>How many requests there were.</summary>
    /// <param name="method">GET, POST, …, or any.</param>
    /// <param name="path">A path with <c>*</c> for any one segment, or any.</param>
    public int Count(string? method = null, string? path = null) => Of(method, path).Count();

    /// <summary>The entries of a method and path, as for <see cref="Count"/>.</summary>
    public IEnumerable<RequestEntry> Of(string? method = null, string? path = null) =>
        Entries.Where(e => (method is null || e.Method == method) && (path is null || PathPattern.Matches(path, e.Path)));

    /// <summary>How many requests of a method and path were being answered at the same time, at the most.</summary>
    public int PeakOf(string? method = null, string? path = null)
    {
        var moments = Of(method, path).SelectMany(e => new[] { (e.Started, 1), (e.Ended ?? TimeSpan.MaxValue, -1) }).Order();
        var (now, peak) = (0, 0);
        foreach (var (_, step) in moments)
        {
            peak = Math.Max(peak, now += step);
        }

        return peak;
    }

    /// <summary>Completes when a condition holds, which is looked at whenever a request begins or ends: so many are running, none is, …</summary>
    public async Task WhenAsync(Func<RequestLog, bool> condition, CancellationToken cancellationToken = default)
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiting.Add((condition, source));
            Look();
        }

        await source.Task.WaitAsync(cancellationToken);
    }

    public void Clear()
    {
        lock (_gate)
        {
            _entries.Clear();
            Peak = _running;
        }
    }

    internal RequestEntry Begin(HttpRequest request)
    {
        var entry = new RequestEntry(request, Stopwatch.GetElapsedTime(_start));
        lock (_gate)
        {
            _entries.Add(entry);
            Peak = Math.Max(Peak, ++_running);
            Look();
        }

        return entry;
    }

    internal void End(RequestEntry entry)
    {
        lock (_gate)
        {
            entry.Ended = Stopwatch.GetElapsedTime(_start);
            _running--;
            Look();
        }
    }

    private void Look() => _waiting.RemoveAll(w => w.Condition(this) && w.Source.TrySetResult());
}
