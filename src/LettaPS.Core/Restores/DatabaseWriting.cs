using System.Globalization;
using System.Text.Json;
using LettaPS.Core.Schemas;

namespace LettaPS.Core.Restores;

/// <summary>
/// Writes an agent from the temporary tables into Letta's. Statements are made of names of the target's catalogue and of this file only; identifiers of the file
/// are values of the temporary tables.
/// </summary>
/// <param name="target">The database.</param>
/// <param name="staging">What the file holds.</param>
/// <param name="transaction">The transaction.</param>
/// <param name="options">How.</param>
/// <param name="path">The file.</param>
internal sealed class DatabaseWriting(DatabaseTarget target, DatabaseStaging staging, IDatabaseTransaction transaction, DatabaseWriteOptions options, string path)
{
    /// <summary>Old and new identifiers, where they differ.</summary>
    private const string Ids = "pg_temp.lettaps_ids";

    /// <summary>What of the file is in the database already, by its identifier in the file.</summary>
    private const string There = "pg_temp.lettaps_there";

    /// <summary>What the backup's agents and shared things became.</summary>
    private const string Known = "pg_temp.lettaps_known";

    /// <summary>Old and new numbers of messages.</summary>
    private const string Numbers = "pg_temp.lettaps_numbers";

    /// <summary>PostgreSQL's advisory locks are numbers; this is "LettaPSR" in ASCII.</summary>
    private const long AdvisoryLock = 0x4C65747461505352;

    private const string DefaultOrganization = "org-00000000-0000-4000-8000-000000000000";
    private const string DefaultUser = "user-00000000-0000-4000-8000-000000000000";

    /// <summary>Migration 9fa274fb0b83 hides subagents.</summary>
    private static readonly Version s_hidesSubagents = new(0, 16, 7);

    private bool _mapped;
    private bool _renumbered;

    /// <summary>What is not there.</summary>
    public List<string> Gaps { get; } = [.. staging.Gaps];

    /// <summary>What was done otherwise.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>Shared things that the agent has now, by their identifiers in the file: their kind (the table) and the identifier that they have.</summary>
    public List<(string Table, string Source, string Id)> Shared { get; } = [];

    /// <summary>Writes the agent and compares it with the file. Nothing is committed.</summary>
    /// <param name="cancel">Gives up.</param>
    public async Task WriteAsync(CancellationToken cancel)
    {
        await CheckOwnersAsync(cancel).ConfigureAwait(false);

        // Agents that are written side by side may bring the same things along, and each must see what the other wrote.
        await transaction.ExecuteAsync($"SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock({AdvisoryLock})", cancel).ConfigureAwait(false);
        await transaction.ExecuteAsync(
            $"""
            SET LOCAL lock_timeout = '{(long)DatabaseRestoreSession.LockPatience.TotalMilliseconds}ms';
            CREATE TEMPORARY TABLE lettaps_ids (old text PRIMARY KEY, new text NOT NULL) ON COMMIT DROP;
            CREATE TEMPORARY TABLE lettaps_there (id text PRIMARY KEY) ON COMMIT DROP;
            CREATE TEMPORARY TABLE lettaps_known (old text PRIMARY KEY, new text NOT NULL) ON COMMIT DROP
            """,
            cancel).ConfigureAwait(false);
        await transaction.ExecuteAsync(
            $"INSERT INTO {Known} SELECT key, value FROM json_each_text($1::json)", cancel, JsonSerializer.Serialize(options.Known)).ConfigureAwait(false);
        var deletion = options.Replaces is { } old ? new DatabaseDeletion(target, staging, transaction, old, options.NewId) : null;
        if (deletion is not null && options.PreserveId)
        {
            await deletion.MakeRoomAsync(cancel).ConfigureAwait(false);
        }

        await FindTenantsAsync(cancel).ConfigureAwait(false);
        foreach (var shared in Staged(DatabaseRole.Shared))
        {
            await FindSharedAsync(shared, cancel).ConfigureAwait(false);
        }

        await FindPartsAsync(cancel).ConfigureAwait(false);
        await NameAsync(cancel).ConfigureAwait(false);
        await NumberAsync(cancel).ConfigureAwait(false);
        foreach (var table in DatabaseRule.All.Where(r => r.Role != DatabaseRole.Group).Select(r => staging.Find(r.Table)).OfType<StagedTable>())
        {
            await InsertAsync(table, cancel).ConfigureAwait(false);
        }

        await FillLateAsync(cancel).ConfigureAwait(false);
        if (deletion is not null && options.PreserveId)
        {
            await deletion.RejoinAsync(cancel).ConfigureAwait(false);
        }

        await InsertGroupsAsync(cancel).ConfigureAwait(false);
        await FinishAsync(cancel).ConfigureAwait(false);
        await CheckSecretsAsync(cancel).ConfigureAwait(false);
        if (deletion is not null && !options.PreserveId && Gaps.Count == 0)
        {
            await deletion.SucceedAsync(cancel).ConfigureAwait(false);
        }

        foreach (var shared in Staged(DatabaseRole.Shared))
        {
            Shared.AddRange((await transaction.QueryAsync($"SELECT s.id, coalesce(m.new, s.id) FROM {shared.Name} AS s LEFT JOIN {Ids} AS m ON m.old = s.id", cancel).ConfigureAwait(false))
                .Select(r => (shared.Table.Name, r[0]!, r[1]!)));
        }
    }

