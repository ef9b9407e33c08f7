using System.Collections.Concurrent;

namespace LettaPS.Completion;

/// <summary>
/// What servers and engines were asked for completion, for a few seconds: one press of Tab does not wait long, and the next ones do not ask again. Asking goes on
/// behind a press that has given up, so that the next finds more.
/// </summary>
internal sealed class CompletionCache
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_lifetime = TimeSpan.FromSeconds(15);

    private readonly Dictionary<string, Asking> _askings = [];

    /// <summary>The values found so far, at most a second after the call.</summary>
    /// <param name="key">What is asked.</param>
    /// <param name="ask">Asks; given up after ten seconds.</param>
    public IReadOnlyList<Candidate> Get(string key, Func<CancellationToken, IAsyncEnumerable<Candidate>> ask)
    {
        if (!_askings.TryGetValue(key, out var asking) || asking.Age > s_lifetime)
        {
            _askings[key] = asking = new Asking(ask);
        }

        return asking.Wait();
    }

    private sealed class Asking
    {
        private readonly ConcurrentQueue<Candidate> _found = new();
        private readonly long _begun = TimeProvider.System.GetTimestamp();
        private readonly Task _task;
        private bool _waited;

        public Asking(Func<CancellationToken, IAsyncEnumerable<Candidate>> ask) => _task = Task.Run(async () =>
        {
            using var limit = new CancellationTokenSource(s_limit);
            await foreach (var candidate in ask(limit.Token).ConfigureAwait(false))
            {
                _found.Enqueue(candidate);
            }
        });

        public TimeSpan Age => TimeProvider.System.GetElapsedTime(_begun);

        public IReadOnlyList<Candidate> Wait()
        {
            // A server that is away costs its second once.
            if (!_waited)
            {
                _waited = true;
                Task.WaitAny([_task], s_patience);
                _ = _task.ContinueWith(t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }

            return [.. _found];
        }
    }
}
