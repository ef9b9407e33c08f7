namespace LettaPS.Core.Restores;

/// <summary>How to restore.</summary>
internal sealed record RestoreOptions
{
    /// <summary>What to do with an agent that the target has already.</summary>
    public RestoreConflict Conflict { get; init; }

    /// <summary>Says by which model of the target a model is replaced; <see langword="null"/> for as it is.</summary>
    public Func<string, string?>? ModelMap { get; init; }

    /// <summary>Says by which embedding model of the target one is replaced.</summary>
    public Func<string, string?>? EmbeddingMap { get; init; }

    /// <summary>Leave the archival passages out.</summary>
    public bool NoArchive { get; init; }

    /// <summary>Leave custom tools out.</summary>
    public bool NoTool { get; init; }

    /// <summary>Let tools of the file take the place of the target's tools of the same name.</summary>
    public bool OverwriteTool { get; init; }

    /// <summary>Only add passages that are missing to agents that were restored before.</summary>
    public bool PassagesOnly { get; init; }

    /// <summary>Where the map of identifiers is kept; <see langword="null"/> for beside the backup.</summary>
    public string? IdMapPath { get; init; }

    /// <summary>Write agents, blocks, messages and all else under the identifiers that they have in the file. Only a database takes them.</summary>
    public bool PreserveId { get; init; }

    /// <summary>The <c>LETTA_ENCRYPTION_KEY</c> of the target's server; <see langword="null"/> where nobody knows. It is compared, and never written anywhere.</summary>
    public string? EncryptionKey { get; init; }
}