    /// <summary>How many rows of a table of the file the agent has.</summary>
    /// <param name="table">The table.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<int> CountAsync(string table, CancellationToken cancel) => staging.Find(table) is { } staged
        ? (int)await NumberOfAsync($"SELECT count(*)::text FROM {staged.Name}", cancel).ConfigureAwait(false)
        : 0;

    /// <summary>How many messages are in context.</summary>
    /// <param name="cancel">Gives up.</param>
    public async Task<int> CountInContextAsync(CancellationToken cancel) => staging.Find("agents") is { } agents && agents.Has("message_ids")
        ? (int)await NumberOfAsync($"SELECT coalesce(sum(CASE WHEN json_typeof(message_ids) = 'array' THEN json_array_length(message_ids) END), 0)::text FROM {agents.Name}", cancel).ConfigureAwait(false)
        : 0;

    private IEnumerable<StagedTable> Staged(DatabaseRole role) => DatabaseRule.All.Where(r => r.Role == role).Select(r => staging.Find(r.Table)).OfType<StagedTable>();

    private async Task<long> NumberOfAsync(string sql, CancellationToken cancel, params string?[] parameters) =>
        long.Parse((await transaction.QueryAsync(sql, cancel, parameters).ConfigureAwait(false))[0][0]!, CultureInfo.InvariantCulture);

    private LettaException Invalid(string problem) => AgentDocumentReader.Invalid(path, problem, null);

    private static string Place(StagedTable table) => $"lettaps.{DatabasePart.Property}.tables.{table.Table.Name}";

    /// <summary>A file can say anything: its rows must be those of its agent, and of nobody else.</summary>
    private async Task CheckOwnersAsync(CancellationToken cancel)
    {
        foreach (var table in DatabaseRule.All.Select(r => staging.Find(r.Table)).OfType<StagedTable>())
        {
            if (table.Table.Columns.FirstOrDefault(c => c is { NotNull: true, Default: null } && !table.Has(c.Name) && Added(table, c) is null) is { } needed)
            {
                throw Invalid($"{Place(table)} has no column {needed.Name}, which Letta {target.Release} wants");
            }

            var stray = table.Rule switch
            {
                { Role: DatabaseRole.Agent } => "s.id <> $1",
                { Role: DatabaseRole.Own, Outlives: true } when table.Has("agent_id") => "s.agent_id <> $1",
                { Role: DatabaseRole.Own, Table: not "jobs" } => "s.agent_id IS DISTINCT FROM $1",
                { Parent: (var column, var parent) } => staging.Find(parent) is { } with ? $"NOT EXISTS (SELECT FROM {with.Name} AS p WHERE p.id = s.{Sql.Id(column)})" : "true",
                { Table: "groups" } => staging.Find("groups_agents") is { } members
                    ? $"s.manager_agent_id IS DISTINCT FROM $1 AND NOT EXISTS (SELECT FROM {members.Name} AS p WHERE p.group_id = s.id AND p.agent_id = $1)"
                    : "s.manager_agent_id IS DISTINCT FROM $1",
                { ReachedBy: { Count: > 0 } ways } => string.Join(" AND ", ways.Select(w => (Table: staging.Find(w.Table), w.Column)).Where(w => w.Table?.Has(w.Column) == true)
                    .Select(w => $"NOT EXISTS (SELECT FROM {w.Table!.Name} AS p WHERE p.{Sql.Id(w.Column)} = s.id)").Prepend("true")),
                _ => null,
            };
            if (stray is not null && await NumberOfAsync($"SELECT count(*)::text FROM {table.Name} AS s WHERE {stray}", cancel, options.SourceId).ConfigureAwait(false) is > 0 and var count)
            {
                throw Invalid($"{Place(table)} holds {count} rows that are not those of the agent {options.SourceId}");
            }
        }

        if (staging.Find("agents") is null || await CountAsync("agents", cancel).ConfigureAwait(false) != 1)
        {
            throw Invalid($"lettaps.{DatabasePart.Property}.tables.agents does not hold one agent");
        }
    }

    /// <summary>Organization, users and providers: the target's where it has them, else its default ones, unless identifiers are to stay.</summary>
    private async Task FindTenantsAsync(CancellationToken cancel)
    {
        foreach (var table in Staged(DatabaseRole.Tenant))
        {
            await FindAsync(table, _ => true, cancel).ConfigureAwait(false);
        }

        await ChooseAsync("organizations", DefaultOrganization, $"SELECT organization_id FROM {staging.Find("agents")!.Name}", cancel).ConfigureAwait(false);
        await ChooseAsync("users", DefaultUser, null, cancel).ConfigureAwait(false);
        if (!options.PreserveId && staging.Find("providers") is { } providers)
        {
            // They are the server's to have; what refers to one that it has not is a record of work done.
            await transaction.ExecuteAsync($"INSERT INTO {There} SELECT id FROM {providers.Name} ON CONFLICT DO NOTHING", cancel).ConfigureAwait(false);
        }
    }

