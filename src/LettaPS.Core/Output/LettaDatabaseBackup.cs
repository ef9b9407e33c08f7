namespace LettaPS;

/// <summary>A finished dump of a database: what <c>Backup-LettaDatabase</c> gives.</summary>
public sealed record LettaDatabaseBackup
{
    /// <summary>Path of the dump; beside it, with <c>.json</c> appended, is what is known of it.</summary>
    public required string Path { get; init; }

    /// <summary>Name of the database.</summary>
    public required string Database { get; init; }

    /// <summary>Container of the Letta server; <see langword="null"/> where none was known.</summary>
    public string? Server { get; init; }

    /// <summary>The moment that the dump shows (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Form of the dump.</summary>
    public required DumpFormat Format { get; init; }

    /// <summary>Size in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>SHA-256 in lower-case hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Number of tables.</summary>
    public required int TableCount { get; init; }

    /// <summary>Rows of all tables.</summary>
    public required long RowCount { get; init; }

    /// <summary>Revision of Letta's schema; <see langword="null"/> where the database has none.</summary>
    public string? AlembicRevision { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Duration { get; init; }
}
