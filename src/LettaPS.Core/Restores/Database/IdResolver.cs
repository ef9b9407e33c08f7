using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Restores.Database;

/// <summary>Finds out what of a file the database has already, and which identifiers the rest gets.</summary>
/// <param name="work">The agent.</param>
/// <param name="insertion">Writes rows.</param>
internal sealed class IdResolver(AgentWriteContext work, RowInserter insertion)
{
    /// <summary>The highest number of a message that is believed: what numbers of JSON hold. A sequence that a file moves to its end gives no number ever after.</summary>
    private const long HighestNumber = (1L << 53) - 1;

    private const string DefaultOrganization = "org-00000000-0000-4000-8000-000000000000";

    private const string DefaultUser = "user-00000000-0000-4000-8000-000000000000";

    /// <summary>Organization, users and providers: the target's where it has them, else its default ones, unless identifiers are to stay.</summary>
    public async Task FindTenantsAsync(CancellationToken cancellationToken)
    {
        foreach (var table in work.Staged(TableRole.Tenant))
        {
            await FindAsync(table, _ => true, cancellationToken).ConfigureAwait(false);
        }

        await ChooseAsync("organizations", DefaultOrganization, $"SELECT organization_id FROM {work.Staging.Find("agents")!.Name}", cancellationToken).ConfigureAwait(false);
        await ChooseAsync("users", DefaultUser, null, cancellationToken).ConfigureAwait(false);
        if (!work.Options.PreserveId && work.Staging.Find("providers") is { } providers)
        {
            // They are the server's to have; what refers to one that it has not is a record of work done.
            await work.Transaction.ExecuteAsync($"INSERT INTO {AgentWriteContext.There} SELECT id FROM {providers.Name} ON CONFLICT DO NOTHING", cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The error that nothing in the database can have agents.</summary>
    /// <param name="problem">What is missing, as a sentence.</param>
    /// <param name="target">What the error is about.</param>
    public static LettaException NoOrganization(string problem, object target) => new(
        ErrorIds.OrganizationNotFound,
        LettaErrorKind.NotFound,
        problem,
        "Start a Letta server with the database once, which creates the default organization and user, or restore them with the agent: Restore-LettaAgent <path> -PreserveId",
        target);

    /// <summary>What the target lacks is brought along where identifiers stay; else its default takes the place.</summary>
    private async Task ChooseAsync(string table, string @default, string? further, CancellationToken cancellationToken)
    {
        var staged = work.Staging.Find(table);
        var wanted = string.Join(" UNION ", ((string?[])[staged is null ? null : $"SELECT id FROM {staged.Name}", further]).OfType<string>());
        if (wanted.Length == 0)
        {
            return;
        }

        var brought = work.Options.PreserveId && staged is not null ? $" AND NOT EXISTS (SELECT FROM {staged.Name} AS b WHERE b.id = s.id)" : null;
        var missing = (await work.Transaction.QueryAsync(
            $"SELECT id FROM ({wanted}) AS s (id) WHERE id IS NOT NULL AND NOT EXISTS (SELECT FROM {work.Target.Name(table)} AS t WHERE t.id = s.id){brought}", cancellationToken).ConfigureAwait(false)).Select(r => r[0]!).ToList();
        if (missing.Count == 0)
        {
            return;
        }

        var candidates = (await work.Transaction.QueryAsync($"SELECT id FROM {work.Target.Name(table)} WHERE NOT is_deleted ORDER BY id <> $1 LIMIT 2", cancellationToken, @default).ConfigureAwait(false)).Select(r => r[0]!).ToList();
        var chosen = candidates.Count == 1 || candidates.FirstOrDefault() == @default ? candidates[0] : null;
        if (chosen is null && table == "organizations")
        {
            throw NoOrganization($"The database has no organization {missing[0]}, and no default one to take in its place.", missing[0]);
        }

        await work.ThereAsync(missing, cancellationToken).ConfigureAwait(false);
        if (chosen is not null)
        {
            await work.MapAsync(missing.Select(m => (m, chosen)), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Finds out which of the shared things are there already.</summary>
    public async Task FindSharedAsync(StagedTable table, CancellationToken cancellationToken)
    {
        // By its identifier, the thing itself is known again only where identifiers stay, or where others of the backup have it too.
        await FindAsync(table, found => work.Options.PreserveId || work.Options.IsShared(found.Old) || (work.Options.Known.TryGetValue(found.Old, out var known) && known == found.New), cancellationToken).ConfigureAwait(false);
        await CompareFoundAsync(table, cancellationToken).ConfigureAwait(false);
        await RefuseOccupiedAsync(table, cancellationToken).ConfigureAwait(false);
        if (table.Table.Name == "sources")
        {
            await RenameSourcesAsync(table, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>An organization has one source of a name: another one is called as Letta's own import would call it.</summary>
    private async Task RenameSourcesAsync(StagedTable sources, CancellationToken cancellationToken)
    {
        var renamed = await work.Transaction.ExecuteAsync(
            $"""
            UPDATE {sources.Name} AS s SET name = s.name || '_' || left(md5(gen_random_uuid()::text), 8)
            WHERE {RowInserter.Filter(sources)} AND EXISTS (
                SELECT FROM {work.Target.Name("sources")} AS t WHERE t.name = s.name
                AND t.organization_id = coalesce((SELECT o.new FROM {AgentWriteContext.Ids} AS o WHERE o.old = s.organization_id), s.organization_id))
            """,
            cancellationToken).ConfigureAwait(false);
        if (renamed > 0)
        {
            work.Warnings.Add($"{renamed} sources have another name: the database has others of theirs.");
        }
    }

    /// <summary>Notes what is there already: what a unique constraint makes the same, and what has the identifier.</summary>
    private async Task FindAsync(StagedTable table, Func<(string Old, string New), bool> isSame, CancellationToken cancellationToken)
    {
        var there = work.Target.Name(table.Table.Name);
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        if (table.Rule.Key.Count > 0)
        {
            var same = table.Rule.Key.Where(table.Has).Select(k => $"t.{Sql.Id(k)} IS NOT DISTINCT FROM {(k == "organization_id" ? "coalesce(o.new, s.organization_id)" : $"s.{Sql.Id(k)}")}");
            foreach (var row in await work.Transaction.QueryAsync(
                $"SELECT s.id, t.id FROM {table.Name} AS s LEFT JOIN {AgentWriteContext.Ids} AS o ON o.old = s.organization_id JOIN {there} AS t ON {string.Join(" AND ", same)}", cancellationToken).ConfigureAwait(false))
            {
                found[row[0]!] = row[1]!;
            }
        }

        var organization = table.Rule.Role == TableRole.Shared ? " AND t.organization_id IS NOT DISTINCT FROM coalesce((SELECT o.new FROM " + AgentWriteContext.Ids + " AS o WHERE o.old = s.organization_id), s.organization_id)" : null;
        foreach (var row in await work.Transaction.QueryAsync(
            $"SELECT s.id, t.id FROM {table.Name} AS s LEFT JOIN {AgentWriteContext.Known} AS k ON k.old = s.id JOIN {there} AS t ON t.id = coalesce(k.new, s.id){organization}", cancellationToken).ConfigureAwait(false))
        {
            if (isSame((row[0]!, row[1]!)))
            {
                found.TryAdd(row[0]!, row[1]!);
            }
        }

        await work.MapAsync(found.Select(f => (f.Key, f.Value)), cancellationToken).ConfigureAwait(false);
        await work.ThereAsync(found.Keys, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What is there already is never changed; where it is not the same, that is a gap.</summary>
    private async Task CompareFoundAsync(StagedTable table, CancellationToken cancellationToken)
    {
        var content = table.Rule.Content.Where(table.Has).Select(Sql.Id).ToList();
        if (content.Count == 0)
        {
            return;
        }

        // Letta brings its own tools along, each release its own.
        var own = table.Table.Name == "tools" && table.Has("tool_type") ? " AND s.tool_type = 'custom'" : null;
        var differs = string.Join(" OR ", content.Select(c => $"s.{c}::text IS DISTINCT FROM t.{c}::text"));
        var different = await work.Transaction.QueryAsync(
            $"""
            SELECT coalesce(m.new, s.id) FROM {table.Name} AS s JOIN {AgentWriteContext.There} AS h ON h.id = s.id LEFT JOIN {AgentWriteContext.Ids} AS m ON m.old = s.id
            JOIN {work.Target.Name(table.Table.Name)} AS t ON t.id = coalesce(m.new, s.id) WHERE ({differs}){own} ORDER BY 1
            """,
            cancellationToken).ConfigureAwait(false);
        work.Gaps.AddRange(different.Select(d => $"{table.Table.Name} {d[0]}: it was there already, is not as in the file, and was left as it is."));
    }

    /// <summary>Rows of the file that are to be written must not meet others of the same identifier.</summary>
    public async Task RefuseOccupiedAsync(StagedTable table, CancellationToken cancellationToken)
    {
        if (!work.Options.PreserveId || !table.Has("id"))
        {
            return;
        }

        var occupied = await work.Transaction.QueryAsync(
            $"SELECT s.id FROM {insertion.From(table)} JOIN {work.Target.Name(table.Table.Name)} AS t ON t.id = s.id WHERE {RowInserter.Filter(table)} ORDER BY 1 LIMIT 1", cancellationToken).ConfigureAwait(false);
        if (occupied.Count > 0)
        {
            throw new LettaException(
                ErrorIds.IdExists,
                LettaErrorKind.Conflict,
                $"The identifier '{occupied[0][0]}' of '{table.Table.Name}' exists in the database. LettaPS wrote nothing.",
                "Restore with new identifiers: Restore-LettaAgent <path> -Source Database",
                occupied[0][0]);
        }
    }

    /// <summary>With what is there already come its parts.</summary>
    public async Task FindPartsAsync(CancellationToken cancellationToken)
    {
        foreach (var part in work.Staged(TableRole.Part).Where(p => p.Has("id")))
        {
            var (column, parent) = part.Rule.Parent!.Value;
            await work.Transaction.ExecuteAsync(
                $"INSERT INTO {AgentWriteContext.There} SELECT s.id FROM {part.Name} AS s JOIN {AgentWriteContext.There} AS t ON t.id = s.{Sql.Id(column)} ON CONFLICT DO NOTHING", cancellationToken).ConfigureAwait(false);
            if (part.Table.Name == "files" && part.Has("file_name") && part.Has("created_at"))
            {
                await work.Transaction.ExecuteAsync(
                    $"""
                    INSERT INTO {AgentWriteContext.Ids} SELECT s.id, min(t.id) FROM {part.Name} AS s JOIN {AgentWriteContext.There} AS h ON h.id = s.id JOIN {AgentWriteContext.Ids} AS m ON m.old = s.source_id
                    JOIN {work.Target.Name("files")} AS t ON t.source_id = m.new AND t.file_name IS NOT DISTINCT FROM s.file_name AND t.created_at IS NOT DISTINCT FROM s.created_at
                    GROUP BY s.id ON CONFLICT DO NOTHING
                    """,
                    cancellationToken).ConfigureAwait(false);
            }

            await CountLackingAsync(part, Sql.Id(column), parent, cancellationToken).ConfigureAwait(false);
        }

        foreach (var table in work.Staged(TableRole.Own).Where(t => t.Rule.Outlives && work.Options.PreserveId))
        {
            var mine = table.Has("agent_id") ? "t.agent_id IS NOT DISTINCT FROM s.agent_id" : "true";
            await work.Transaction.ExecuteAsync(
                $"INSERT INTO {AgentWriteContext.There} SELECT s.id FROM {table.Name} AS s JOIN {work.Target.Name(table.Table.Name)} AS t ON t.id = s.id AND {mine} ON CONFLICT DO NOTHING", cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>An archive or source that is there already may hold less than in the file.</summary>
    private async Task CountLackingAsync(StagedTable part, string column, string parent, CancellationToken cancellationToken)
    {
        if (parent is not ("archives" or "sources"))
        {
            return;
        }

        var lacking = await work.Transaction.QueryAsync(
            $"""
            SELECT id, (n - there)::text FROM (
                SELECT g.id, g.n, (SELECT count(*) FROM {work.Target.Name(part.Table.Name)} AS t WHERE t.{column} = g.id) AS there
                FROM (SELECT coalesce(m.new, s.{column}) AS id, count(*) AS n FROM {part.Name} AS s JOIN {AgentWriteContext.There} AS h ON h.id = s.{column} LEFT JOIN {AgentWriteContext.Ids} AS m ON m.old = s.{column} GROUP BY 1) AS g) AS c
            WHERE there < n ORDER BY 1
            """,
            cancellationToken).ConfigureAwait(false);
        work.Gaps.AddRange(lacking.Select(l => $"{l[1]} {part.Table.Name} of {l[0]}: it was there already without them, and was left as it is."));
    }

    /// <summary>Gives everything that will be written a new identifier, unless they stay.</summary>
    public async Task NameAsync(CancellationToken cancellationToken)
    {
        await work.MapAsync([(work.Options.SourceId, work.Options.NewId)], cancellationToken).ConfigureAwait(false);
        await work.Transaction.ExecuteAsync($"INSERT INTO {AgentWriteContext.Ids} SELECT old, new FROM {AgentWriteContext.Known} WHERE old <> new ON CONFLICT DO NOTHING", cancellationToken).ConfigureAwait(false);
        foreach (var table in work.Staged(TableRole.Shared, TableRole.Part, TableRole.Own, TableRole.Group).Where(t => t.Has("id")))
        {
            if (!work.Options.PreserveId && !table.Table.ForeignKeys.Any(f => f.Columns.Contains("id")))
            {
                const string Uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
                await work.Transaction.ExecuteAsync(
                    $"""
                    INSERT INTO {AgentWriteContext.Ids} SELECT s.id, CASE WHEN s.id ~ '{Uuid}' THEN regexp_replace(s.id, '{Uuid}', gen_random_uuid()::text) ELSE s.id || '-' || gen_random_uuid()::text END
                    FROM {table.Name} AS s WHERE NOT EXISTS (SELECT FROM {AgentWriteContext.There} AS t WHERE t.id = s.id) ON CONFLICT DO NOTHING
                    """,
                    cancellationToken).ConfigureAwait(false);
            }
        }

        work.Mapped = await work.NumberOfAsync($"SELECT count(*)::text FROM {AgentWriteContext.Ids}", cancellationToken).ConfigureAwait(false) > 0;
        foreach (var table in work.Staged(TableRole.Agent, TableRole.Own, TableRole.Part))
        {
            await RefuseOccupiedAsync(table, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Numbers of messages stay where identifiers stay and they are free; else messages get new ones in their order. Until the end of the transaction nobody
    /// else can write messages: a number that somebody drew before the sequence was moved is either seen here or not used yet.
    /// </summary>
    public async Task NumberAsync(CancellationToken cancellationToken)
    {
        if (work.Staging.Find(LettaNames.Messages) is not { } messages || !messages.Has(LettaNames.SequenceId))
        {
            return;
        }

        var (there, sequence) = (work.Target.Name(LettaNames.Messages), Sql.Literal(work.Target.MessageSequence));
        if (work.Options.PreserveId)
        {
            await work.Transaction.ExecuteAsync($"LOCK TABLE {there} IN SHARE ROW EXCLUSIVE MODE", cancellationToken).ConfigureAwait(false);
            var strange = await work.NumberOfAsync($"SELECT count(*)::text FROM {messages.Name} WHERE sequence_id NOT BETWEEN 1 AND {HighestNumber}", cancellationToken).ConfigureAwait(false);
            var taken = await work.NumberOfAsync($"SELECT count(*)::text FROM {messages.Name} AS s JOIN {there} AS t ON t.sequence_id = s.sequence_id", cancellationToken).ConfigureAwait(false);
            if (taken == 0 && strange == 0)
            {
                await work.Transaction.ExecuteAsync(
                    $"SELECT setval({sequence}, greatest((SELECT last_value FROM {work.Target.MessageSequence}), (SELECT max(sequence_id) FROM {messages.Name})))", cancellationToken).ConfigureAwait(false);
                return;
            }

            work.Warnings.Add($"The {await work.NumberOfAsync($"SELECT count(*)::text FROM {messages.Name}", cancellationToken).ConfigureAwait(false)} messages have new numbers in their order: {(taken > 0 ? $"other messages have {taken} of theirs" : $"{strange} of theirs are none that Letta gives")}.");
        }

        work.Renumbered = true;
        await work.Transaction.ExecuteAsync(
            $"""
            CREATE TEMPORARY TABLE lettaps_numbers ON COMMIT DROP AS
            SELECT old, nextval({sequence}) AS new FROM (SELECT sequence_id AS old FROM {messages.Name} ORDER BY sequence_id) AS s
            """,
            cancellationToken).ConfigureAwait(false);
    }
}
