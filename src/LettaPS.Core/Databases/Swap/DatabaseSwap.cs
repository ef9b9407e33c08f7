namespace LettaPS.Core.Databases.Swap;

/// <summary>
/// Replaces a database by a new one, as <see cref="SwapPlan"/> decides step by step. Servers that were stopped for it are started again, whatever
/// happens; until the names are swapped, a failure leaves everything as it was.
/// </summary>
/// <remarks>
/// A run changes something only while the database is its own: it holds the lock, and the work database bears its marker. Both are verified before each
/// step and before each statement that destroys something. A run that never had the lock rolls nothing back, and one that lost it to another run leaves
/// everything to that one, which knows from the marker which servers are to be started.
/// </remarks>
/// <param name="host">The servers and the way to their database.</param>
/// <param name="time">The clock.</param>
internal sealed class DatabaseSwap(IDatabaseHost host, TimeProvider time)
{
    // A session whose client is gone may have a statement to end before it notices.
    private static readonly TimeSpan s_sessionGrace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Servers that are to run in the end: this run or an interrupted one stopped them.</summary>
    private readonly HashSet<string> _toStart = new(StringComparer.Ordinal);

    /// <summary>Servers that this run stopped.</summary>
    private readonly HashSet<string> _stopped = new(StringComparer.Ordinal);

    private readonly List<string> _notStarted = [];

    /// <summary>Databases that this run made, and so may remove.</summary>
    private readonly HashSet<string> _made = new(StringComparer.Ordinal);

    /// <summary>The database that bears this run's marker.</summary>
    private string? _marked;

    private bool _swapped;
    private string? _keptAs;

