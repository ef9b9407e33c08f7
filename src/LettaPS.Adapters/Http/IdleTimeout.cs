namespace LettaPS.Adapters.Http;

/// <summary>Cancels when nothing has arrived for too long. Each part that arrives starts the time anew.</summary>
internal sealed class IdleTimeout : IDisposable
{
    private readonly TimeSpan _limit;
    private readonly CancellationTokenSource _source;

    public IdleTimeout(TimeSpan limit, CancellationToken cancellationToken)
    {
        _limit = limit;
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Restart();
    }

    /// <summary>Cancelled by the time limit or by the caller.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Something has arrived.</summary>
    public void Restart() => _source.CancelAfter(_limit);

    public void Dispose() => _source.Dispose();
}
