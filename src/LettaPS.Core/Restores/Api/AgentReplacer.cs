namespace LettaPS.Core.Restores.Api;

/// <summary>Lets a restored agent take the place of the old one, if nothing is lost by it.</summary>
internal sealed class AgentReplacer(ApiRestoreContext context, ExistingAgents existing, FailedImportCleanup cleanup, RestoreRollback rollback)
{
    /// <summary>Finds what the old agent has and the new one would not have.</summary>
    /// <param name="work">The agent; what the new one takes over is a warning.</param>
    /// <param name="old">The old agent.</param>
    /// <returns>The result, if the old agent is to stay; otherwise <see langword="null"/>.</returns>
    public async Task<LettaRestoreResult?> CheckAsync(AgentRestoreState work, LettaAgent old, CancellationToken cancellationToken)
    {
        var loss = new ReplacementLoss(work.Document, work.Agent, work.Planned.LeftOut, context.Options);
        await loss.FindAsync(context.Server, old.Id, context.WorkFolder, cancellationToken).ConfigureAwait(false);
        if (loss.Lost.Count > 0)
        {
            work.Gaps.AddRange(loss.Lost);
            return Kept(work, old, "it has what the file was written without, or what the restore leaves out. Nothing was changed");
        }

        work.Warnings.AddRange(loss.TakenOver);
        return null;
    }

    /// <summary>Deletes the old agent with what is only its own. If the new agent has gaps, it is removed instead, so that no run adds another copy.</summary>
    /// <param name="work">The new agent.</param>
    /// <param name="old">The old agent.</param>
    /// <exception cref="LettaException"><c>ReplacementIncomplete</c>: the new agent has gaps and could not be removed.</exception>
    public async Task<LettaRestoreResult> ReplaceAsync(AgentRestoreState work, LettaAgent old, CancellationToken cancellationToken)
    {
        if (work.Gaps.Count > 0)
        {
            return await RemoveNewAsync(work, old).ConfigureAwait(false);
        }

        await cleanup.RemoveAgentAsync(old.Id, context.Target, cancellationToken).ConfigureAwait(false);
        existing.Remove(old.Id);
        context.Journal.SetReplaced(old.Id, work.NewId!);
        work.Warnings.Add($"The old agent {old.Id} was deleted.");
        return work.Result(context.Address).Replacing(old.Name, old.Id);
    }

    private async Task<LettaRestoreResult> RemoveNewAsync(AgentRestoreState work, LettaAgent old)
    {
        if (await rollback.RollBackAsync(work).ConfigureAwait(false) is { } left)
        {
            throw new LettaException(
                ErrorIds.ReplacementIncomplete,
                LettaErrorKind.Conflict,
                $"The new agent '{work.NewId}' has gaps, so LettaPS kept the old one, '{old.Id}'. {left}",
                $"Compare the two agents, then delete one of them: Get-LettaAgent -Id {old.Id}, {work.NewId}",
                work.NewId);
        }

        return Kept(work, old, $"the new agent would have gaps ({work.Gaps.Count}), so it was removed again and {old.Id} was kept");
    }

    private LettaRestoreResult Kept(AgentRestoreState work, LettaAgent old, string why)
    {
        context.Journal.SetRestored(work.Planned.SourceId, old.Id);
        return work.Planned.Result(old.Id, LettaRestoreStatus.Skipped, context.Address, work.Begun) with
        {
            Missing = work.Gaps,
            Reason = $"'{old.Name}' was kept: {why}.",
            Warnings = [.. work.Warnings, $"'{old.Name}' was not replaced: {why}. -Conflict Rename keeps both."],
        };
    }
}
