namespace LettaPS.Core.Schemas.Comparison;

/// <summary>A difference between two schemas, before anybody has said what it means.</summary>
internal sealed record Difference(LettaDriftKind Kind, string? Table, string Name)
{
    /// <summary>What the release has, in PostgreSQL's words.</summary>
    public string? Expected { get; init; }

    /// <summary>What the database has, in PostgreSQL's words.</summary>
    public string? Actual { get; init; }

    /// <summary>The thing itself as the release has it: a table, column, key, foreign key, index, type, sequence or extension.</summary>
    public object? ExpectedThing { get; init; }

    /// <summary>The thing itself as the database has it.</summary>
    public object? ActualThing { get; init; }
}
