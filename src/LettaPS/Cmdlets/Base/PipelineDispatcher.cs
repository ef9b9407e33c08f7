using System.Collections.Concurrent;

namespace LettaPS.Cmdlets.Base;

/// <summary>
/// Lets work that runs on tasks speak through the pipeline thread. The work posts actions (write an object, ask for confirmation); the
/// pipeline thread runs them. When the pipeline ends early the work is cancelled, and is over, clean-up included, before the pump returns.
/// </summary>
internal sealed class PipelineDispatcher : IDisposable
{
    /// <summary>Actions that may wait for the pipeline thread before whoever posts more has to wait.</summary>
    private const int Capacity = 64;

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<Action> _actions = new();

    // Neither semaphore is disposed: a task that ends late may still signal, and without a wait handle there is nothing to free.
    private readonly SemaphoreSlim _free = new(Capacity);
    private readonly SemaphoreSlim _signal = new(0);
    private Task? _work;

    /// <summary>Starts the work on the thread pool.</summary>
    /// <param name="work">What to do; its token is cancelled when the pipeline ends early.</param>
    public void Start(Func<CancellationToken, Task> work) => _work = Task.Run(() => work(_stop.Token));

    /// <summary>Called by the work: has an action run on the pipeline thread, in order, without waiting for it.</summary>
    /// <param name="action">What to run there.</param>
    public async ValueTask PostAsync(Action action)
    {
        await _free.WaitAsync(_stop.Token).ConfigureAwait(false);
        _actions.Enqueue(action);
        _signal.Release();
    }

    /// <summary>Called by the work: has an action run on the pipeline thread, unless too many wait there already.</summary>
    /// <param name="action">What to run there.</param>
    /// <returns>Whether it will run.</returns>
    public bool TryPost(Action action)
    {
        if (!_free.Wait(0))
        {
            return false;
        }

        _actions.Enqueue(action);
        _signal.Release();
        return true;
    }

    /// <summary>Called by the work: has a question answered on the pipeline thread.</summary>
    /// <param name="question">What to ask there.</param>
    public async Task<T> AskAsync<T>(Func<T> question)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var cancelled = _stop.Token.Register(() => answer.TrySetCanceled(_stop.Token)).ConfigureAwait(false);
        await PostAsync(() => answer.TrySetResult(question())).ConfigureAwait(false);
        return await answer.Task.ConfigureAwait(false);
    }

    /// <summary>Called by the pipeline thread: runs actions until a task is over, however it ended.</summary>
    /// <param name="until">The task to wait for.</param>
    /// <exception cref="OperationCanceledException">The pump was cancelled; the work has cleaned up.</exception>
    /// <remarks>What an action throws (the pipeline was stopped, something downstream failed) comes out of here after the work has cleaned up.</remarks>
    public void RunUntil(Task until)
    {
        // The extra signal only wakes the loop below; a signal without an action is harmless.
        _ = until.ContinueWith(_ => _signal.Release(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            while (!until.IsCompleted)
            {
                _signal.Wait(_stop.Token);
                RunPending();
            }

            RunPending();
        }
        catch
        {
            Abort();
            throw;
        }
    }

    /// <summary>Called by the pipeline thread: runs actions until the work is over.</summary>
    /// <returns>What the work threw, or <see langword="null"/>.</returns>
    /// <exception cref="OperationCanceledException">The pump was cancelled; the work has cleaned up.</exception>
    public Exception? Finish()
    {
        if (_work is not { } work)
        {
            return null;
        }

        RunUntil(work);
        _work = null;
        return work.IsCanceled ? new OperationCanceledException() : work.Exception?.InnerException;
    }

    /// <summary>Tells the work to stop, without waiting. Called from any thread.</summary>
    public void Cancel() => _stop.Cancel();

    /// <summary>Tells the work to stop and waits until it has cleaned up.</summary>
    public void Abort()
    {
        _stop.Cancel();
        if (_work is not { } work)
        {
            return;
        }

        _work = null;

        // What the aborted work throws is of no interest any more: the pipeline is already ending for a reason of its own.
        work.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Wait();
        _actions.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Abort();
        _stop.Dispose();
    }

    private void RunPending()
    {
        while (_actions.TryDequeue(out var action))
        {
            _free.Release();
            action();
        }
    }
}
