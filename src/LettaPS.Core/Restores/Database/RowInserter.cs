using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Schemas.Repair;

namespace LettaPS.Core.Restores.Database;

/// <summary>Moves rows from the temporary tables into Letta's, with the identifiers that they get.</summary>
/// <remarks>
/// For a table <c>blocks</c> whose identifier and organization are mapped, the statement is:
/// <code>
/// INSERT INTO "public"."blocks" AS t ("id", "organization_id", "value")
/// SELECT coalesce(m0.new, s."id"), coalesce(m1.new, s."organization_id"), s."value"
/// FROM lettaps_blocks AS s
///   LEFT JOIN lettaps_ids AS m0 ON m0.old = s."id"
///   LEFT JOIN lettaps_ids AS m1 ON m1.old = s."organization_id"
/// WHERE NOT EXISTS (SELECT FROM lettaps_there AS h WHERE h.id = s.id)
/// RETURNING hashtextextended(…)
/// </code>
/// <c>s</c> holds the rows of the file, <c>lettaps_ids</c> the new identifiers and <c>lettaps_there</c> what the database has already. The sum of the hashes of
/// what was to be written equals the sum of the hashes of what is in the table, or a trigger or rule has changed it.
/// </remarks>
/// <param name="work">The agent.</param>
internal sealed class RowInserter(AgentWriteContext work)
{
    /// <summary>Inserts the rows of a table, and compares what the table holds then with what it was to hold.</summary>
    public async Task InsertAsync(StagedTable table, CancellationToken cancellationToken)
    {
        await DropDanglingAsync(table, cancellationToken).ConfigureAwait(false);
        var columns = table.Columns.Where(c => c.Name != table.Rule.Late).Select(c => (Column: c, Value: Value(table, c)))
            .Concat(table.Table.Columns.Where(c => !table.Has(c.Name)).Select(c => (Column: c, Value: Added(table, c))).Where(c => c.Value is not null).Select(c => (c.Column, Value: c.Value!)))
            .ToList();
        var order = table.Table.Name == LettaNames.Messages && !table.Has(LettaNames.SequenceId) ? " ORDER BY s.created_at, s.id" : null;
        var values = $"SELECT {string.Join(", ", columns.Select(c => $"{c.Value} AS {Sql.Id(c.Column.Name)}"))} FROM {From(table)} WHERE {Filter(table)}{order}";
        var there = work.Target.Name(table.Table.Name);
        var written = columns.Select(c => c.Column).ToList();
        const string Count = "SELECT count(*)::text, coalesce(sum(h::numeric), 0)::text";
        var wanted = await work.Transaction.QueryAsync($"{Count} FROM (SELECT hashtextextended({StagedTable.RowText("v", written)}, 0) AS h FROM ({values}) AS v) AS r", cancellationToken).ConfigureAwait(false);
        var holds = await work.Transaction.QueryAsync(
            $"WITH r AS (INSERT INTO {there} AS t ({Sql.Ids(written.Select(c => c.Name))}) {values} RETURNING hashtextextended({StagedTable.RowText("t", written)}, 0) AS h) {Count} FROM r",
            cancellationToken).ConfigureAwait(false);
        if (!wanted[0].SequenceEqual(holds[0]))
        {
            throw new LettaException(
                ErrorIds.RestoredRowsMismatch,
                LettaErrorKind.ServerFault,
                $"LettaPS wrote {holds[0][0]} rows to '{table.Table.Name}' that differ from the {wanted[0][0]} rows of the file. It rolled them back.",
                $"Look for a trigger or rule of the table: SELECT * FROM pg_trigger WHERE tgrelid = '{table.Table.Name}'::regclass",
                table.Table.Name);
        }
    }

    public string From(StagedTable table)
    {
        var joins = work.Mapped
            ? string.Concat(table.Identifiers.Select((column, i) => $" LEFT JOIN {AgentWriteContext.Ids} AS m{i} ON m{i}.old = s.{Sql.Id(column)}"))
            : string.Empty;
        return $"{table.Name} AS s{joins}{(work.Renumbered && table.Table.Name == LettaNames.Messages ? $" LEFT JOIN {AgentWriteContext.Numbers} AS n ON n.old = s.sequence_id" : null)}";
    }

    public static string Filter(StagedTable table) => table.Rule switch
    {
        { Parent: (var column, _) } => $"NOT EXISTS (SELECT FROM {AgentWriteContext.There} AS h WHERE h.id = s.{Sql.Id(column)})",
        { Role: TableRole.Tenant or TableRole.Shared or TableRole.Group } or { Outlives: true } => $"NOT EXISTS (SELECT FROM {AgentWriteContext.There} AS h WHERE h.id = s.id)",
        _ => "true",
    };

    /// <summary>What a column of the file becomes.</summary>
    public string Value(StagedTable table, SchemaColumn column)
    {
        var value = $"s.{Sql.Id(column.Name)}";
        if (work.Renumbered && (table.Table.Name, column.Name) is (LettaNames.Messages, LettaNames.SequenceId))
        {
            return "n.new";
        }

        if (work.Mapped)
        {
            var at = table.Identifiers.IndexOf(column.Name);
            value = at >= 0 ? $"coalesce(m{at}.new, {value})" : table.Rule.References.FirstOrDefault(r => r.Column == column.Name)?.Form switch
            {
                ReferenceForm.List => $"""
                    CASE WHEN json_typeof({value}) = 'array' THEN (
                        SELECT coalesce(json_agg(coalesce(m.new, e.id) ORDER BY e.n), '[]') FROM json_array_elements_text({value}) WITH ORDINALITY AS e (id, n) LEFT JOIN {AgentWriteContext.Ids} AS m ON m.old = e.id)
                    ELSE {value} END
                    """,
                ReferenceForm.McpServer => $"""
                    coalesce((SELECT jsonb_set({value}::jsonb, '{"{mcp,server_id}"}', to_jsonb(m.new))::json FROM {AgentWriteContext.Ids} AS m WHERE m.old = {value} #>> '{"{mcp,server_id}"}'), {value})
                    """,
                _ => value,
            };
        }

        return column.NotNull && Added(table, column) is { } otherwise ? $"coalesce({value}, {otherwise})" : value;
    }

