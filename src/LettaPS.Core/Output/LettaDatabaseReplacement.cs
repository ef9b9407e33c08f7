namespace LettaPS;

/// <summary>A database that was replaced by a new one: what <c>Restore-LettaDatabase</c> and <c>Reset-LettaDatabase</c> give.</summary>
public sealed record LettaDatabaseReplacement
{
    /// <summary>Name of the database.</summary>
    public required string Database { get; init; }

    /// <summary>Container of the Letta server; <see langword="null"/> where none was known.</summary>
    public string? Server { get; init; }

    /// <summary>Path of the dump that it was filled from, or for an emptied one, of the dump that it can be filled from again; <see langword="null"/> where there is none.</summary>
    public string? Path { get; init; }

    /// <summary>What the old database is called now; <see langword="null"/> where there was none or it was removed.</summary>
    public string? Previous { get; init; }

    /// <summary>
    /// Containers of servers that an interrupted run had stopped for this work and that could not be started from here: those of another engine, or that
    /// are gone.
    /// </summary>
    public IReadOnlyList<string> StoppedServers { get; init; } = [];

    /// <summary>Rows that were loaded, which are as many as the dump was taken of.</summary>
    public required long RowCount { get; init; }

    /// <summary>Revision of Letta's schema that was loaded; <see langword="null"/> where there is none.</summary>
    public string? AlembicRevision { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Duration { get; init; }
}
