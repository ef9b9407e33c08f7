namespace LettaPS;

/// <summary>One difference between a database and a release of Letta.</summary>
public sealed record LettaSchemaDrift
{
    /// <summary>The database.</summary>
    public required DatabaseAddress Database { get; init; }

    /// <summary>The release that it was compared with.</summary>
    public required string Release { get; init; }

    /// <summary>In what they differ.</summary>
    public required LettaDriftKind Kind { get; init; }

    /// <summary>The table, or <see langword="null"/> where it is none's.</summary>
    public string? Table { get; init; }

    /// <summary>The column, constraint, index, type or sequence; for a table its own name.</summary>
    public required string Name { get; init; }

    /// <summary>What the release has; <see langword="null"/> where nothing.</summary>
    public string? Expected { get; init; }

    /// <summary>What the database has; <see langword="null"/> where nothing.</summary>
    public string? Actual { get; init; }

    /// <summary>What it does to a server of that release.</summary>
    public required LettaDriftSeverity Severity { get; init; }

    /// <summary>The same in words: what fails, and how clients see it.</summary>
    public required string Effect { get; init; }

    /// <summary>The statements that mend it, in their order; <see langword="null"/> where <c>Invoke-LettaSchemaFix</c> does not mend it.</summary>
    public string? FixSql { get; init; }

    /// <summary>What to know of the fix, or why there is none; <see langword="null"/> where there is nothing to say.</summary>
    public string? Recommendation { get; init; }

    /// <summary>Whether there is a fix. Every fix is additive: no table, column or row is dropped, and no value that is there is changed, but for <c>MessageData</c>, which is never mended unasked.</summary>
    public bool IsFixable => FixSql is not null;

    /// <summary>Whether the fix leaves every value that is there as it is.</summary>
    public bool IsAdditive => IsFixable && Kind is not LettaDriftKind.MessageData;

    /// <summary>The kind, the object and what it does.</summary>
    public override string ToString() => $"{Kind} {Table}{(Table is null || Table == Name ? null : ".")}{(Table == Name ? null : Name)}: {Effect}";
}
