using System.Text.Json;
using LettaPS.Core.Releases;
using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Restores.Database;

/// <summary>
/// Writes an agent from the temporary tables into Letta's. Statements are made of names of the target's catalogue and of this module only; identifiers of the file
/// are values of the temporary tables.
/// </summary>
/// <remarks>
/// Each step needs the ones before it:
/// <list type="number">
/// <item><description>The rows are checked: each belongs to the agent or to what the agent refers to.</description></item>
/// <item><description>The advisory lock is taken. Until the commit, no other writer of LettaPS adds the same organization, source or tool.</description></item>
/// <item><description>With PreserveId, the agent that is replaced is deleted, since the new one takes its identifiers.</description></item>
/// <item><description>Tenants, shared rows and parts that the database has already are found. They are referred to, and not written.</description></item>
/// <item><description>Every other row gets its identifier, and every message its number.</description></item>
/// <item><description>Tables are written in the order of <see cref="TableRule.All"/>, in which a table follows those that it refers to. References that lead
/// to a later table are filled afterwards.</description></item>
/// <item><description>Groups come last, because they refer to agents and messages.</description></item>
/// <item><description>Without PreserveId, the agent that is replaced is deleted now, and only if the new one has no gaps.</description></item>
/// </list>
/// </remarks>
/// <param name="work">The agent.</param>
internal sealed class AgentRowWriter(AgentWriteContext work)
{
    /// <summary>PostgreSQL's advisory locks are numbers; this is "LettaPSR" in ASCII.</summary>
    private const long AdvisoryLock = 0x4C65747461505352;

    /// <summary>Shared things that the agent has now, by their identifiers in the file: their kind (the table) and the identifier that they have.</summary>
    public List<(string Table, string Source, string Id)> Shared { get; } = [];

    /// <summary>Writes the agent and compares it with the file. Nothing is committed.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        var insertion = new RowInserter(work);
        var identity = new IdResolver(work, insertion);
        await new OwnershipValidator(work, insertion).CheckAsync(cancellationToken).ConfigureAwait(false);

        // Agents that are written side by side may bring the same things along, and each must see what the other wrote.
        await work.Transaction.ExecuteAsync($"SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock({AdvisoryLock})", cancellationToken).ConfigureAwait(false);
        await work.Transaction.ExecuteAsync(
            $"""
            SET LOCAL lock_timeout = '{(long)RowRestoreSession.LockPatience.TotalMilliseconds}ms';
            CREATE TEMPORARY TABLE lettaps_ids (old text PRIMARY KEY, new text NOT NULL) ON COMMIT DROP;
            CREATE TEMPORARY TABLE lettaps_there (id text PRIMARY KEY) ON COMMIT DROP;
            CREATE TEMPORARY TABLE lettaps_known (old text PRIMARY KEY, new text NOT NULL) ON COMMIT DROP
            """,
            cancellationToken).ConfigureAwait(false);
        await work.Transaction.ExecuteAsync(
            $"INSERT INTO {AgentWriteContext.Known} SELECT key, value FROM json_each_text($1::json)", cancellationToken, JsonSerializer.Serialize(work.Options.Known)).ConfigureAwait(false);
        var deletion = work.Options.Replaces is { } old ? new AgentDeleter(work.Target, work.Transaction, old, work.Options.NewId) : null;
        if (deletion is not null && work.Options.PreserveId)
        {
            await deletion.MakeRoomAsync(cancellationToken).ConfigureAwait(false);
        }

        await identity.FindTenantsAsync(cancellationToken).ConfigureAwait(false);
        foreach (var shared in work.Staged(TableRole.Shared))
        {
            await identity.FindSharedAsync(shared, cancellationToken).ConfigureAwait(false);
        }

