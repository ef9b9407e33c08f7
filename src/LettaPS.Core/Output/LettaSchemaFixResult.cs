namespace LettaPS;

/// <summary>How one statement of a repair went.</summary>
public enum LettaSchemaFixStatus
{
    /// <summary>It would be run (<c>-WhatIf</c>).</summary>
    Planned,

    /// <summary>It was run and committed.</summary>
    Done,

    /// <summary>It was not run: it was declined, left out by a parameter, or needs another that was.</summary>
    Skipped,

    /// <summary>There is a difference that the cmdlet does not mend; the message says why and who does.</summary>
    Left,
}

/// <summary>One statement of a repair, or a difference that is left.</summary>
public sealed record LettaSchemaFixResult
{
    /// <summary>The database.</summary>
    public required DatabaseAddress Database { get; init; }

    /// <summary>The release that it is brought to.</summary>
    public required string Release { get; init; }

    /// <summary>How it went.</summary>
    public required LettaSchemaFixStatus Status { get; init; }

    /// <summary>The difference that it mends; <see langword="null"/> for the locks that all need.</summary>
    public LettaDriftKind? Kind { get; init; }

    /// <summary>The table, or <see langword="null"/>.</summary>
    public string? Table { get; init; }

    /// <summary>The column, constraint, index, type or sequence, or <see langword="null"/>.</summary>
    public string? Name { get; init; }

    /// <summary>The statement; <see langword="null"/> for what is left.</summary>
    public string? Sql { get; init; }

    /// <summary>Why it was skipped or left, or what to know of it.</summary>
    public string? Message { get; init; }

    /// <summary>Rows that it changed, where it changes rows.</summary>
    public long? RowCount { get; init; }

    /// <summary>How long it took, waiting for locks included.</summary>
    public TimeSpan Duration { get; init; }
}
