namespace LettaPS.Core.Restores;

/// <summary>Lets imports run side by side, and a clean-up alone.</summary>
/// <param name="imports">How many imports may run side by side.</param>
internal sealed class ImportGate(int imports) : IDisposable
{
    private readonly SemaphoreSlim _places = new(imports);
    private readonly SemaphoreSlim _alone = new(1);

    /// <summary>Takes a place for an import.</summary>
    /// <param name="cancel">Gives up.</param>
    public Task EnterAsync(CancellationToken cancel) => _places.WaitAsync(cancel);

    /// <summary>Gives the place back.</summary>
    public void Leave() => _places.Release();

    /// <summary>Runs something while nobody imports.</summary>
    /// <param name="work">What to run.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task RunAloneAsync(Func<Task> work, CancellationToken cancel)
    {
        await _alone.WaitAsync(cancel).ConfigureAwait(false);
        var taken = 0;
        try
        {
            for (; taken < imports; taken++)
            {
                await _places.WaitAsync(cancel).ConfigureAwait(false);
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
