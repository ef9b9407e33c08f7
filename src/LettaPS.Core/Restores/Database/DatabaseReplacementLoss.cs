using LettaPS.Core.AgentFiles;

namespace LettaPS.Core.Restores.Database;

/// <summary>Finds what replacing an agent by the rows of a file would lose because the file was written without it.</summary>
/// <param name="work">The agent; the rows of the file are staged.</param>
/// <param name="planned">The agent in the file.</param>
internal sealed class DatabaseReplacementLoss(AgentWriteContext work, PlannedAgent planned)
{
    /// <summary>Notes each loss as a gap, before the old agent is deleted.</summary>
    /// <param name="oldId">The old agent.</param>
    public async Task FindAsync(string oldId, CancellationToken cancellationToken)
    {
        if (planned.LeftOut.Contains(AgentFilePart.History) && work.Target.Table("messages") is not null)
        {
            var staged = work.Staging.Find("messages");
            var kept = staged is not null && staged.Has("created_at") && staged.Has("role") ? $" AND NOT EXISTS (SELECT FROM {staged.Name} AS s WHERE s.created_at = m.created_at AND s.role = m.role)" : null;
            var lost = await work.NumberOfAsync(
                $"SELECT count(*)::text FROM {work.Target.Name("messages")} AS m WHERE m.agent_id = $1 AND m.role <> 'system' AND m.is_deleted IS NOT TRUE AND ($2::timestamptz IS NULL OR m.created_at <= $2::timestamptz){kept}",
                cancellationToken,
                oldId,
                planned.ExportedAt?.ToString("O")).ConfigureAwait(false);
            if (lost > 0)
            {
                work.Gaps.Add(LossText.Messages(lost));
            }
        }

        if (planned.LeftOut.Contains(AgentFilePart.Archive) && work.Target.Table("archival_passages") is not null && work.Target.Table("archives_agents") is not null)
        {
            var lost = await work.NumberOfAsync(
                $"SELECT count(*)::text FROM {work.Target.Name("archival_passages")} AS p WHERE p.is_deleted IS NOT TRUE AND p.archive_id IN (SELECT a.archive_id FROM {work.Target.Name("archives_agents")} AS a WHERE a.agent_id = $1)",
                cancellationToken,
                oldId).ConfigureAwait(false);
            if (lost > 0)
            {
                work.Gaps.Add(LossText.Passages(lost, noArchive: false));
            }
        }
    }
}
