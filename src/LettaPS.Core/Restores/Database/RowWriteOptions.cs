namespace LettaPS.Core.Restores.Database;

/// <summary>How one agent is written into a database.</summary>
internal sealed record RowWriteOptions
{
    /// <summary>The identifier that the agent has in the file.</summary>
    public required string SourceId { get; init; }

    /// <summary>The identifier that it gets.</summary>
    public required string NewId { get; init; }

    /// <summary>Whether all identifiers stay as they are.</summary>
    public bool PreserveId => SourceId == NewId;

    /// <summary>The name that it gets; <see langword="null"/> for its own.</summary>
    public string? Name { get; init; }

    /// <summary>What agents, blocks, sources, archives and groups of the backup became in this database before, or will become.</summary>
    public required IReadOnlyDictionary<string, string> Known { get; init; }

    /// <summary>Whether several agents of the backup have the thing of an identifier.</summary>
    public required Func<string, bool> IsShared { get; init; }

    /// <summary>The agent that gives way to this one; <see langword="null"/> where none does.</summary>
    public string? Replaces { get; init; }

    /// <summary>The release that the file was read from, as far as it tells.</summary>
    public string? FileRelease { get; init; }
}