    /// <summary>What a column gets where the file has no value and the target wants one: what the server's own migrations gave.</summary>
    public string? Added(StagedTable table, SchemaColumn column) => (table.Table.Name, column.Name) switch
    {
        _ when !column.NotNull => null,
        (LettaNames.Archives, LettaNames.EmbeddingConfig) => ArchiveConfig(),
        ("agent_environment_variables", "value") => "''",
        var (name, added) when Backfill.Constant(name, added) is { } constant => $"{Sql.Literal(constant)}::{column.Type}",
        _ => table.Has(column.Name) && column.Default is not null && Sql.SequenceOf(column.Default) is null ? $"({column.Default})::{column.Type}" : null,
    };

    /// <summary>As migration f6cd5a1e519d does: from a passage, else from the agent that has the archive.</summary>
    private string ArchiveConfig()
    {
        var sources = new List<string>();
        if (work.Staging.Find("archival_passages") is { } passages && passages.Has(LettaNames.EmbeddingConfig))
        {
            sources.Add($"(SELECT p.embedding_config FROM {passages.Name} AS p WHERE p.archive_id = s.id AND p.embedding_config IS NOT NULL ORDER BY p.id LIMIT 1)");
        }

        if (work.Staging.Find("agents") is { } agents && agents.Has(LettaNames.EmbeddingConfig))
        {
            sources.Add($"(SELECT a.embedding_config FROM {agents.Name} AS a)");
        }

        return $"coalesce({string.Join(", ", sources.Append($"{Sql.Literal(Backfill.LastResort)}::json"))})";
    }

    /// <summary>
    /// Takes out what refers to something that neither the file nor, for what the database has by itself, the database holds. Only the file's own rows count: nothing
    /// of the agent may refer to another agent's.
    /// </summary>
    private async Task DropDanglingAsync(StagedTable table, CancellationToken cancellationToken)
    {
        foreach (var key in table.Table.ForeignKeys.Where(f => f.Columns.All(table.Has) && !f.Columns.Contains(table.Rule.Late)))
        {
            if (table.Rule.Role == TableRole.Group && key.RefTable == "agents")
            {
                // Of a group, the other agents are in files of their own.
                continue;
            }

            var outside = TableRule.Of(key.RefTable) is null or { Role: TableRole.Tenant };
            var other = outside ? work.Target.Name(key.RefTable) : work.Staging.Find(key.RefTable)?.Name;
            var same = string.Join(" AND ", key.Columns.Zip(key.RefColumns).Select(c => outside && c.Second == "id"
                ? $"r.id = {(work.Mapped ? $"coalesce((SELECT m.new FROM {AgentWriteContext.Ids} AS m WHERE m.old = s.{Sql.Id(c.First)}), s.{Sql.Id(c.First)})" : $"s.{Sql.Id(c.First)}")}"
                : $"r.{Sql.Id(c.Second)} = s.{Sql.Id(c.First)}"));
            var dangling = string.Join(" AND ", key.Columns.Select(c => $"s.{Sql.Id(c)} IS NOT NULL")) + (other is null ? null : $" AND NOT EXISTS (SELECT FROM {other} AS r WHERE {same})");
            var nullable = key.Columns.Where(c => !table.Table.Column(c)!.NotNull).ToList();
            var rows = await work.Transaction.ExecuteAsync(
                nullable.Count > 0
                    ? $"UPDATE {table.Name} AS s SET {string.Join(", ", nullable.Select(c => $"{Sql.Id(c)} = NULL"))} WHERE {dangling}"
                    : $"DELETE FROM {table.Name} AS s WHERE {dangling}",
                cancellationToken).ConfigureAwait(false);
            if (rows > 0)
            {
                (table.Rule.IsRecord || key.RefTable == "providers" ? work.Warnings : work.Gaps).Add(nullable.Count > 0
                    ? $"{table.Table.Name}.{nullable[0]} of {rows} rows: what they refer to in {key.RefTable} is not there."
                    : $"{rows} rows of {table.Table.Name}: what they refer to in {key.RefTable} is not there.");
            }
        }

        if (table.Rule.Role == TableRole.Agent && table.Has("message_ids"))
        {
            var messages = work.Staging.Find(LettaNames.Messages) is { } staged ? $"EXISTS (SELECT FROM {staged.Name} AS m WHERE m.id = e.id)" : "false";
            var lost = await work.NumberOfAsync(
                $"SELECT count(*)::text FROM {table.Name} AS s, json_array_elements_text(CASE WHEN json_typeof(s.message_ids) = 'array' THEN s.message_ids END) AS e (id) WHERE NOT {messages}", cancellationToken).ConfigureAwait(false);
            if (lost > 0)
            {
                work.Gaps.Add($"{lost} messages in context are not in the file.");
                await work.Transaction.ExecuteAsync(
                    $"""
                    UPDATE {table.Name} AS s SET message_ids = (
                        SELECT coalesce(json_agg(e.id ORDER BY e.n), '[]') FROM json_array_elements_text(s.message_ids) WITH ORDINALITY AS e (id, n) WHERE {messages})
                    """,
                    cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
