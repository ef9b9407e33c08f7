namespace LettaPS.Core.Databases.Swap;

/// <summary>
/// Replaces a database by a new one, as <see cref="SwapPlan"/> decides step by step. Servers that were stopped for it are started again, whatever
/// happens; until the names are swapped, a failure leaves everything as it was.
/// </summary>
/// <param name="host">The servers and the way to their database.</param>
/// <param name="time">The clock.</param>
internal sealed class DatabaseSwap(IDatabaseHost host, TimeProvider time)
{
    // A session whose client is gone may have a statement to end before it notices.
    private static readonly TimeSpan s_sessionGrace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(100);

    private readonly HashSet<string> _stopped = new(StringComparer.Ordinal);
    private string? _inPlace;
    private DatabaseSite? _site;
    private IAsyncDisposable? _lock;

    /// <summary>Replaces the database.</summary>
    /// <param name="plan">Which one, and from what the new one is filled.</param>
    /// <param name="shape">Gives what the new database is to be like, from the server and the old one; <see langword="null"/> there where it does not exist.</param>
    /// <param name="fill">Fills the new database, whose name it is given, and compares it with its source.</param>
    /// <param name="step">Told of each step before it is taken.</param>
    /// <returns>What the old database is called now; <see langword="null"/> where there was none, or it was removed.</returns>
    public async Task<string?> RunAsync(
        SwapPlan plan,
        Func<ClusterState, DatabaseFacts?, DatabaseFacts> shape,
        Func<DatabaseSite, string, CancellationToken, Task> fill,
        Action<SwapStep>? step,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(fill);
        try
        {
            _stopped.UnionWith(await host.ListRunningAsync(cancellationToken).ConfigureAwait(false));
            var servers = _stopped.Count > 0 ? ServersState.Running : ServersState.Stopped;
            await OpenAsync(plan, cancellationToken).ConfigureAwait(false);
            while (true)
            {
                var state = await _site!.Cluster.ReadAsync(cancellationToken).ConfigureAwait(false);
                var work = MarkerOf(state, plan.WorkName);
                var inPlace = MarkerOf(state, plan.Database);
                MarkerOf(state, plan.UnmarkedName);
                var next = plan.Next(state, servers, _inPlace is not null);
                step?.Invoke(next);
                switch (next)
                {
                    case SwapStep.Discard:
                        await _site.Cluster.DropAsync(plan.UnmarkedName, cancellationToken).ConfigureAwait(false);
                        break;
                    case SwapStep.Make:
                        await MakeAsync(plan, state, shape, cancellationToken).ConfigureAwait(false);
                        break;
                    case SwapStep.Publish:
                        await _site.Cluster.DropAsync(plan.WorkName, cancellationToken).ConfigureAwait(false);
                        await _site.Cluster.RenameAsync(plan.UnmarkedName, plan.WorkName, cancellationToken).ConfigureAwait(false);
                        break;
                    case SwapStep.StopServers:
                        await StopServersAsync(plan, cancellationToken).ConfigureAwait(false);
                        servers = ServersState.Stopped;
                        break;
                    case SwapStep.Fill:
                        await EnsureNoOtherSessionsAsync(plan, cancellationToken).ConfigureAwait(false);
                        await CommentAsync(plan.WorkName, work! with { Stage = SwapStage.Filling }, cancellationToken).ConfigureAwait(false);
                        await fill(_site, plan.WorkName, cancellationToken).ConfigureAwait(false);
                        await CommentAsync(plan.WorkName, work with { Stage = SwapStage.Filled }, cancellationToken).ConfigureAwait(false);
                        break;
                    case SwapStep.Swap:
                        await EnsureNoOtherSessionsAsync(plan, cancellationToken).ConfigureAwait(false);
                        var old = state.Find(plan.Database) is null ? null : work!.KeepAs;
                        await _site.Cluster.SwapAsync(plan.Database, plan.WorkName, old, work!.Comment, (work with { Stage = SwapStage.InPlace }).ToComment(), cancellationToken).ConfigureAwait(false);
                        _inPlace = old is null ? "The new database is in place." : $"The new database is in place, and the old one is kept as '{old}'.";
                        break;
                    case SwapStep.StartServers:
                        await StartServersAsync(plan, cancellationToken).ConfigureAwait(false);
                        servers = ServersState.Ready;
                        break;
                    case SwapStep.RemoveOld:
                        foreach (var name in inPlace!.ToRemove)
                        {
                            await _site.Cluster.DropAsync(name, cancellationToken).ConfigureAwait(false);
                        }

                        break;
                    case SwapStep.Finish:
                        await _site.Cluster.CommentAsync(plan.Database, inPlace!.Comment, cancellationToken).ConfigureAwait(false);
                        return state.Find(inPlace.KeepAs)?.Name;
                    default:
                        throw new InvalidOperationException($"Unknown step {next}.");
                }
            }
        }
        catch (Exception e)
        {
            await RollBackAsync(plan, e).ConfigureAwait(false);
            throw;
        }
        finally
        {
            await CloseAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The marker of a database. Whatever run made it, the servers that were stopped for it are to be started in the end.</summary>
    private SwapMarker? MarkerOf(ClusterState state, string database)
    {
        var marker = SwapMarker.Parse(state.Find(database)?.Comment);
        _stopped.UnionWith(marker?.Stopped ?? []);
        return marker;
    }

    private async Task OpenAsync(SwapPlan plan, CancellationToken cancellationToken)
    {
        _site = await host.OpenAsync(cancellationToken).ConfigureAwait(false);
        _lock = await _site.Cluster.LockAsync(plan.Database, cancellationToken).ConfigureAwait(false);
    }

    private async Task CloseAsync()
    {
        if (_lock is not null)
        {
            await _lock.DisposeAsync().ConfigureAwait(false);
            _lock = null;
        }

        if (_site is not null)
        {
            await _site.DisposeAsync().ConfigureAwait(false);
            _site = null;
        }
    }

    private async Task MakeAsync(SwapPlan plan, ClusterState state, Func<ClusterState, DatabaseFacts?, DatabaseFacts> shape, CancellationToken cancellationToken)
    {
        var current = state.Find(plan.Database);
        DatabaseFacts? facts = null;
        if (current is not null)
        {
            var view = await _site!.Cluster.ViewAsync(plan.Database, cancellationToken).ConfigureAwait(false);
            await using (view.ConfigureAwait(false))
            {
                facts = view.Facts;
            }
        }

        // A run that was killed a moment ago may have kept one under the name of this very second.
        var keptAt = time.GetUtcNow();
        while (state.Find(plan.NameToKeep(keptAt)) is not null)
        {
            keptAt = keptAt.AddSeconds(1);
        }

        var unfinished = SwapMarker.Parse(current?.Comment);
        var marker = new SwapMarker
        {
            Source = plan.Source,
            Stage = SwapStage.Made,
            Stopped = [.. _stopped],
            KeepAs = plan.NameToKeep(keptAt),
            RemoveOld = plan.RemoveOld,
            Earlier = [.. unfinished?.ToRemove ?? []],
            Comment = unfinished is null ? current?.Comment : unfinished.Comment,
        };
        await _site!.Cluster.CreateAsync(plan.UnmarkedName, shape(state, facts), marker.ToComment(), cancellationToken).ConfigureAwait(false);
    }

    private async Task EnsureNoOtherSessionsAsync(SwapPlan plan, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        while (plan.SparesOthers && await _site!.Cluster.ListSessionsAsync(plan.Database, cancellationToken).ConfigureAwait(false) is { Count: > 0 } sessions)
        {
            if (time.GetElapsedTime(begun) > s_sessionGrace)
            {
                throw DatabaseProblems.InUse(plan.Database, sessions);
            }

            await Task.Delay(s_pollInterval, cancellationToken).ConfigureAwait(false);
        }
    }

    private Task CommentAsync(string database, SwapMarker marker, CancellationToken cancellationToken) =>
        _site!.Cluster.CommentAsync(database, marker.ToComment(), cancellationToken);

    /// <remarks>Where the database is in the server's own container, stopping or starting that changes the way to it.</remarks>
    private async Task StopServersAsync(SwapPlan plan, CancellationToken cancellationToken)
    {
        if (host.IsEmbedded)
        {
            await CloseAsync().ConfigureAwait(false);
        }

        await host.StopAsync(cancellationToken).ConfigureAwait(false);
        if (_site is null)
        {
            await OpenAsync(plan, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task StartServersAsync(SwapPlan plan, CancellationToken cancellationToken)
    {
        if (host.IsEmbedded && _stopped.Count > 0)
        {
            await CloseAsync().ConfigureAwait(false);
        }

        await host.StartAsync(_stopped, wait: true, cancellationToken).ConfigureAwait(false);
        if (_site is null)
        {
            await OpenAsync(plan, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>After a failure: the unfinished database goes, the servers come back. Nothing here can be cancelled.</summary>
    private async Task RollBackAsync(SwapPlan plan, Exception failure)
    {
        var problems = new List<string>();
        if (_inPlace is not null)
        {
            problems.Add(_inPlace);
        }

        // The unfinished database knows what was stopped, and so outlives that, unless it is only there while the server is not.
        if (!host.IsEmbedded)
        {
            await StartAgainAsync(problems).ConfigureAwait(false);
        }

        if (_site is not null)
        {
            try
            {
                if (_inPlace is not null)
                {
                    // The servers run on it from here on, and what they write makes it a database like any other.
                    var state = await _site.Cluster.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                    await _site.Cluster.CommentAsync(plan.Database, MarkerOf(state, plan.Database)?.Comment, CancellationToken.None).ConfigureAwait(false);
                }

                await _site.Cluster.DropAsync(plan.UnmarkedName, CancellationToken.None).ConfigureAwait(false);
                await _site.Cluster.DropAsync(plan.WorkName, CancellationToken.None).ConfigureAwait(false);
            }
            catch (LettaException e)
            {
                problems.Add($"The unfinished database '{plan.WorkName}' could not be removed ({e.Message.TrimEnd('.')}); the next run does that.");
            }
        }

        await CloseAsync().ConfigureAwait(false);
        if (host.IsEmbedded)
        {
            await StartAgainAsync(problems).ConfigureAwait(false);
        }

        if (problems.Count > 0)
        {
            var cause = failure as LettaException;
            throw new LettaException(
                cause?.ErrorId ?? "DatabaseWorkInterrupted",
                cause?.Kind ?? LettaErrorKind.ServerFault,
                $"{failure.Message} {string.Join(' ', problems)}",
                cause?.RecommendedAction ?? "Run the same command again: it finishes what was begun.",
                plan.Database,
                failure);
        }
    }

    private async Task StartAgainAsync(List<string> problems)
    {
        try
        {
            await host.StartAsync(_stopped, wait: false, CancellationToken.None).ConfigureAwait(false);
        }
        catch (LettaException e)
        {
            problems.Add($"What was stopped could not be started again ({e.Message.TrimEnd('.')}). Start it: docker start {string.Join(' ', _stopped)}");
        }
    }
}