    /// <summary>What the target lacks is brought along where identifiers stay; else its default takes the place.</summary>
    private async Task ChooseAsync(string table, string @default, string? further, CancellationToken cancel)
    {
        var staged = staging.Find(table);
        var wanted = string.Join(" UNION ", ((string?[])[staged is null ? null : $"SELECT id FROM {staged.Name}", further]).OfType<string>());
        if (wanted.Length == 0)
        {
            return;
        }

        var brought = options.PreserveId && staged is not null ? $" AND NOT EXISTS (SELECT FROM {staged.Name} AS b WHERE b.id = s.id)" : null;
        var missing = (await transaction.QueryAsync(
            $"SELECT id FROM ({wanted}) AS s (id) WHERE id IS NOT NULL AND NOT EXISTS (SELECT FROM {target.Name(table)} AS t WHERE t.id = s.id){brought}", cancel).ConfigureAwait(false)).Select(r => r[0]!).ToList();
        if (missing.Count == 0)
        {
            return;
        }

        var candidates = (await transaction.QueryAsync($"SELECT id FROM {target.Name(table)} WHERE NOT is_deleted ORDER BY id <> $1 LIMIT 2", cancel, @default).ConfigureAwait(false)).Select(r => r[0]!).ToList();
        var chosen = candidates.Count == 1 || candidates.FirstOrDefault() == @default ? candidates[0] : null;
        if (chosen is null && table == "organizations")
        {
            throw new LettaException(
                "OrganizationNotFound",
                LettaErrorKind.NotFound,
                $"The database has no organization {missing[0]}, and no default one to take in its place.",
                "Start a Letta server with the database once, which makes its default organization and user, or restore with -PreserveId, which brings them along.",
                missing[0]);
        }

        await ThereAsync(missing, cancel).ConfigureAwait(false);
        if (chosen is not null)
        {
            await MapAsync(missing.Select(m => (m, chosen)), cancel).ConfigureAwait(false);
        }
    }

    private async Task MapAsync(IEnumerable<(string Old, string New)> pairs, CancellationToken cancel)
    {
        var map = pairs.Where(p => p.Old != p.New).ToDictionary(p => p.Old, p => p.New);
        if (map.Count > 0)
        {
            await transaction.ExecuteAsync(
                $"INSERT INTO {Ids} SELECT key, value FROM json_each_text($1::json) ON CONFLICT DO NOTHING", cancel, JsonSerializer.Serialize(map)).ConfigureAwait(false);
        }
    }

    private Task<long> ThereAsync(IEnumerable<string> ids, CancellationToken cancel) => transaction.ExecuteAsync(
        $"INSERT INTO {There} SELECT json_array_elements_text($1::json) ON CONFLICT DO NOTHING", cancel, JsonSerializer.Serialize(ids));

    /// <summary>Finds out which of the shared things are there already.</summary>
    private async Task FindSharedAsync(StagedTable table, CancellationToken cancel)
    {
        // By its identifier, the thing itself is known again only where identifiers stay, or where others of the backup have it too.
        await FindAsync(table, found => options.PreserveId || options.IsShared(found.Old) || (options.Known.TryGetValue(found.Old, out var known) && known == found.New), cancel).ConfigureAwait(false);
        await CompareFoundAsync(table, cancel).ConfigureAwait(false);
        await RefuseOccupiedAsync(table, cancel).ConfigureAwait(false);
    }

    /// <summary>Notes what is there already: what a unique constraint makes the same, and what has the identifier.</summary>
    private async Task FindAsync(StagedTable table, Func<(string Old, string New), bool> isSame, CancellationToken cancel)
    {
        var there = target.Name(table.Table.Name);
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        if (table.Rule.Key.Count > 0)
        {
            var same = table.Rule.Key.Where(table.Has).Select(k => $"t.{Sql.Id(k)} IS NOT DISTINCT FROM {(k == "organization_id" ? "coalesce(o.new, s.organization_id)" : $"s.{Sql.Id(k)}")}");
            foreach (var row in await transaction.QueryAsync(
                $"SELECT s.id, t.id FROM {table.Name} AS s LEFT JOIN {Ids} AS o ON o.old = s.organization_id JOIN {there} AS t ON {string.Join(" AND ", same)}", cancel).ConfigureAwait(false))
            {
                found[row[0]!] = row[1]!;
            }
        }

        var organization = table.Rule.Role == DatabaseRole.Shared ? " AND t.organization_id IS NOT DISTINCT FROM coalesce((SELECT o.new FROM " + Ids + " AS o WHERE o.old = s.organization_id), s.organization_id)" : null;
        foreach (var row in await transaction.QueryAsync(
            $"SELECT s.id, t.id FROM {table.Name} AS s LEFT JOIN {Known} AS k ON k.old = s.id JOIN {there} AS t ON t.id = coalesce(k.new, s.id){organization}", cancel).ConfigureAwait(false))
        {
            if (isSame((row[0]!, row[1]!)))
            {
                found.TryAdd(row[0]!, row[1]!);
            }
        }

        await MapAsync(found.Select(f => (f.Key, f.Value)), cancel).ConfigureAwait(false);
        await ThereAsync(found.Keys, cancel).ConfigureAwait(false);
    }

