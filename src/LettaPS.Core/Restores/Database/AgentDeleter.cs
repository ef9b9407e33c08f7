using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Restores.Database;

/// <summary>Takes an agent out of the database for another one, in the transaction that brings the other one. Groups stay, and have the new one for the old one.</summary>
/// <param name="target">The database.</param>
/// <param name="oldId">The agent that goes.</param>
/// <param name="newId">The agent that comes; it may have the same identifier.</param>
internal sealed class AgentDeleter(RestoreTarget target, IDatabaseTransaction transaction, string oldId, string newId)
{
    /// <summary>Deletes the old agent before the new one is written under its identifier.</summary>
    public async Task MakeRoomAsync(CancellationToken cancellationToken)
    {
        await transaction.ExecuteAsync(
            "CREATE TEMPORARY TABLE lettaps_managed (id text) ON COMMIT DROP; CREATE TEMPORARY TABLE lettaps_joined (id text) ON COMMIT DROP", cancellationToken).ConfigureAwait(false);
        await transaction.ExecuteAsync($"INSERT INTO pg_temp.lettaps_managed SELECT id FROM {target.Name("groups")} WHERE manager_agent_id = $1", cancellationToken, oldId).ConfigureAwait(false);
        await transaction.ExecuteAsync($"INSERT INTO pg_temp.lettaps_joined SELECT group_id FROM {target.Name("groups_agents")} WHERE agent_id = $1", cancellationToken, oldId).ConfigureAwait(false);
        await transaction.ExecuteAsync($"UPDATE {target.Name("groups")} SET manager_agent_id = NULL WHERE manager_agent_id = $1", cancellationToken, oldId).ConfigureAwait(false);
        await DeleteAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Puts the new agent, of the same identifier, into the groups of the old one.</summary>
    public async Task RejoinAsync(CancellationToken cancellationToken)
    {
        await transaction.ExecuteAsync($"UPDATE {target.Name("groups")} SET manager_agent_id = $1 WHERE id IN (SELECT id FROM pg_temp.lettaps_managed)", cancellationToken, newId).ConfigureAwait(false);
        await transaction.ExecuteAsync(
            $"INSERT INTO {target.Name("groups_agents")} (group_id, agent_id) SELECT id, $1 FROM pg_temp.lettaps_joined ON CONFLICT DO NOTHING", cancellationToken, newId).ConfigureAwait(false);
    }

    /// <summary>Puts the new agent, which is there, into the place of the old one, and deletes that.</summary>
    public async Task SucceedAsync(CancellationToken cancellationToken)
    {
        var groups = target.Name("groups");
        await transaction.ExecuteAsync($"UPDATE {groups} SET manager_agent_id = $2 WHERE manager_agent_id = $1", cancellationToken, oldId, newId).ConfigureAwait(false);
        await transaction.ExecuteAsync(
            $"INSERT INTO {target.Name("groups_agents")} (group_id, agent_id) SELECT group_id, $2 FROM {target.Name("groups_agents")} WHERE agent_id = $1 ON CONFLICT DO NOTHING", cancellationToken, oldId, newId).ConfigureAwait(false);
        await transaction.ExecuteAsync(
            $"UPDATE {groups} SET agent_ids = replace(agent_ids::text, to_json($1)::text, to_json($2)::text)::json WHERE strpos(agent_ids::text, $1) > 0", cancellationToken, oldId, newId).ConfigureAwait(false);
        await DeleteAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Deletes the old agent, and the blocks, archives and sources that it had and nobody else has.</summary>
    private async Task DeleteAsync(CancellationToken cancellationToken)
    {
        var had = TableRule.All.Where(r => r is { Role: TableRole.Shared, Key: [] } && target.Table(r.Table) is not null).ToList();
        await transaction.ExecuteAsync("CREATE TEMPORARY TABLE lettaps_had (kind text, id text) ON COMMIT DROP", cancellationToken).ConfigureAwait(false);
        foreach (var (kind, table, column) in had.SelectMany(r => r.ReachedBy.Select(w => (Kind: r.Table, w.Table, w.Column))).Where(w => target.Table(w.Table) is not null))
        {
            var its = target.Table(table)!.Column("agent_id") is not null ? "w.agent_id = $1"
                : target.Table(table)!.Column("conversation_id") is not null ? $"w.conversation_id IN (SELECT c.id FROM {target.Name("conversations")} AS c WHERE c.agent_id = $1)"
                : null;
            if (its is not null)
            {
                await transaction.ExecuteAsync($"INSERT INTO pg_temp.lettaps_had SELECT $2, w.{Sql.Id(column)} FROM {target.Name(table)} AS w WHERE {its}", cancellationToken, oldId, kind).ConfigureAwait(false);
            }
        }

        // Most of an agent goes with its row; these tables have no such foreign key.
        foreach (var table in (string[])["agents_tags", "runs", "steps"])
        {
            if (target.Table(table) is not null)
            {
                await transaction.ExecuteAsync($"DELETE FROM {target.Name(table)} WHERE agent_id = $1", cancellationToken, oldId).ConfigureAwait(false);
            }
        }

        await transaction.ExecuteAsync($"DELETE FROM {target.Name("agents")} WHERE id = $1", cancellationToken, oldId).ConfigureAwait(false);
        foreach (var rule in had)
        {
            await DeleteUnusedAsync(rule, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task DeleteUnusedAsync(TableRule rule, CancellationToken cancellationToken)
    {
        var unused = "t.id IN (SELECT h.id FROM pg_temp.lettaps_had AS h WHERE h.kind = $1)" + string.Concat(rule.ReachedBy.Where(w => target.Table(w.Table) is not null)
            .Select(w => $" AND NOT EXISTS (SELECT FROM {target.Name(w.Table)} AS u WHERE u.{Sql.Id(w.Column)} = t.id)"));
        if (rule.Table == "block" && target.Table("blocks_tags") is not null)
        {
            await transaction.ExecuteAsync(
                $"DELETE FROM {target.Name("blocks_tags")} AS b WHERE EXISTS (SELECT FROM {target.Name("block")} AS t WHERE t.id = b.block_id AND {unused})", cancellationToken, rule.Table).ConfigureAwait(false);
        }

        await transaction.ExecuteAsync($"DELETE FROM {target.Name(rule.Table)} AS t WHERE {unused}", cancellationToken, rule.Table).ConfigureAwait(false);
    }
}
