namespace LettaPS.Core.Schemas.Model;

/// <summary>Finds out which release's schema a database holds and who built it, from the schema alone.</summary>
internal static class SchemaFingerprint
{
    /// <summary>Fewer tables of Letta's names than this are a coincidence: other programs have users, jobs and files too.</summary>
    public const int FewestTables = 5;

    private static readonly Lazy<IReadOnlyList<(ReleaseSchema Schema, HashSet<string> Facts)>> s_known =
        new(() => [.. SchemaCatalogue.All.Select(s => (s, Facts(s.Model)))]);

    private static readonly Lazy<HashSet<string>> s_universe = new(() => [.. s_known.Value.SelectMany(k => k.Facts)]);

    /// <summary>The names of all tables that any release has.</summary>
    public static IReadOnlySet<string> TableNames { get; } = SchemaCatalogue.All.SelectMany(s => s.Model.Tables).Select(t => t.Name).ToHashSet();

    /// <summary>The schema that has Letta's tables: what the role's search path finds first, since that is what Letta uses; else the fullest.</summary>
    /// <param name="candidates">Schemas with tables of Letta's names.</param>
    public static SchemaCandidate? Choose(IReadOnlyList<SchemaCandidate> candidates) => candidates
        .Where(c => c.Tables >= FewestTables)
        .OrderBy(c => c.SearchPosition ?? int.MaxValue).ThenByDescending(c => c.Tables).ThenBy(c => c.Name, StringComparer.Ordinal)
        .FirstOrDefault();

    /// <summary>The release schema that differs least, and how sure that is (0.5 to 1).</summary>
    /// <param name="actual">What the database has.</param>
    public static (ReleaseSchema Schema, double Confidence) Nearest(SchemaModel actual)
    {
        var facts = Facts(actual, withStandIns: true);
        facts.IntersectWith(s_universe.Value);
        var ranked = s_known.Value
            .Select(known => (known.Schema, Distance: known.Facts.Count(f => !facts.Contains(f)) + facts.Count(f => !known.Facts.Contains(f))))
            .OrderBy(r => r.Distance)
            .ToList();
        var (best, second) = (ranked[0], ranked[1]);
        return (best.Schema, best.Distance == 0 ? 1 : (double)second.Distance / (best.Distance + second.Distance));
    }

    /// <summary>Who built the tables, by the names that differ between the two ways in every release.</summary>
    /// <param name="actual">What the database has.</param>
    /// <param name="hasRevision">Whether alembic's table has a revision.</param>
    public static LettaSchemaBuilder Builder(SchemaModel actual, bool hasRevision)
    {
        var keys = actual.Tables.SelectMany(t => t.Uniques.Append(t.PrimaryKey).OfType<SchemaKey>()).Select(k => k.Name).ToHashSet();
        var alembic = keys.Overlaps(["pk_steps_id", "agent_passages_pkey", "uq_messages_sequence_id"]);
        var createAll = keys.Overlaps(["steps_pkey", "archival_passages_pkey", "messages_sequence_id_key", "blocks_agents_pkey"]);
        return (alembic, createAll) switch
        {
            (true, false) => LettaSchemaBuilder.Alembic,
            (false, true) when !hasRevision => LettaSchemaBuilder.CreateAll,
            (false, false) when hasRevision => LettaSchemaBuilder.Alembic,
            _ => LettaSchemaBuilder.Mixture,
        };
    }

    /// <summary>What a schema has that tells releases apart: nothing whose form depends on who built it.</summary>
    private static HashSet<string> Facts(SchemaModel model, bool withStandIns = false)
    {
        var facts = new HashSet<string>();
        foreach (var table in model.Tables)
        {
            facts.Add($"table {table.Name}");
            foreach (var column in table.Columns)
            {
                facts.Add($"column {table.Name}.{column.Name}");
                facts.Add($"form {table.Name}.{column.Name} {column.Type} {column.NotNull}");
            }

            foreach (var unique in table.Uniques)
            {
                facts.Add(Unique(table, unique.Columns, unique.NullsNotDistinct));
            }

            facts.UnionWith(table.Indexes.Where(i => !i.Invalid).Select(i => $"index {table.Name} {i.Unique} {i.Definition}"));
            if (withStandIns)
            {
                // create_all makes a primary key of what the migrations made a unique constraint.
                facts.UnionWith(table.PrimaryKey is { } key ? [Unique(table, key.Columns, false)] : []);
            }
        }

        var used = model.Tables.SelectMany(t => t.Columns).Select(c => c.Type).ToHashSet();
        facts.UnionWith(model.Enums.Where(e => used.Contains(e.Name)).SelectMany(e => e.Values.Select(v => $"value {e.Name}.{v}")));
        return facts;
    }

    private static string Unique(SchemaTable table, IEnumerable<string> columns, bool nullsNotDistinct) =>
        $"unique {table.Name} {nullsNotDistinct} {string.Join(',', columns.Order(StringComparer.Ordinal))}";
}
