namespace LettaPS.Core.Schemas.Repair;

/// <summary>What a repair is to do.</summary>
internal sealed record SchemaFixOptions
{
    /// <summary>The release to bring the database to; <see langword="null"/> for the nearest.</summary>
    public string? Version { get; init; }

    /// <summary>The kinds of differences to mend; <see langword="null"/> for all but <see cref="LettaDriftKind.MessageData"/>.</summary>
    public IReadOnlyCollection<LettaDriftKind>? Kinds { get; init; }

    /// <summary>The differences to mend, found before; <see langword="null"/> for all.</summary>
    public IReadOnlyCollection<LettaSchemaDrift>? Only { get; init; }

    /// <summary>Whether to hand a database without revision over to the server's own migrations.</summary>
    public bool AdoptAlembic { get; init; }

    /// <summary>Whether to copy secrets into the columns that the release reads.</summary>
    public bool IncludeSecretColumn { get; init; }

    /// <summary>Whether to plan only.</summary>
    public bool WhatIf { get; init; }

    /// <summary>Longest wait for another repair, and for each lock.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Size in bytes from which a table counts as large: its indexes are built and its rows checked while the server goes on working.</summary>
    public long LargeTable { get; init; } = SchemaPlanner.DefaultLargeTable;
}