    /// <summary>What is there already is never changed; where it is not the same, that is a gap.</summary>
    private async Task CompareFoundAsync(StagedTable table, CancellationToken cancel)
    {
        var content = table.Rule.Content.Where(table.Has).Select(Sql.Id).ToList();
        if (content.Count == 0)
        {
            return;
        }

        // Letta brings its own tools along, each release its own.
        var own = table.Table.Name == "tools" && table.Has("tool_type") ? " AND s.tool_type = 'custom'" : null;
        var differs = string.Join(" OR ", content.Select(c => $"s.{c}::text IS DISTINCT FROM t.{c}::text"));
        var different = await transaction.QueryAsync(
            $"""
            SELECT coalesce(m.new, s.id) FROM {table.Name} AS s JOIN {There} AS h ON h.id = s.id LEFT JOIN {Ids} AS m ON m.old = s.id
            JOIN {target.Name(table.Table.Name)} AS t ON t.id = coalesce(m.new, s.id) WHERE ({differs}){own} ORDER BY 1
            """,
            cancel).ConfigureAwait(false);
        Gaps.AddRange(different.Select(d => $"{table.Table.Name} {d[0]}: it was there already, is not as in the file, and was left as it is."));
    }

    /// <summary>Rows of the file that are to be written must not meet others of the same identifier.</summary>
    private async Task RefuseOccupiedAsync(StagedTable table, CancellationToken cancel)
    {
        if (!options.PreserveId || !table.Has("id"))
        {
            return;
        }

        var occupied = await transaction.QueryAsync(
            $"SELECT s.id FROM {From(table)} JOIN {target.Name(table.Table.Name)} AS t ON t.id = s.id WHERE {Filter(table)} ORDER BY 1 LIMIT 1", cancel).ConfigureAwait(false);
        if (occupied.Count > 0)
        {
            throw new LettaException(
                "IdOccupied",
                LettaErrorKind.Conflict,
                $"The identifier {occupied[0][0]} of {table.Table.Name} is taken in the database by something that is not this agent's. Nothing was written.",
                "Restore without -PreserveId, which gives new identifiers.",
                occupied[0][0]);
        }
    }

    /// <summary>With what is there already come its parts.</summary>
    private async Task FindPartsAsync(CancellationToken cancel)
    {
        foreach (var part in Staged(DatabaseRole.Part).Where(p => p.Has("id")))
        {
            var (column, parent) = part.Rule.Parent!.Value;
            await transaction.ExecuteAsync(
                $"INSERT INTO {There} SELECT s.id FROM {part.Name} AS s JOIN {There} AS t ON t.id = s.{Sql.Id(column)} ON CONFLICT DO NOTHING", cancel).ConfigureAwait(false);
            if (part.Table.Name == "files" && part.Has("file_name") && part.Has("created_at"))
            {
                await transaction.ExecuteAsync(
                    $"""
                    INSERT INTO {Ids} SELECT s.id, min(t.id) FROM {part.Name} AS s JOIN {There} AS h ON h.id = s.id JOIN {Ids} AS m ON m.old = s.source_id
                    JOIN {target.Name("files")} AS t ON t.source_id = m.new AND t.file_name IS NOT DISTINCT FROM s.file_name AND t.created_at IS NOT DISTINCT FROM s.created_at
                    GROUP BY s.id ON CONFLICT DO NOTHING
                    """,
                    cancel).ConfigureAwait(false);
            }

            await CountLackingAsync(part, Sql.Id(column), parent, cancel).ConfigureAwait(false);
        }

        foreach (var table in Staged(DatabaseRole.Own).Where(t => t.Rule.Outlives && options.PreserveId))
        {
            var mine = table.Has("agent_id") ? "t.agent_id IS NOT DISTINCT FROM s.agent_id" : "true";
            await transaction.ExecuteAsync(
                $"INSERT INTO {There} SELECT s.id FROM {table.Name} AS s JOIN {target.Name(table.Table.Name)} AS t ON t.id = s.id AND {mine} ON CONFLICT DO NOTHING", cancel).ConfigureAwait(false);
        }
    }

    /// <summary>An archive or source that is there already may hold less than in the file.</summary>
    private async Task CountLackingAsync(StagedTable part, string column, string parent, CancellationToken cancel)
    {
        if (parent is not ("archives" or "sources"))
        {
            return;
        }

        var lacking = await transaction.QueryAsync(
            $"""
            SELECT id, (n - there)::text FROM (
                SELECT g.id, g.n, (SELECT count(*) FROM {target.Name(part.Table.Name)} AS t WHERE t.{column} = g.id) AS there
                FROM (SELECT coalesce(m.new, s.{column}) AS id, count(*) AS n FROM {part.Name} AS s JOIN {There} AS h ON h.id = s.{column} LEFT JOIN {Ids} AS m ON m.old = s.{column} GROUP BY 1) AS g) AS c
            WHERE there < n ORDER BY 1
            """,
            cancel).ConfigureAwait(false);
        Gaps.AddRange(lacking.Select(l => $"{l[1]} {part.Table.Name} of {l[0]}: it was there already without them, and was left as it is."));
    }

