using System.Management.Automation;
using LettaPS.Core.Text;

namespace LettaPS.Cmdlets.Base;

/// <summary>
/// One progress bar for things done and bytes moved. Shows nothing in the first second, and then, whether anything moves or not, five times a second.
/// </summary>
/// <param name="activity">What is being done.</param>
/// <param name="things">What is counted, in the plural; empty where nothing is.</param>
/// <param name="show">Has a record made and shown, or says that the pipeline is too busy; called from any thread.</param>
internal sealed class ProgressBar(string activity, string things, Func<Func<ProgressRecord>, bool> show)
{
    private const int ActivityId = 8283;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(200);

    private int _waiting;
    private volatile bool _shown;
    private long _bytes;
    private long _done;
    private volatile string? _note;
    private volatile Wait? _wait;

    /// <summary>How many things there are, once it is known.</summary>
    public long? Total { get; set; }

    /// <summary>Says what is being done, instead of how many things are done.</summary>
    public void SetStatus(string note) => _note = note;

    /// <summary>Shows for some time why nothing moves.</summary>
    /// <param name="wait">How long.</param>
    public void SetWait(string reason, TimeSpan wait) => _wait = new Wait(reason, TimeProvider.System.GetTimestamp(), wait);

    /// <summary>Bytes have moved.</summary>
    public void AddBytes(long bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>One more thing is done.</summary>
    public void AddDone() => Interlocked.Increment(ref _done);

    /// <summary>The last record, which takes the bar away.</summary>
    public ProgressRecord Completed => new(ActivityId, UntrustedText.ForConsole(activity), Status()) { RecordType = ProgressRecordType.Completed };

    /// <summary>Whether the bar was ever shown.</summary>
    public bool Shown => _shown;

    /// <summary>Begins to show it; disposing of what is returned ends that.</summary>
    public IAsyncDisposable Begin() => new Timer(_ => Show(), null, s_patience, s_interval);

    private void Show()
    {
        // A pipeline that is busy elsewhere would otherwise show one old state after another when it comes back.
        if (Interlocked.Exchange(ref _waiting, 1) != 0)
        {
            return;
        }

        // Known here and not when it is shown: the work may be over by then, and the bar must be taken away all the same.
        if (show(Current))
        {
            _shown = true;
        }
        else
        {
            _waiting = 0;
        }
    }

    private ProgressRecord Current()
    {
        _waiting = 0;
        return new ProgressRecord(ActivityId, UntrustedText.ForConsole(activity), Status()) { PercentComplete = Total is > 0 ? (int)(100 * Interlocked.Read(ref _done) / Total.Value) : -1 };
    }

    private string Status()
    {
        var bytes = Interlocked.Read(ref _bytes);
        var of = Total is { } total ? $" of {total}" : string.Empty;
        var status = UntrustedText.ForConsole(_wait is { IsOver: false } wait ? wait.Reason : _note ?? $"{Interlocked.Read(ref _done)}{of} {things}");
        return bytes == 0 ? status : $"{status}, {Formatting.Size(bytes)}";
    }

    private sealed record Wait(string Reason, long Begun, TimeSpan Length)
    {
        public bool IsOver => TimeProvider.System.GetElapsedTime(Begun) > Length;
    }
}
