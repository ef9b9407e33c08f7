using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Text;

namespace LettaPS.Core.AgentTables;

/// <summary>The columns that a table of a database really has.</summary>
internal sealed class TableShape
{
    private readonly Dictionary<string, int> _ordinals;

    /// <summary>Looks at a table.</summary>
    /// <param name="enums">The enumerated types of its schema.</param>
    public TableShape(SchemaTable table, IEnumerable<SchemaEnum> enums)
    {
        var enumerated = enums.Select(e => e.Name).ToHashSet(StringComparer.Ordinal);
        Name = table.Name;
        Columns = table.Columns;
        Kinds = [.. table.Columns.Select(c => KindOf(c.Type, enumerated))];
        Secrets = [.. table.Columns.Select(c => AgentTables.SecrecyOf(table.Name, c.Name))];
        _ordinals = table.Columns.Select((c, i) => (c.Name, i)).ToDictionary(c => c.Name, c => c.i, StringComparer.Ordinal);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its columns in their order.</summary>
    public IReadOnlyList<SchemaColumn> Columns { get; }

    /// <summary>What each of them holds.</summary>
    public IReadOnlyList<ColumnKind> Kinds { get; }

    /// <summary>How secret each of them is.</summary>
    public IReadOnlyList<ColumnSensitivity> Secrets { get; }

    /// <summary>The place of a column; -1 where it is not there.</summary>
    public int Ordinal(string column) => _ordinals.GetValueOrDefault(column, -1);

    /// <summary>Whether it has a column.</summary>
    public bool Has(string column) => _ordinals.ContainsKey(column);

    private static ColumnKind KindOf(string type, HashSet<string> enums) => type switch
    {
        "json" or "jsonb" => ColumnKind.Json,
        "boolean" => ColumnKind.Boolean,
        "integer" or "bigint" or "smallint" => ColumnKind.Number,
        "timestamp with time zone" or "timestamp without time zone" => ColumnKind.Time,
        _ when PgVector.IsType(type) => ColumnKind.Vector,
        _ when enums.Contains(type) => ColumnKind.Enum,
        _ => ColumnKind.Text,
    };
}
