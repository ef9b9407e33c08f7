namespace LettaPS.Core.Restores.Api;

/// <summary>Lets imports run side by side, and a clean-up alone.</summary>
/// <param name="imports">How many imports may run side by side.</param>
internal sealed class ImportThrottle(int imports) : IDisposable
{
    private readonly SemaphoreSlim _places = new(imports);
    private readonly SemaphoreSlim _alone = new(1);

    /// <summary>Takes a place for an import.</summary>
    public Task EnterAsync(CancellationToken cancellationToken) => _places.WaitAsync(cancellationToken);

    /// <summary>Gives the place back.</summary>
    public void Leave() => _places.Release();

    /// <summary>Runs something while nobody imports.</summary>
    /// <param name="work">What to run.</param>
    public async Task RunAloneAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        await _alone.WaitAsync(cancellationToken).ConfigureAwait(false);
        var taken = 0;
        try
        {
            for (; taken < imports; taken++)
            {
                await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            await work().ConfigureAwait(false);
        }
        finally
        {
            if (taken > 0)
            {
                _places.Release(taken);
            }

            _alone.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _places.Dispose();
        _alone.Dispose();
    }
}