    /// <summary>Replaces the database.</summary>
    /// <param name="plan">Which one, and from what the new one is filled.</param>
    /// <param name="shape">Gives what the new database is to be like, from the server and the old one; <see langword="null"/> there where it does not exist.</param>
    /// <param name="fill">Fills the new database, whose name it is given, and compares it with its source.</param>
    /// <param name="step">Told of each step before it is taken.</param>
    public async Task<SwapResult> RunAsync(
        SwapPlan plan,
        Func<ClusterState, DatabaseFacts?, DatabaseFacts> shape,
        Func<DatabaseSite, string, CancellationToken, Task> fill,
        Action<SwapStep>? step,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(fill);
        var ownership = new DatabaseOwnership(host, plan.Database);
        await using (ownership.ConfigureAwait(false))
        {
            try
            {
                // What runs in the container of a server that keeps ending must give way to PostgreSQL alone, and runs no more once that is open.
                IEnumerable<string> before = await host.ListRunningAsync(cancellationToken).ConfigureAwait(false);
                await ownership.OpenAsync(cancellationToken).ConfigureAwait(false);
                _toStart.UnionWith(await host.ListRunningAsync(cancellationToken).ConfigureAwait(false));
                _toStart.UnionWith(host.IsEmbedded ? before : []);
                return await RunAsync(plan, ownership, shape, fill, step, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (ownership.WasAcquired)
            {
                await RollBackAsync(plan, ownership, e).ConfigureAwait(false);
                throw;
            }
        }
    }

    private async Task<SwapResult> RunAsync(
        SwapPlan plan,
        DatabaseOwnership ownership,
        Func<ClusterState, DatabaseFacts?, DatabaseFacts> shape,
        Func<DatabaseSite, string, CancellationToken, Task> fill,
        Action<SwapStep>? step,
        CancellationToken cancellationToken)
    {
        var answers = false;
        while (true)
        {
            var state = await ReadAsync(plan, ownership, cancellationToken).ConfigureAwait(false);
            var next = plan.Next(state, answers ? ServersState.Ready : await ServersAsync(cancellationToken).ConfigureAwait(false), _swapped);
            step?.Invoke(next);
            state = await ReadAsync(plan, ownership, cancellationToken).ConfigureAwait(false);
            var work = SwapMarker.Parse(state.Find(plan.WorkName)?.Comment);
            var inPlace = SwapMarker.Parse(state.Find(plan.Database)?.Comment);
            var cluster = ownership.Site!.Cluster;
            switch (next)
            {
                case SwapStep.Discard:
                    await cluster.DropAsync(plan.UnmarkedName, cancellationToken).ConfigureAwait(false);
                    break;
                case SwapStep.Make:
                    _made.Add(plan.UnmarkedName);
                    await cluster.CreateAsync(
                        plan.UnmarkedName, await ShapeAsync(plan, cluster, state, shape, cancellationToken).ConfigureAwait(false), NewMarker(plan, state).ToComment(), cancellationToken).ConfigureAwait(false);
                    _marked = plan.UnmarkedName;
                    break;
                case SwapStep.Publish:
                    await cluster.DropAsync(plan.WorkName, cancellationToken).ConfigureAwait(false);
                    if (SwapMarker.Parse(state.Find(plan.UnmarkedName)?.Comment)?.Run != plan.Run)
                    {
                        // Another run's, to be claimed or replaced under that name.
                        await cluster.RenameAsync(plan.UnmarkedName, plan.WorkName, cancellationToken).ConfigureAwait(false);
                        break;
                    }

                    _made.Add(plan.WorkName);
                    await cluster.RenameAsync(plan.UnmarkedName, plan.WorkName, cancellationToken).ConfigureAwait(false);
                    _marked = plan.WorkName;
                    break;
                case SwapStep.Claim:
                    await CommentAsync(cluster, plan.WorkName, state, NewMarker(plan, state) with { Stage = work!.Stage }, cancellationToken).ConfigureAwait(false);
                    _marked = plan.WorkName;
                    _made.Add(plan.WorkName);
                    break;
                case SwapStep.StopServers:
                    await StopServersAsync(plan, ownership, state, work!, cancellationToken).ConfigureAwait(false);
                    break;
                case SwapStep.Fill:
                    await EnsureNoOtherSessionsAsync(plan, cluster, cancellationToken).ConfigureAwait(false);
                    await CommentAsync(cluster, plan.WorkName, state, work! with { Stage = SwapStage.Filling }, cancellationToken).ConfigureAwait(false);
                    await fill(ownership.Site, plan.WorkName, cancellationToken).ConfigureAwait(false);
                    state = await ReadAsync(plan, ownership, cancellationToken).ConfigureAwait(false);
                    await CommentAsync(cluster, plan.WorkName, state, work with { Stage = SwapStage.Filled }, cancellationToken).ConfigureAwait(false);
                    break;
                case SwapStep.Swap:
                    await EnsureNoOtherSessionsAsync(plan, cluster, cancellationToken).ConfigureAwait(false);
                    await cluster.FinishAsync(plan.WorkName, await ShapeAsync(plan, cluster, state, shape, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
                    await ReadAsync(plan, ownership, cancellationToken).ConfigureAwait(false);
                    if ((await host.ListRunningAsync(cancellationToken).ConfigureAwait(false)).Count > 0)
                    {
                        // One was started while the new database was filled.
                        break;
                    }

                    _keptAs = state.Find(plan.Database) is null ? null : work!.KeepAs;
                    await cluster.SwapAsync(
                        plan.Database, plan.WorkName, _keptAs, work!.Comment, state.Find(plan.WorkName)!.Comment!, (work with { Stage = SwapStage.InPlace }).ToComment(), cancellationToken).ConfigureAwait(false);
                    (_swapped, _marked) = (true, plan.Database);
                    break;
                case SwapStep.StartServers:
                    await StartServersAsync(ownership, cancellationToken).ConfigureAwait(false);
                    answers = true;
                    break;
                case SwapStep.RemoveOld:
                    await cluster.DropAsync(inPlace!.KeepAs, cancellationToken).ConfigureAwait(false);
                    break;
                case SwapStep.Finish:
                    await cluster.CommentAsync(plan.Database, state.Find(plan.Database)!.Comment, inPlace!.Comment, cancellationToken).ConfigureAwait(false);
                    return new SwapResult(state.Find(inPlace.KeepAs)?.Name, [.. _notStarted]);
                default:
                    throw new InvalidOperationException($"Unknown step {next}.");
            }
        }
    }

    /// <summary>Verifies that the database is still this run's, and reads how far the work got.</summary>
    private async Task<ClusterState> ReadAsync(SwapPlan plan, DatabaseOwnership ownership, CancellationToken cancellationToken)
    {
        await ownership.EnsureAsync(cancellationToken).ConfigureAwait(false);
        var state = await ownership.Site!.Cluster.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (_marked is not null && SwapMarker.Parse(state.Find(_marked)?.Comment)?.Run != plan.Run)
        {
            throw DatabaseProblems.LockLost(plan.Database);
        }

        // Whatever run was to start them, they are to run in the end.
        foreach (var name in new[] { plan.WorkName, plan.Database, plan.UnmarkedName })
        {
            _toStart.UnionWith(SwapMarker.Parse(state.Find(name)?.Comment)?.Stopped ?? []);
        }

        return state;
    }

    private async Task<ServersState> ServersAsync(CancellationToken cancellationToken) =>
        (await host.ListRunningAsync(cancellationToken).ConfigureAwait(false)).Count > 0 ? ServersState.Running : ServersState.Stopped;

    private static async Task<DatabaseFacts> ShapeAsync(
        SwapPlan plan, IDatabaseCluster cluster, ClusterState state, Func<ClusterState, DatabaseFacts?, DatabaseFacts> shape, CancellationToken cancellationToken)
    {
        if (state.Find(plan.Database) is null)
        {
            return shape(state, null);
        }

        var view = await cluster.ViewAsync(plan.Database, cancellationToken).ConfigureAwait(false);
        await using (view.ConfigureAwait(false))
        {
            return shape(state, view.Facts);
        }
    }

    private SwapMarker NewMarker(SwapPlan plan, ClusterState state)
    {
        // A run that was killed a moment ago may have kept one under the name of this very second.
        var keptAt = time.GetUtcNow();
        while (state.Find(plan.NameToKeep(keptAt)) is not null)
        {
            keptAt = keptAt.AddSeconds(1);
        }

        var comment = state.Find(plan.Database)?.Comment;
        return new SwapMarker
        {
            Run = plan.Run,
            Source = plan.Source,
            Stage = SwapStage.Made,
            Stopped = [.. _toStart],
            KeepAs = plan.NameToKeep(keptAt),
            Comment = SwapMarker.Parse(comment) is { } unfinished ? unfinished.Comment : comment,
        };
    }

    private async Task EnsureNoOtherSessionsAsync(SwapPlan plan, IDatabaseCluster cluster, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        while (plan.SparesOthers && await cluster.ListSessionsAsync(plan.Database, cancellationToken).ConfigureAwait(false) is { Count: > 0 } sessions)
        {
            if (time.GetElapsedTime(begun) > s_sessionGrace)
            {
                throw DatabaseProblems.InUse(plan.Database, sessions);
            }

            await Task.Delay(s_pollInterval, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static Task CommentAsync(IDatabaseCluster cluster, string database, ClusterState state, SwapMarker marker, CancellationToken cancellationToken) =>
        cluster.CommentAsync(database, state.Find(database)?.Comment, marker.ToComment(), cancellationToken);

    /// <remarks>Where the database is in the server's own container, stopping or starting that changes the way to it. The reservation lasts.</remarks>
    private async Task StopServersAsync(SwapPlan plan, DatabaseOwnership ownership, ClusterState state, SwapMarker work, CancellationToken cancellationToken)
    {
        // Before they are stopped, so that whoever finishes this work knows of them.
        _toStart.UnionWith(await host.ListRunningAsync(cancellationToken).ConfigureAwait(false));
        if (!_toStart.IsSubsetOf(work.Stopped))
        {
            await CommentAsync(ownership.Site!.Cluster, plan.WorkName, state, work with { Stopped = [.. _toStart] }, cancellationToken).ConfigureAwait(false);
        }

        if (host.IsEmbedded)
        {
            await ownership.CloseAsync().ConfigureAwait(false);
        }

        var running = await host.ListRunningAsync(cancellationToken).ConfigureAwait(false);
        _stopped.UnionWith(running);
        await host.StopAsync(running, cancellationToken).ConfigureAwait(false);
        if (ownership.Site is null)
        {
            await ownership.OpenAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task StartServersAsync(DatabaseOwnership ownership, CancellationToken cancellationToken)
    {
        if (host.IsEmbedded && _toStart.Count > 0)
        {
            await ownership.CloseAsync().ConfigureAwait(false);
        }

        _notStarted.AddRange(await host.StartAsync(_toStart, wait: true, cancellationToken).ConfigureAwait(false));
        if (ownership.Site is null)
        {
            await ownership.OpenAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>After a failure: what this run made goes, the servers come back. Nothing here can be cancelled.</summary>
    private async Task RollBackAsync(SwapPlan plan, DatabaseOwnership ownership, Exception failure)
    {
        var problems = new List<string>();
        var cause = failure as LettaException;
        if (await LostAsync(plan, ownership).ConfigureAwait(false) is { } lost)
        {
            cause = lost;
            if (_stopped.Count > 0)
            {
                problems.Add($"It had stopped {string.Join(", ", _stopped)}, which the other run starts when it is done. If it does not: {host.EngineCommand} start {string.Join(' ', _stopped)}");
            }
        }
        else
        {
            if (_swapped)
            {
                problems.Add(_keptAs is null ? "The new database is in place." : $"The new database is in place, and the old one is kept as '{_keptAs}'.");
            }

            // The unfinished database knows what was stopped, and so outlives that: this may be killed too.
            if (host.IsEmbedded)
            {
                await StartEmbeddedAgainAsync(plan, ownership, problems).ConfigureAwait(false);
            }
            else
            {
                await StartAgainAsync(problems).ConfigureAwait(false);
            }

            await RemoveUnfinishedAsync(plan, ownership, problems).ConfigureAwait(false);
            await ownership.CloseAsync().ConfigureAwait(false);
        }

        if (problems.Count > 0 || (cause is not null && !ReferenceEquals(cause, failure)))
        {
            throw new LettaException(
                cause?.ErrorId ?? ErrorIds.DatabaseWorkIncomplete,
                cause?.Kind ?? LettaErrorKind.ServerFault,
                string.Join(' ', [cause?.Message ?? failure.Message, .. problems]),
                cause?.RecommendedAction ?? "Run the same command again. It completes the work.",
                plan.Database,
                failure);
        }
    }

    /// <summary>Finds out whether another run has taken over, and whether the swap took place: the answer to its COMMIT may have been lost.</summary>
    /// <returns>The failure to tell; <see langword="null"/> where the database is still this run's, as far as can be found out.</returns>
    private async Task<LettaException?> LostAsync(SwapPlan plan, DatabaseOwnership ownership)
    {
        try
        {
            await ownership.EnsureAsync(CancellationToken.None).ConfigureAwait(false);
            if (ownership.Site is not { } site || _marked is null)
            {
                return null;
            }

            var state = await site.Cluster.ReadAsync(CancellationToken.None).ConfigureAwait(false);
            if (!_swapped && SwapMarker.Parse(state.Find(plan.Database)?.Comment) is { Stage: SwapStage.InPlace } inPlace && inPlace.Run == plan.Run)
            {
                (_swapped, _marked) = (true, plan.Database);
            }

            // The last step takes the marker away.
            var found = SwapMarker.Parse(state.Find(_marked)?.Comment);
            return found?.Run == plan.Run || (_swapped && found is null) ? null : DatabaseProblems.LockLost(plan.Database);
        }
        catch (LettaException e)
        {
            // Where the server cannot be asked, there is no other run on it either.
            return e.Kind == LettaErrorKind.Conflict ? e : null;
        }
    }

    private async Task RemoveUnfinishedAsync(SwapPlan plan, DatabaseOwnership ownership, List<string> problems)
    {
        if (ownership.Site is not { } site)
        {
            return;
        }

        try
        {
            var state = await site.Cluster.ReadAsync(CancellationToken.None).ConfigureAwait(false);
            if (_swapped && SwapMarker.Parse(state.Find(plan.Database)?.Comment) is { } inPlace && inPlace.Run == plan.Run)
            {
                // The servers run on it from here on, and what they write makes it a database like any other.
                await site.Cluster.CommentAsync(plan.Database, state.Find(plan.Database)!.Comment, inPlace.Comment, CancellationToken.None).ConfigureAwait(false);
            }

            foreach (var name in _made.Where(name => state.Find(name) is { } database && SwapMarker.Parse(database.Comment) is var marker && (marker is null || marker.Run == plan.Run)))
            {
                await site.Cluster.DropAsync(name, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (LettaException e)
        {
            problems.Add($"The unfinished database '{plan.WorkName}' could not be removed ({e.Message.TrimEnd('.')}); the next run does that.");
        }
    }

    /// <summary>Where the database is in the server's own container, the way to it is another one afterwards. The reservation lasts.</summary>
    private async Task StartEmbeddedAgainAsync(SwapPlan plan, DatabaseOwnership ownership, List<string> problems)
    {
        try
        {
            if (_toStart.IsSubsetOf(await host.ListRunningAsync(CancellationToken.None).ConfigureAwait(false)))
            {
                return;
            }

            await ownership.CloseAsync().ConfigureAwait(false);
            await StartAgainAsync(problems).ConfigureAwait(false);
            if (_made.Count > 0)
            {
                await ownership.OpenAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (LettaException e)
        {
            problems.Add($"The unfinished database '{plan.WorkName}' could not be removed ({e.Message.TrimEnd('.')}); the next run does that.");
        }
    }

    private async Task StartAgainAsync(List<string> problems)
    {
        try
        {
            if (await host.StartAsync(_toStart, wait: false, CancellationToken.None).ConfigureAwait(false) is { Count: > 0 } left)
            {
                problems.Add($"An interrupted run had stopped {string.Join(", ", left)}, which could not be started from here. Start it: {host.EngineCommand} start {string.Join(' ', left)}");
            }
        }
        catch (LettaException e)
        {
            problems.Add($"What was stopped could not be started again ({e.Message.TrimEnd('.')}). Start it: {host.EngineCommand} start {string.Join(' ', _toStart)}");
        }
    }
}