        await identity.FindPartsAsync(cancellationToken).ConfigureAwait(false);
        await identity.NameAsync(cancellationToken).ConfigureAwait(false);
        await identity.NumberAsync(cancellationToken).ConfigureAwait(false);
        foreach (var table in TableRule.All.Where(r => r.Role != TableRole.Group).Select(r => work.Staging.Find(r.Table)).OfType<StagedTable>())
        {
            await insertion.InsertAsync(table, cancellationToken).ConfigureAwait(false);
        }

        await FillLateAsync(cancellationToken).ConfigureAwait(false);
        if (deletion is not null && work.Options.PreserveId)
        {
            await deletion.RejoinAsync(cancellationToken).ConfigureAwait(false);
        }

        await new GroupWriter(work, identity, insertion).InsertAsync(cancellationToken).ConfigureAwait(false);
        await FinishAsync(cancellationToken).ConfigureAwait(false);
        await CheckSecretsAsync(cancellationToken).ConfigureAwait(false);
        if (deletion is not null && !work.Options.PreserveId && work.Gaps.Count == 0)
        {
            await deletion.SucceedAsync(cancellationToken).ConfigureAwait(false);
        }

        if (work.Staging.Find("groups") is { } groups && groups.Has("last_processed_message_id"))
        {
            // A group is written with the last of its agents, and the message may be another's.
            Shared.AddRange((await work.Transaction.QueryAsync($"SELECT m.old, m.new FROM {groups.Name} AS s JOIN {AgentWriteContext.Ids} AS m ON m.old = s.last_processed_message_id", cancellationToken).ConfigureAwait(false))
                .Select(r => (LettaNames.Messages, r[0]!, r[1]!)));
        }

