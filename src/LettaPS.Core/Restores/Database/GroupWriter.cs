namespace LettaPS.Core.Restores.Database;

/// <summary>Writes groups, whose agents are in several files.</summary>
/// <param name="work">The agent.</param>
/// <param name="identity">What is there already.</param>
/// <param name="insertion">Writes rows.</param>
internal sealed class GroupWriter(AgentWriteContext work, IdResolver identity, RowInserter insertion)
{
    /// <summary>A group is written with the last of its agents; until then its agents are without it.</summary>
    public async Task InsertAsync(CancellationToken cancellationToken)
    {
        if (work.Staging.Find("groups") is not { } groups)
        {
            return;
        }

        var members = work.Staging.Find("groups_agents");
        var everybody = $"SELECT s.manager_agent_id AS agent WHERE s.manager_agent_id IS NOT NULL"
            + (groups.Has("agent_ids") ? " UNION SELECT e.id FROM json_array_elements_text(CASE WHEN json_typeof(s.agent_ids) = 'array' THEN s.agent_ids END) AS e (id)" : null)
            + (members is null ? null : $" UNION SELECT a.agent_id FROM {members.Name} AS a WHERE a.group_id = s.id");
        await work.Transaction.ExecuteAsync(
            $"""
            INSERT INTO {AgentWriteContext.There} SELECT s.id FROM {groups.Name} AS s
            WHERE EXISTS (SELECT FROM {work.Target.Name("groups")} AS t WHERE t.id = (SELECT k.new FROM {AgentWriteContext.Known} AS k WHERE k.old = s.id))
                OR EXISTS (SELECT FROM ({everybody}) AS e WHERE NOT EXISTS (SELECT FROM {AgentWriteContext.Known} AS k JOIN {work.Target.Name("agents")} AS t ON t.id = k.new WHERE k.old = e.agent))
            ON CONFLICT DO NOTHING
            """,
            cancellationToken).ConfigureAwait(false);
        await identity.RefuseOccupiedAsync(groups, cancellationToken).ConfigureAwait(false);
        foreach (var table in work.Staged(TableRole.Group))
        {
            await insertion.InsertAsync(table, cancellationToken).ConfigureAwait(false);
        }

        // Each file has the membership of its own agent only; the list of the group has all.
        if (groups.Has("agent_ids"))
        {
            await work.Transaction.ExecuteAsync(
                $"""
                INSERT INTO {work.Target.Name("groups_agents")} (group_id, agent_id)
                SELECT coalesce(m.new, s.id), k.new FROM {groups.Name} AS s LEFT JOIN {AgentWriteContext.Ids} AS m ON m.old = s.id
                CROSS JOIN LATERAL json_array_elements_text(CASE WHEN json_typeof(s.agent_ids) = 'array' THEN s.agent_ids END) AS e (id) JOIN {AgentWriteContext.Known} AS k ON k.old = e.id
                WHERE {RowInserter.Filter(groups)} ON CONFLICT DO NOTHING
                """,
                cancellationToken).ConfigureAwait(false);
        }

        if (members is not null)
        {
            // The group outlived the agent that belonged to it.
            await work.Transaction.ExecuteAsync(
                $"""
                INSERT INTO {work.Target.Name("groups_agents")} (group_id, agent_id) SELECT k.new, $2 FROM {members.Name} AS s JOIN {AgentWriteContext.Known} AS k ON k.old = s.group_id
                WHERE s.agent_id = $1 AND EXISTS (SELECT FROM {work.Target.Name("groups")} AS t WHERE t.id = k.new) ON CONFLICT DO NOTHING
                """,
                cancellationToken,
                work.Options.SourceId,
                work.Options.NewId).ConfigureAwait(false);
        }
    }
}
