namespace LettaPS;

/// <summary>The form of a dump.</summary>
public enum DumpFormat
{
    /// <summary><c>pg_dump</c>'s own, compressed: read by <c>pg_restore</c>.</summary>
    Custom,

    /// <summary>SQL, which can be read and is much larger: read by <c>psql</c>.</summary>
    Plain,
}