        foreach (var shared in work.Staged(TableRole.Shared))
        {
            Shared.AddRange((await work.Transaction.QueryAsync($"SELECT s.id, coalesce(m.new, s.id) FROM {shared.Name} AS s LEFT JOIN {AgentWriteContext.Ids} AS m ON m.old = s.id", cancellationToken).ConfigureAwait(false))
                .Select(r => (shared.Table.Name, r[0]!, r[1]!)));
        }
    }

    /// <summary>How many rows of a table of the file the agent has.</summary>
    public async Task<int> CountAsync(string table, CancellationToken cancellationToken) => work.Staging.Find(table) is { } staged
        ? (int)await work.NumberOfAsync($"SELECT count(*)::text FROM {staged.Name}", cancellationToken).ConfigureAwait(false)
        : 0;

    /// <summary>How many messages are in context.</summary>
    public async Task<int> CountInContextAsync(CancellationToken cancellationToken) => work.Staging.Find("agents") is { } agents && agents.Has("message_ids")
        ? (int)await work.NumberOfAsync($"SELECT coalesce(sum(CASE WHEN json_typeof(message_ids) = 'array' THEN json_array_length(message_ids) END), 0)::text FROM {agents.Name}", cancellationToken).ConfigureAwait(false)
        : 0;

    /// <summary>Texts of the file that are encrypted, by the table.</summary>
    public async Task<IReadOnlyList<(string Table, string Secret)>> SecretsAsync(CancellationToken cancellationToken)
    {
        var secrets = new List<(string, string)>();
        foreach (var table in TableRule.All.Select(r => work.Staging.Find(r.Table)).OfType<StagedTable>())
        {
            foreach (var column in table.Columns.Where(c => c.Name.EndsWith("_enc", StringComparison.Ordinal)))
            {
                secrets.AddRange((await work.Transaction.QueryAsync($"SELECT s.{Sql.Id(column.Name)}::text FROM {table.Name} AS s WHERE s.{Sql.Id(column.Name)} IS NOT NULL", cancellationToken).ConfigureAwait(false))
                    .Select(r => (table.Table.Name, r[0]!)));
            }
        }

        return secrets;
    }

    private async Task FillLateAsync(CancellationToken cancellationToken)
    {
        foreach (var table in work.Staged(TableRole.Shared).Where(t => t.Rule.Late is { } late && t.Has(late)))
        {
            var late = Sql.Id(table.Rule.Late!);
            var history = work.Staging.Find("block_history");
            var wanted = await work.NumberOfAsync($"SELECT count(*)::text FROM {table.Name} AS s WHERE {RowInserter.Filter(table)} AND s.{late} IS NOT NULL", cancellationToken).ConfigureAwait(false);
            var filled = history is null || wanted == 0 ? 0 : await work.Transaction.ExecuteAsync(
                $"""
                UPDATE {work.Target.Name(table.Table.Name)} AS t SET {late} = coalesce(mh.new, s.{late})
                FROM {table.Name} AS s LEFT JOIN {AgentWriteContext.Ids} AS m ON m.old = s.id LEFT JOIN {AgentWriteContext.Ids} AS mh ON mh.old = s.{late}
                WHERE t.id = coalesce(m.new, s.id) AND {RowInserter.Filter(table)} AND EXISTS (SELECT FROM {history.Name} AS h WHERE h.id = s.{late} AND h.block_id = s.id)
                """,
                cancellationToken).ConfigureAwait(false);
            if (filled < wanted)
            {
                work.Gaps.Add($"{table.Table.Name}.{table.Rule.Late} of {wanted - filled} rows: what they refer to in block_history is not there.");
            }
        }
    }

    /// <summary>What the file has for secrets is not always the secrets.</summary>
    private async Task CheckSecretsAsync(CancellationToken cancellationToken)
    {
        if (work.Staging.Find("agent_environment_variables") is not { } variables || !variables.Has("value"))
        {
            return;
        }

        var encrypted = variables.Has("value_enc") ? " AND s.value_enc IS NULL" : null;
        var empty = await work.NumberOfAsync($"SELECT count(*)::text FROM {variables.Name} AS s WHERE s.value IS NULL{encrypted}", cancellationToken).ConfigureAwait(false);
        if (empty > 0)
        {
            work.Gaps.Add($"The values of {empty} environment variables are not in the file; Export-LettaAgent -IncludeSecret puts them there.");
        }
    }

    /// <summary>The name and what later migrations set in rows that were there.</summary>
    private async Task FinishAsync(CancellationToken cancellationToken)
    {
        var agents = work.Target.Name("agents");
        if (work.Options.Name is { } name)
        {
            await work.Transaction.ExecuteAsync($"UPDATE {agents} SET name = $2 WHERE id = $1", cancellationToken, work.Options.NewId, name).ConfigureAwait(false);
        }

        if (!work.Options.PreserveId)
        {
            // Recognised later by its metadata, as agents are that came through the API.
            var metadata = await work.Transaction.QueryAsync($"SELECT metadata_::text FROM {agents} WHERE id = $1", cancellationToken, work.Options.NewId).ConfigureAwait(false);
            using var given = JsonDocument.Parse(metadata[0][0] ?? "null");
            var marked = RestoreMarker.Put(given.RootElement.ValueKind == JsonValueKind.Object ? given.RootElement : null, work.Options.SourceId, unfinished: false);
            await work.Transaction.ExecuteAsync($"UPDATE {agents} SET metadata_ = $2::json WHERE id = $1", cancellationToken, work.Options.NewId, marked.ToJsonString()).ConfigureAwait(false);
        }

        if (ReleaseCapabilities.Of(work.Target.Release)?.HidesSubagents == true && ReleaseCapabilities.Of(work.Options.FileRelease)?.HidesSubagents != true && work.Target.Table("agents")!.Column("hidden") is not null)
        {
            await work.Transaction.ExecuteAsync(
                $"UPDATE {agents} AS a SET hidden = true WHERE id = $1 AND hidden IS NOT TRUE AND EXISTS (SELECT FROM {work.Target.Name("agents_tags")} AS t WHERE t.agent_id = a.id AND t.tag = 'role:subagent')",
                cancellationToken,
                work.Options.NewId).ConfigureAwait(false);
        }
    }
}
