using LettaPS.Core.AgentFiles;
using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Text;

namespace LettaPS.Core.Restores.Database;

/// <summary>A table of the file that the target has too, copied into a temporary table of the transaction.</summary>
/// <param name="rule">What the table is.</param>
/// <param name="table">The table in the target.</param>
/// <param name="columns">The columns that both have, in the order of the file, by their names in the target's catalogue.</param>
internal sealed class StagedTable(TableRule rule, SchemaTable table, IReadOnlyList<SchemaColumn> columns)
{
    public TableRule Rule => rule;

    public SchemaTable Table => table;

    public IReadOnlyList<SchemaColumn> Columns => columns;

    /// <summary>The place in the file, for messages.</summary>
    public string Place => DatabaseSection.PlaceOf(table.Name);

    /// <summary>The quoted name of the temporary table. Its rows may be changed after they were compared with the file.</summary>
    public string Name { get; } = Sql.Id("pg_temp", "lettaps_" + table.Name);

    /// <summary>The columns that hold one identifier each.</summary>
    public IList<string> Identifiers { get; } = FindIdentifiers(rule, table, columns);

    public bool Has(string column) => columns.Any(c => c.Name == column);

    private static List<string> FindIdentifiers(TableRule rule, SchemaTable table, IReadOnlyList<SchemaColumn> columns)
    {
        var identifiers = table.ForeignKeys.SelectMany(f => f.Columns.Zip(f.RefColumns).Where(c => c.Second == "id").Select(c => c.First))
            .Concat(rule.References.Where(r => r.Form == ReferenceForm.Id).Select(r => r.Column))
            .Concat(rule.Parent is { } parent ? [parent.Column] : [])
            .Concat(["id", "_created_by_id", "_last_updated_by_id", "agent_id"])
            .ToHashSet();
        return [.. columns.Select(c => c.Name).Where(identifiers.Contains)];
    }

    /// <summary>An expression for all of a row, which is different for any two rows that differ: each value with its length in bytes before it.</summary>
    /// <param name="alias">What the row is called.</param>
    public static string RowText(string alias, IEnumerable<SchemaColumn> columns) => string.Join(" || ", columns.Select(c =>
    {
        // The text of a vector has the digits that tell it from its neighbours; its bytes are certain.
        var value = PgVector.IsType(c.Type) ? $"encode(vector_send({alias}.{Sql.Id(c.Name)}), 'hex')" : $"{alias}.{Sql.Id(c.Name)}::text";
        return $"coalesce(octet_length({value}) || ':' || {value}, '-')";
    }));
}
