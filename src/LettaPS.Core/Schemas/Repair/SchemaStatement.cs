using LettaPS.Core.Schemas.Comparison;

namespace LettaPS.Core.Schemas.Repair;

/// <summary>The order in which a repair goes about its work: what something needs comes before it.</summary>
internal enum SchemaPhase
{
    Lock,
    Extension,
    Type,
    Sequence,
    Table,
    Column,
    Rows,
    Rule,
    Cleanup,
    Key,
    Index,
    ForeignKey,
    Name,
    Validation,
    Revision,
}

/// <summary>One statement of a repair.</summary>
internal sealed record SchemaStatement(SchemaPhase Phase, string Sql)
{
    /// <summary>The difference that it mends; <see langword="null"/> for the locks that all need.</summary>
    public Difference? For { get; init; }

    /// <summary>Whether it runs by itself after the transaction: PostgreSQL wants it so, or it would hold up the server's own work for long.</summary>
    public bool Alone { get; init; }

    /// <summary>What removes the remains of it if it fails by itself.</summary>
    public string? Undo { get; init; }

    /// <summary>Things that must be there, as <see cref="SchemaThing"/> names them.</summary>
    public IReadOnlyList<string> Needs { get; init; } = [];

    /// <summary>Things that are there afterwards.</summary>
    public IReadOnlyList<string> Makes { get; init; } = [];

    /// <summary>Tables that nobody may read or write meanwhile.</summary>
    public IReadOnlyList<string> Locks { get; init; } = [];

    /// <summary>Tables that nobody may write meanwhile.</summary>
    public IReadOnlyList<string> WriteLocks { get; init; } = [];
}

/// <summary>Names things that statements need and make.</summary>
internal static class SchemaThing
{
    public static string Extension(string name) => $"extension {name}";

    public static string Type(string name) => $"type {name}";

    public static string Sequence(string name) => $"sequence {name}";

    public static string Table(string name) => $"table {name}";

    public static string Column(string table, string name) => $"column {table}.{name}";

    public static string Constraint(string table, string name) => $"constraint {table}.{name}";

    public static IEnumerable<string> Columns(string table, IEnumerable<string> names) => names.Select(n => Column(table, n));
}
