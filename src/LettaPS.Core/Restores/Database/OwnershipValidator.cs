using LettaPS.Core.AgentFiles;
using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Text;

namespace LettaPS.Core.Restores.Database;

/// <summary>Makes sure that the rows of a file are those of its agent.</summary>
/// <param name="work">The agent.</param>
/// <param name="insertion">Writes rows.</param>
internal sealed class OwnershipValidator(AgentWriteContext work, RowInserter insertion)
{
    /// <summary>A file can say anything: its rows must be those of its agent, and of nobody else.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        foreach (var table in TableRule.All.Select(r => work.Staging.Find(r.Table)).OfType<StagedTable>())
        {
            if (table.Table.Columns.FirstOrDefault(c => c is { NotNull: true, Default: null } && !table.Has(c.Name) && insertion.Added(table, c) is null) is { } needed)
            {
                throw work.Invalid($"{table.Place} has no column {needed.Name}, which Letta {work.Target.Release} wants");
            }

            var stray = table.Rule switch
            {
                { Role: TableRole.Agent } => "s.id <> $1",
                { Role: TableRole.Own, Outlives: true } when table.Has("agent_id") => "s.agent_id <> $1",
                { Role: TableRole.Own, Table: not "jobs" } => "s.agent_id IS DISTINCT FROM $1",
                { Parent: (var column, var parent) } => work.Staging.Find(parent) is { } with ? $"NOT EXISTS (SELECT FROM {with.Name} AS p WHERE p.id = s.{Sql.Id(column)})" : "true",
                { Table: "groups" } => work.Staging.Find("groups_agents") is { } members
                    ? $"s.manager_agent_id IS DISTINCT FROM $1 AND NOT EXISTS (SELECT FROM {members.Name} AS p WHERE p.group_id = s.id AND p.agent_id = $1)"
                    : "s.manager_agent_id IS DISTINCT FROM $1",
                { ReachedBy: { Count: > 0 } ways } => string.Join(" AND ", ways.Select(w => (Table: work.Staging.Find(w.Table), w.Column)).Where(w => w.Table?.Has(w.Column) == true)
                    .Select(w => $"NOT EXISTS (SELECT FROM {w.Table!.Name} AS p WHERE p.{Sql.Id(w.Column)} = s.id)").Prepend("true")),
                _ => "false",
            };
            var twice = table.Has("id") ? $"(SELECT t.id FROM {table.Name} AS t GROUP BY t.id HAVING count(*) > 1 LIMIT 1)" : "NULL";
            var found = (await work.Transaction.QueryAsync($"SELECT (count(*) FILTER (WHERE {stray}))::text, {twice}::text FROM {table.Name} AS s", cancellationToken, work.Options.SourceId).ConfigureAwait(false))[0];
            if (found[1] is { } id)
            {
                throw work.Invalid($"{table.Place} has the row {UntrustedText.Shorten(id)} twice");
            }

            if (found[0] != "0")
            {
                throw work.Invalid($"{table.Place} holds {found[0]} rows that are not those of the agent {work.Options.SourceId}");
            }
        }

        if (work.Staging.Find("agents") is null || await work.NumberOfAsync($"SELECT count(*)::text FROM {work.Staging.Find("agents")!.Name}", cancellationToken).ConfigureAwait(false) != 1)
        {
            throw work.Invalid($"{DatabaseSection.PlaceOf("agents")} does not hold one agent");
        }
    }
}
