using LettaPS.Core.AgentFiles.Writing;

namespace LettaPS.Core.AgentFiles;

/// <summary>What an agent file says of the database that its agent was read from; the rows themselves are read when they are written.</summary>
internal sealed class DatabaseSection
{
    /// <summary>The place of it in the file, for messages.</summary>
    internal const string Place = $"{SnapshotFileWriter.Extension}.{SnapshotFileWriter.DatabaseProperty}";

    /// <summary>Version of PostgreSQL there; <see langword="null"/> where the file does not tell.</summary>
    public string? ServerVersion { get; internal set; }

    /// <summary>The newest release whose schema was nearest; <see langword="null"/> where the file does not tell.</summary>
    public string? NearestRelease { get; internal set; }

    /// <summary>By which encryption key its secrets were encrypted: the first 16 hexadecimal digits of a keyed hash of it; <see langword="null"/> where nobody knew.</summary>
    public string? EncryptionKeyFingerprint { get; internal set; }

    /// <summary>The tables in the order of the file.</summary>
    public List<DatabaseSectionTable> Tables { get; } = [];

    /// <summary>The place of a table in the file, for messages.</summary>
    /// <param name="table">Its name.</param>
    internal static string PlaceOf(string table) => $"{Place}.tables.{table}";

    /// <summary>How many rows a table has in the file.</summary>
    /// <param name="table">Its name.</param>
    public long RowsOf(string table) => Tables.FirstOrDefault(t => t.Name == table)?.Rows ?? 0;
}

/// <summary>A table of an agent file's database part.</summary>
/// <param name="Columns">The names of its columns.</param>
/// <param name="Types">Their types as PostgreSQL writes them.</param>
internal sealed record DatabaseSectionTable(string Name, IReadOnlyList<string> Columns, IReadOnlyList<string> Types)
{
    /// <summary>The place in the file, for messages.</summary>
    public string Place => DatabaseSection.PlaceOf(Name);

    /// <summary>How many rows it has; known when they have been passed over.</summary>
    public long Rows { get; internal set; }
}