    /// <summary>Gives everything that will be written a new identifier, unless they stay.</summary>
    private async Task NameAsync(CancellationToken cancel)
    {
        await MapAsync([(options.SourceId, options.NewId)], cancel).ConfigureAwait(false);
        await transaction.ExecuteAsync($"INSERT INTO {Ids} SELECT old, new FROM {Known} WHERE old <> new ON CONFLICT DO NOTHING", cancel).ConfigureAwait(false);
        foreach (var table in DatabaseRule.All.Where(r => r.Role is DatabaseRole.Shared or DatabaseRole.Part or DatabaseRole.Own or DatabaseRole.Group).Select(r => staging.Find(r.Table)).OfType<StagedTable>().Where(t => t.Has("id")))
        {
            if (!options.PreserveId && !table.Table.ForeignKeys.Any(f => f.Columns.Contains("id")))
            {
                const string Uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
                await transaction.ExecuteAsync(
                    $"""
                    INSERT INTO {Ids} SELECT s.id, CASE WHEN s.id ~ '{Uuid}' THEN regexp_replace(s.id, '{Uuid}', gen_random_uuid()::text) ELSE s.id || '-' || gen_random_uuid()::text END
                    FROM {table.Name} AS s WHERE NOT EXISTS (SELECT FROM {There} AS t WHERE t.id = s.id) ON CONFLICT DO NOTHING
                    """,
                    cancel).ConfigureAwait(false);
            }
        }

        _mapped = await NumberOfAsync($"SELECT count(*)::text FROM {Ids}", cancel).ConfigureAwait(false) > 0;
        foreach (var table in DatabaseRule.All.Where(r => r.Role is DatabaseRole.Agent or DatabaseRole.Own or DatabaseRole.Part).Select(r => staging.Find(r.Table)).OfType<StagedTable>())
        {
            await RefuseOccupiedAsync(table, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Numbers of messages stay where identifiers stay and they are free; else messages get new ones in their order. Until the end of the transaction nobody
    /// else can write messages: a number that somebody drew before the sequence was moved is either seen here or not used yet.
    /// </summary>
    private async Task NumberAsync(CancellationToken cancel)
    {
        if (staging.Find(LettaNames.Messages) is not { } messages || !messages.Has(LettaNames.SequenceId))
        {
            return;
        }

        var (there, sequence) = (target.Name(LettaNames.Messages), Sql.Literal(target.MessageSequence));
        if (options.PreserveId)
        {
            await transaction.ExecuteAsync($"LOCK TABLE {there} IN SHARE ROW EXCLUSIVE MODE", cancel).ConfigureAwait(false);
            var taken = await NumberOfAsync($"SELECT count(*)::text FROM {messages.Name} AS s JOIN {there} AS t ON t.sequence_id = s.sequence_id", cancel).ConfigureAwait(false);
            if (taken == 0)
            {
                await transaction.ExecuteAsync(
                    $"SELECT setval({sequence}, greatest((SELECT last_value FROM {target.MessageSequence}), (SELECT max(sequence_id) FROM {messages.Name})))", cancel).ConfigureAwait(false);
                return;
            }

            Warnings.Add($"The {await CountAsync(LettaNames.Messages, cancel).ConfigureAwait(false)} messages have new numbers in their order: other messages have {taken} of theirs.");
        }

        _renumbered = true;
        await transaction.ExecuteAsync(
            $"""
            CREATE TEMPORARY TABLE lettaps_numbers ON COMMIT DROP AS
            SELECT old, nextval({sequence}) AS new FROM (SELECT sequence_id AS old FROM {messages.Name} ORDER BY sequence_id) AS s
            """,
            cancel).ConfigureAwait(false);
    }

    /// <summary>Inserts the rows of a table, and compares what the table holds then with what it was to hold.</summary>
    private async Task InsertAsync(StagedTable table, CancellationToken cancel)
    {
        await DropDanglingAsync(table, cancel).ConfigureAwait(false);
        var columns = table.Columns.Where(c => c.Name != table.Rule.Late).Select(c => (Column: c, Value: Value(table, c)))
            .Concat(table.Table.Columns.Where(c => !table.Has(c.Name)).Select(c => (Column: c, Value: Added(table, c))).Where(c => c.Value is not null).Select(c => (c.Column, Value: c.Value!)))
            .ToList();
        var order = table.Table.Name == LettaNames.Messages && !table.Has(LettaNames.SequenceId) ? " ORDER BY s.created_at, s.id" : null;
        var values = $"SELECT {string.Join(", ", columns.Select(c => $"{c.Value} AS {Sql.Id(c.Column.Name)}"))} FROM {From(table)} WHERE {Filter(table)}{order}";
        var there = target.Name(table.Table.Name);
        var written = columns.Select(c => c.Column).ToList();
        const string Count = "SELECT count(*)::text, coalesce(sum(h::numeric), 0)::text";
        var wanted = await transaction.QueryAsync($"{Count} FROM (SELECT hashtextextended({StagedTable.RowText("v", written)}, 0) AS h FROM ({values}) AS v) AS r", cancel).ConfigureAwait(false);
        var holds = await transaction.QueryAsync(
            $"WITH r AS (INSERT INTO {there} AS t ({Sql.Ids(written.Select(c => c.Name))}) {values} RETURNING hashtextextended({StagedTable.RowText("t", written)}, 0) AS h) {Count} FROM r",
            cancel).ConfigureAwait(false);
        if (!wanted[0].SequenceEqual(holds[0]))
        {
            throw new LettaException(
                "RestoredRowsDiffer",
                LettaErrorKind.ServerFault,
                $"{holds[0][0]} rows were written to {table.Table.Name}, and they are not the {wanted[0][0]} of the file. Nothing was kept.",
                "A trigger or rule of the database may change what is written.",
                table.Table.Name);
        }
    }

    private string From(StagedTable table)
    {
        var joins = _mapped
            ? string.Concat(Identifiers(table).Select((column, i) => $" LEFT JOIN {Ids} AS m{i} ON m{i}.old = s.{Sql.Id(column)}"))
            : string.Empty;
        return $"{table.Name} AS s{joins}{(_renumbered && table.Table.Name == LettaNames.Messages ? $" LEFT JOIN {Numbers} AS n ON n.old = s.sequence_id" : null)}";
    }

    private static string Filter(StagedTable table) => table.Rule switch
    {
        { Parent: (var column, _) } => $"NOT EXISTS (SELECT FROM {There} AS h WHERE h.id = s.{Sql.Id(column)})",
        { Role: DatabaseRole.Tenant or DatabaseRole.Shared or DatabaseRole.Group } or { Outlives: true } => $"NOT EXISTS (SELECT FROM {There} AS h WHERE h.id = s.id)",
        _ => "true",
    };

    /// <summary>The columns of a table that hold one identifier.</summary>
    private static IReadOnlyList<string> Identifiers(StagedTable table)
    {
        var columns = table.Table.ForeignKeys.SelectMany(f => f.Columns.Zip(f.RefColumns).Where(c => c.Second == "id").Select(c => c.First))
            .Concat(table.Rule.References.Where(r => r.Form == ReferenceForm.Id).Select(r => r.Column))
            .Concat(table.Rule.Parent is { } parent ? [parent.Column] : [])
            .Concat(["id", "_created_by_id", "_last_updated_by_id", "agent_id"])
            .ToHashSet();
        return [.. table.Columns.Select(c => c.Name).Where(columns.Contains)];
    }

    /// <summary>What a column of the file becomes.</summary>
    private string Value(StagedTable table, SchemaColumn column)
    {
        var value = $"s.{Sql.Id(column.Name)}";
        if (_renumbered && (table.Table.Name, column.Name) is (LettaNames.Messages, LettaNames.SequenceId))
        {
            return "n.new";
        }

        if (_mapped)
        {
            var at = Identifiers(table).ToList().IndexOf(column.Name);
            value = at >= 0 ? $"coalesce(m{at}.new, {value})" : table.Rule.References.FirstOrDefault(r => r.Column == column.Name)?.Form switch
            {
                ReferenceForm.List => $"""
                    CASE WHEN json_typeof({value}) = 'array' THEN (
                        SELECT coalesce(json_agg(coalesce(m.new, e.id) ORDER BY e.n), '[]') FROM json_array_elements_text({value}) WITH ORDINALITY AS e (id, n) LEFT JOIN {Ids} AS m ON m.old = e.id)
                    ELSE {value} END
                    """,
                ReferenceForm.McpServer => $"""
                    coalesce((SELECT jsonb_set({value}::jsonb, '{"{mcp,server_id}"}', to_jsonb(m.new))::json FROM {Ids} AS m WHERE m.old = {value} #>> '{"{mcp,server_id}"}'), {value})
                    """,
                _ => value,
            };
        }

        return column.NotNull && Added(table, column) is { } otherwise ? $"coalesce({value}, {otherwise})" : value;
    }

    /// <summary>What a column gets where the file has no value and the target wants one: what the server's own migrations gave.</summary>
    private string? Added(StagedTable table, SchemaColumn column) => (table.Table.Name, column.Name) switch
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
        if (staging.Find("archival_passages") is { } passages && passages.Has(LettaNames.EmbeddingConfig))
        {
            sources.Add($"(SELECT p.embedding_config FROM {passages.Name} AS p WHERE p.archive_id = s.id AND p.embedding_config IS NOT NULL ORDER BY p.id LIMIT 1)");
        }

        if (staging.Find("agents") is { } agents && agents.Has(LettaNames.EmbeddingConfig))
        {
            sources.Add($"(SELECT a.embedding_config FROM {agents.Name} AS a)");
        }

        return $"coalesce({string.Join(", ", sources.Append($"{Sql.Literal(Backfill.LastResort)}::json"))})";
    }

    /// <summary>
    /// Takes out what refers to something that neither the file nor, for what the database has by itself, the database holds. Only the file's own rows count: nothing
    /// of the agent may refer to another agent's.
    /// </summary>
    private async Task DropDanglingAsync(StagedTable table, CancellationToken cancel)
    {
        foreach (var key in table.Table.ForeignKeys.Where(f => f.Columns.All(table.Has) && !f.Columns.Contains(table.Rule.Late)))
        {
            if (table.Rule.Role == DatabaseRole.Group && key.RefTable == "agents")
            {
                // Of a group, the other agents are in files of their own.
                continue;
            }

            var outside = DatabaseRule.Of(key.RefTable) is null or { Role: DatabaseRole.Tenant };
            var other = outside ? target.Name(key.RefTable) : staging.Find(key.RefTable)?.Name;
            var same = string.Join(" AND ", key.Columns.Zip(key.RefColumns).Select(c => outside && c.Second == "id"
                ? $"r.id = {(_mapped ? $"coalesce((SELECT m.new FROM {Ids} AS m WHERE m.old = s.{Sql.Id(c.First)}), s.{Sql.Id(c.First)})" : $"s.{Sql.Id(c.First)}")}"
                : $"r.{Sql.Id(c.Second)} = s.{Sql.Id(c.First)}"));
            var dangling = string.Join(" AND ", key.Columns.Select(c => $"s.{Sql.Id(c)} IS NOT NULL")) + (other is null ? null : $" AND NOT EXISTS (SELECT FROM {other} AS r WHERE {same})");
            var nullable = key.Columns.Where(c => !table.Table.Column(c)!.NotNull).ToList();
            var rows = await transaction.ExecuteAsync(
                nullable.Count > 0
                    ? $"UPDATE {table.Name} AS s SET {string.Join(", ", nullable.Select(c => $"{Sql.Id(c)} = NULL"))} WHERE {dangling}"
                    : $"DELETE FROM {table.Name} AS s WHERE {dangling}",
                cancel).ConfigureAwait(false);
            if (rows > 0)
            {
                (table.Rule.IsRecord || key.RefTable == "providers" ? Warnings : Gaps).Add(nullable.Count > 0
                    ? $"{table.Table.Name}.{nullable[0]} of {rows} rows: what they refer to in {key.RefTable} is not there."
                    : $"{rows} rows of {table.Table.Name}: what they refer to in {key.RefTable} is not there.");
            }
        }

        if (table.Rule.Role == DatabaseRole.Agent && table.Has("message_ids"))
        {
            var messages = staging.Find(LettaNames.Messages) is { } staged ? $"EXISTS (SELECT FROM {staged.Name} AS m WHERE m.id = e.id)" : "false";
            var lost = await NumberOfAsync(
                $"SELECT count(*)::text FROM {table.Name} AS s, json_array_elements_text(CASE WHEN json_typeof(s.message_ids) = 'array' THEN s.message_ids END) AS e (id) WHERE NOT {messages}", cancel).ConfigureAwait(false);
            if (lost > 0)
            {
                Gaps.Add($"{lost} messages in context are not in the file.");
                await transaction.ExecuteAsync(
                    $"""
                    UPDATE {table.Name} AS s SET message_ids = (
                        SELECT coalesce(json_agg(e.id ORDER BY e.n), '[]') FROM json_array_elements_text(s.message_ids) WITH ORDINALITY AS e (id, n) WHERE {messages})
                    """,
                    cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task FillLateAsync(CancellationToken cancel)
    {
        foreach (var table in Staged(DatabaseRole.Shared).Where(t => t.Rule.Late is { } late && t.Has(late)))
        {
            var late = Sql.Id(table.Rule.Late!);
            var history = staging.Find("block_history");
            var wanted = await NumberOfAsync($"SELECT count(*)::text FROM {table.Name} AS s WHERE {Filter(table)} AND s.{late} IS NOT NULL", cancel).ConfigureAwait(false);
            var filled = history is null || wanted == 0 ? 0 : await transaction.ExecuteAsync(
                $"""
                UPDATE {target.Name(table.Table.Name)} AS t SET {late} = coalesce(mh.new, s.{late})
                FROM {table.Name} AS s LEFT JOIN {Ids} AS m ON m.old = s.id LEFT JOIN {Ids} AS mh ON mh.old = s.{late}
                WHERE t.id = coalesce(m.new, s.id) AND {Filter(table)} AND EXISTS (SELECT FROM {history.Name} AS h WHERE h.id = s.{late} AND h.block_id = s.id)
                """,
                cancel).ConfigureAwait(false);
            if (filled < wanted)
            {
                Gaps.Add($"{table.Table.Name}.{table.Rule.Late} of {wanted - filled} rows: what they refer to in block_history is not there.");
            }
        }
    }

    /// <summary>A group is written with the last of its agents; until then its agents are without it.</summary>
    private async Task InsertGroupsAsync(CancellationToken cancel)
    {
        if (staging.Find("groups") is not { } groups)
        {
            return;
        }

        var members = staging.Find("groups_agents");
        var everybody = $"SELECT s.manager_agent_id AS agent WHERE s.manager_agent_id IS NOT NULL"
            + (groups.Has("agent_ids") ? " UNION SELECT e.id FROM json_array_elements_text(CASE WHEN json_typeof(s.agent_ids) = 'array' THEN s.agent_ids END) AS e (id)" : null)
            + (members is null ? null : $" UNION SELECT a.agent_id FROM {members.Name} AS a WHERE a.group_id = s.id");
        await transaction.ExecuteAsync(
            $"""
            INSERT INTO {There} SELECT s.id FROM {groups.Name} AS s
            WHERE EXISTS (SELECT FROM {target.Name("groups")} AS t WHERE t.id = (SELECT k.new FROM {Known} AS k WHERE k.old = s.id))
                OR EXISTS (SELECT FROM ({everybody}) AS e WHERE NOT EXISTS (SELECT FROM {Known} AS k JOIN {target.Name("agents")} AS t ON t.id = k.new WHERE k.old = e.agent))
            ON CONFLICT DO NOTHING
            """,
            cancel).ConfigureAwait(false);
        await RefuseOccupiedAsync(groups, cancel).ConfigureAwait(false);
        foreach (var table in Staged(DatabaseRole.Group))
        {
            await InsertAsync(table, cancel).ConfigureAwait(false);
        }

        // Each file has the membership of its own agent only; the list of the group has all.
        if (groups.Has("agent_ids"))
        {
            await transaction.ExecuteAsync(
                $"""
                INSERT INTO {target.Name("groups_agents")} (group_id, agent_id)
                SELECT coalesce(m.new, s.id), k.new FROM {groups.Name} AS s LEFT JOIN {Ids} AS m ON m.old = s.id
                CROSS JOIN LATERAL json_array_elements_text(CASE WHEN json_typeof(s.agent_ids) = 'array' THEN s.agent_ids END) AS e (id) JOIN {Known} AS k ON k.old = e.id
                WHERE {Filter(groups)} ON CONFLICT DO NOTHING
                """,
                cancel).ConfigureAwait(false);
        }

        if (members is not null)
        {
            // The group outlived the agent that belonged to it.
            await transaction.ExecuteAsync(
                $"""
                INSERT INTO {target.Name("groups_agents")} (group_id, agent_id) SELECT k.new, $2 FROM {members.Name} AS s JOIN {Known} AS k ON k.old = s.group_id
                WHERE s.agent_id = $1 AND EXISTS (SELECT FROM {target.Name("groups")} AS t WHERE t.id = k.new) ON CONFLICT DO NOTHING
                """,
                cancel,
                options.SourceId,
                options.NewId).ConfigureAwait(false);
        }
    }

    /// <summary>What the file has for secrets is not always the secrets.</summary>
    private async Task CheckSecretsAsync(CancellationToken cancel)
    {
        if (staging.Find("agent_environment_variables") is not { } variables || !variables.Has("value"))
        {
            return;
        }

        var encrypted = variables.Has("value_enc") ? " AND s.value_enc IS NULL" : null;
        var empty = await NumberOfAsync($"SELECT count(*)::text FROM {variables.Name} AS s WHERE s.value IS NULL{encrypted}", cancel).ConfigureAwait(false);
        if (empty > 0)
        {
            Gaps.Add($"The values of {empty} environment variables are not in the file; Export-LettaAgent -IncludeSecret puts them there.");
        }
    }

    /// <summary>Texts of the file that are encrypted, by the table.</summary>
    /// <param name="cancel">Gives up.</param>
    public async Task<IReadOnlyList<(string Table, string Secret)>> SecretsAsync(CancellationToken cancel)
    {
        var secrets = new List<(string, string)>();
        foreach (var table in DatabaseRule.All.Select(r => staging.Find(r.Table)).OfType<StagedTable>())
        {
            foreach (var column in table.Columns.Where(c => c.Name.EndsWith("_enc", StringComparison.Ordinal)))
            {
                secrets.AddRange((await transaction.QueryAsync($"SELECT s.{Sql.Id(column.Name)}::text FROM {table.Name} AS s WHERE s.{Sql.Id(column.Name)} IS NOT NULL", cancel).ConfigureAwait(false))
                    .Select(r => (table.Table.Name, r[0]!)));
            }
        }

        return secrets;
    }

    /// <summary>The name and what later migrations set in rows that were there.</summary>
    private async Task FinishAsync(CancellationToken cancel)
    {
        var agents = target.Name("agents");
        if (options.Name is { } name)
        {
            await transaction.ExecuteAsync($"UPDATE {agents} SET name = $2 WHERE id = $1", cancel, options.NewId, name).ConfigureAwait(false);
        }

        if (!options.PreserveId)
        {
            // Recognised later by its metadata, as agents are that came through the API.
            var metadata = await transaction.QueryAsync($"SELECT metadata_::text FROM {agents} WHERE id = $1", cancel, options.NewId).ConfigureAwait(false);
            using var given = JsonDocument.Parse(metadata[0][0] ?? "null");
            var marked = RestoreMark.Put(given.RootElement.ValueKind == JsonValueKind.Object ? given.RootElement : null, options.SourceId, unfinished: false);
            await transaction.ExecuteAsync($"UPDATE {agents} SET metadata_ = $2::json WHERE id = $1", cancel, options.NewId, marked.ToJsonString()).ConfigureAwait(false);
        }

        if (DatabaseTarget.IsSince(target.Release, s_hidesSubagents) && !DatabaseTarget.IsSince(options.FileRelease, s_hidesSubagents) && target.Table("agents")!.Column("hidden") is not null)
        {
            await transaction.ExecuteAsync(
                $"UPDATE {agents} AS a SET hidden = true WHERE id = $1 AND hidden IS NOT TRUE AND EXISTS (SELECT FROM {target.Name("agents_tags")} AS t WHERE t.agent_id = a.id AND t.tag = 'role:subagent')",
                cancel,
                options.NewId).ConfigureAwait(false);
        }
    }
}
