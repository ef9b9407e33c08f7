using LettaPS.Core.Sources;

namespace LettaPS.Core.Restores.Api;

/// <summary>Removes what a restore that failed, or a run that was killed, has made of an agent.</summary>
internal sealed class RestoreRollback(ApiRestoreContext context, ExistingAgents existing, FailedImportCleanup cleanup, SharedResources shared, IdentityRestore identities, ImportThrottle throttle)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    /// <summary>Whether a run that was killed has left something of an agent.</summary>
    /// <param name="planned">The agent.</param>
    public bool HasUnfinished(PlannedAgent planned) => existing.FindUnfinished(planned).Count + context.Journal.FindUnfinished(planned.SourceId).Count > 0;

    /// <summary>Removes what runs that were killed have left of an agent.</summary>
    /// <param name="planned">The agent.</param>
    /// <returns>What was removed, in words.</returns>
    public async Task<IReadOnlyList<string>> RemoveUnfinishedAsync(PlannedAgent planned, CancellationToken cancellationToken)
    {
        var removed = new List<string>();
        foreach (var agent in existing.FindUnfinished(planned))
        {
            await cleanup.RemoveAgentAsync(agent.Id, context.Target, cancellationToken).ConfigureAwait(false);
            removed.Add($"What an earlier run that was interrupted had left ({agent.Id}) was removed.");
        }

        foreach (var id in context.Journal.FindUnfinished(planned.SourceId))
        {
            await cleanup.RemoveUnusedAsync(id.StartsWith("archive-", StringComparison.Ordinal) ? ResourceKind.Archive : ResourceKind.Source, id, cancellationToken).ConfigureAwait(false);
        }

        context.Journal.RemoveUnfinished(planned.SourceId);
        return removed;
    }

    /// <summary>Removes what a restore that failed has made. Cancelling the run again does not leave it half done.</summary>
    /// <param name="work">The agent.</param>
    /// <returns>What could not be removed, in words, or <see langword="null"/>.</returns>
    public async Task<string?> RollBackAsync(AgentRestoreState work)
    {
        using var limit = new CancellationTokenSource(s_limit);
        try
        {
            if (work.NewId is { } id)
            {
                await context.Server.DeleteResourceAsync(ResourceKind.Agent, id, limit.Token).ConfigureAwait(false);
            }

            foreach (var archive in work.Archives)
            {
                if (await cleanup.RemoveUnusedAsync(ResourceKind.Archive, archive, limit.Token).ConfigureAwait(false))
                {
                    shared.Forget(archive, context.Journal.Ids.Archives);
                }
            }

            await throttle.RunAloneAsync(() => RemoveImportedAsync(work, limit.Token), limit.Token).ConfigureAwait(false);
            await identities.RemoveAsync(work, limit.Token).ConfigureAwait(false);
            context.Journal.RemoveUnfinished(work.Agent.SourceId);
            return null;
        }
        catch (Exception e) when (e is LettaException or OperationCanceledException)
        {
            return $"What was begun could not be removed: {e.Message} Restoring again removes it.";
        }
    }

    private async Task RemoveImportedAsync(AgentRestoreState work, CancellationToken cancellationToken)
    {
        foreach (var id in await cleanup.RemoveAsync(work.Document, work.Agent, cancellationToken).ConfigureAwait(false))
        {
            shared.Forget(id, context.Journal.Ids.Blocks);
            shared.Forget(id, context.Journal.Ids.Sources);
        }
    }
}
