using System.Globalization;
using System.Management.Automation;

namespace LettaPS.Async;

/// <summary>One progress bar for things done and bytes moved. Shows nothing in the first second, and then at most five times a second.</summary>
/// <param name="activity">What is being done.</param>
/// <param name="things">What is counted, in the plural; empty where nothing is.</param>
/// <param name="show">Shows a record, or drops it when the pipeline is busy; called from any thread.</param>
internal sealed class ProgressBar(string activity, string things, Action<ProgressRecord> show)
{
    private const int ActivityId = 8283;

    private static readonly long s_patience = TimeSpan.TicksPerSecond;
    private static readonly long s_interval = TimeSpan.TicksPerMillisecond * 200;

    private readonly long _begun = DateTime.UtcNow.Ticks;
    private long _shownAt;
    private long _bytes;
    private long _done;
    private volatile string? _note;

    /// <summary>How many things there are, once it is known.</summary>
    public long? Total { get; set; }

    /// <summary>Says what is being done, instead of how many things are done.</summary>
    public void Tell(string note)
    {
        _note = note;
        Update();
    }

    /// <summary>Bytes have moved.</summary>
    public void AddBytes(long bytes)
    {
        Interlocked.Add(ref _bytes, bytes);
        Update();
    }

    /// <summary>One more thing is done.</summary>
    public void AddDone()
    {
        Interlocked.Increment(ref _done);
        Update();
    }

    /// <summary>The last record, which takes the bar away.</summary>
    public ProgressRecord Completed => new(ActivityId, activity, Status()) { RecordType = ProgressRecordType.Completed };

    /// <summary>Whether the bar was ever shown.</summary>
    public bool Shown => Interlocked.Read(ref _shownAt) > 0;

    private void Update()
    {
        var now = DateTime.UtcNow.Ticks;
        var shownAt = Interlocked.Read(ref _shownAt);
        if (now - _begun < s_patience || now - shownAt < s_interval || Interlocked.CompareExchange(ref _shownAt, now, shownAt) != shownAt)
        {
            return;
        }

        show(new ProgressRecord(ActivityId, activity, Status()) { PercentComplete = Total is > 0 ? (int)(100 * Interlocked.Read(ref _done) / Total.Value) : -1 });
    }

    private string Status()
    {
        if (_note is { } note)
        {
            var bytes = Interlocked.Read(ref _bytes);
            return bytes == 0 ? note : $"{note}, {Formatting.Size(bytes)}";
        }

        var done = Interlocked.Read(ref _done);
        var of = Total is { } total ? $" of {total}" : string.Empty;
        return string.Create(CultureInfo.InvariantCulture, $"{done}{of} {things}, {Interlocked.Read(ref _bytes) / 1048576.0:N1} MB");
    }
}
