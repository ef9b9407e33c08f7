namespace LettaPS;

/// <summary>A run of a server's own migrations: what <c>Update-LettaSchema</c> gives.</summary>
public sealed record LettaSchemaUpdate
{
    /// <summary>Container of the Letta server.</summary>
    public required string Server { get; init; }

    /// <summary>Name of the database.</summary>
    public required string Database { get; init; }

    /// <summary>The image whose migrations ran.</summary>
    public required string Image { get; init; }

    /// <summary>Revision before; <see langword="null"/> where there was none.</summary>
    public string? FromRevision { get; init; }

    /// <summary>Revision afterwards.</summary>
    public required string ToRevision { get; init; }

    /// <summary>Whether anything was migrated.</summary>
    public bool IsChanged => FromRevision != ToRevision;

    /// <summary>Path of the dump that was taken before; <see langword="null"/> with <c>-NoBackup</c>.</summary>
    public string? BackupPath { get; init; }

    /// <summary>Whether the server runs again. One of another image than the migrations' does not start on what they made, and is left stopped.</summary>
    public required bool IsServerStarted { get; init; }

    /// <summary>What <c>alembic</c> wrote, with passwords masked.</summary>
    public IReadOnlyList<string> Output { get; init => field = new LettaList<string>(value); } = new LettaList<string>([]);

    /// <summary>How long it took.</summary>
    public required TimeSpan Duration { get; init; }
}
