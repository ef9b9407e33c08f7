namespace LettaPS.Core.Databases;

/// <summary>A database as a whole: how it was made, what is set for it, what is in it.</summary>
internal sealed record DatabaseFacts
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Role that owns it.</summary>
    public required string Owner { get; init; }

    /// <summary>Encoding: <c>UTF8</c>.</summary>
    public required string Encoding { get; init; }

    /// <summary>Provider of its locale: <c>libc</c>, <c>icu</c> or <c>builtin</c>.</summary>
    public string LocaleProvider { get; init; } = "libc";

    /// <summary>Locale of its sort order.</summary>
    public required string Collate { get; init; }

    /// <summary>Locale of its character classes.</summary>
    public required string CType { get; init; }

    /// <summary>Locale of the provider, where that is not <c>libc</c>.</summary>
    public string? Locale { get; init; }

    /// <summary>Most connections at once; -1 for no limit.</summary>
    public int ConnectionLimit { get; init; } = -1;

    /// <summary>Tablespace; <see langword="null"/> where that is the server's default.</summary>
    public string? Tablespace { get; init; }

    /// <summary>What <c>ALTER DATABASE … SET</c> and <c>ALTER ROLE … IN DATABASE … SET</c> set, such as the search path by which Letta finds its schema. No dump carries these.</summary>
    public IReadOnlyList<DatabaseSetting> Settings { get; init; } = [];

    /// <summary>Privileges on the database as a whole; <see langword="null"/> where they are PostgreSQL's own defaults. No dump carries these.</summary>
    public IReadOnlyList<DatabaseGrant>? Grants { get; init; }

    /// <summary>Schemas, PostgreSQL's own left out.</summary>
    public IReadOnlyList<DatabaseSchema> Schemas { get; init; } = [];

    /// <summary>Extensions, <c>plpgsql</c> left out.</summary>
    public IReadOnlyList<DatabaseExtension> Extensions { get; init; } = [];

    /// <summary>What <c>ALTER DEFAULT PRIVILEGES</c> set: the privileges that objects get when they are made.</summary>
    public IReadOnlyList<DatabaseDefaultPrivileges> DefaultPrivileges { get; init; } = [];

    /// <summary>Roles that own something in it.</summary>
    public IReadOnlyList<string> Owners { get; init; } = [];

    /// <summary>What <c>alembic_version</c> holds: the revision of Letta's schema; <see langword="null"/> where the table is absent or empty.</summary>
    public string? AlembicRevision { get; init; }

    /// <summary>The tables with their numbers of rows.</summary>
    public IReadOnlyList<DatabaseTable> Tables { get; init; } = [];

    /// <summary>Rows of all tables.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public long Rows => Tables.Sum(t => t.Rows);
}

/// <summary>A setting of a database.</summary>
/// <param name="Role">The role that it counts for; <see langword="null"/> for all.</param>
/// <param name="Name">Its name: <c>search_path</c>.</param>
/// <param name="Value">Its value, as PostgreSQL keeps it: <c>letta</c>.</param>
internal sealed record DatabaseSetting(string? Role, string Name, string Value);

/// <summary>A privilege on a database or a schema.</summary>
/// <param name="Grantee">The role; <see langword="null"/> for all.</param>
/// <param name="Privilege">The privilege: <c>CONNECT</c>.</param>
/// <param name="Grantable">Whether the role may pass it on.</param>
internal sealed record DatabaseGrant(string? Grantee, string Privilege, bool Grantable);

/// <summary>A schema.</summary>
/// <param name="Owner">Role that owns it.</param>
internal sealed record DatabaseSchema(string Name, string Owner)
{
    /// <summary>Privileges on it; <see langword="null"/> where they are PostgreSQL's own defaults, or a manifest of an older LettaPS does not tell.</summary>
    public IReadOnlyList<DatabaseGrant>? Grants { get; init; }

    /// <summary>Its comment; <see langword="null"/> where it has none.</summary>
    public string? Comment { get; init; }
}

/// <summary>The privileges that objects of a kind get when a role makes them.</summary>
/// <param name="Role">The role that makes them.</param>
/// <param name="Schema">The schema that they are made in; <see langword="null"/> for all.</param>
/// <param name="ObjectType">Their kind, as <c>ALTER DEFAULT PRIVILEGES</c> takes it: <c>TABLES</c>.</param>
/// <param name="Grants">The privileges. Those for all schemas stand in the place of PostgreSQL's own; those for one schema come on top.</param>
internal sealed record DatabaseDefaultPrivileges(string Role, string? Schema, string ObjectType, IReadOnlyList<DatabaseGrant> Grants);

/// <summary>An extension of a database.</summary>
/// <param name="Name">Its name: <c>vector</c>.</param>
/// <param name="Schema">The schema that it is in.</param>
internal sealed record DatabaseExtension(string Name, string Version, string Schema)
{
    /// <summary>Role that owns it, and so may update it; <see langword="null"/> where a manifest of an older LettaPS does not tell.</summary>
    public string? Owner { get; init; }

    /// <summary>Its comment; <see langword="null"/> where it has none.</summary>
    public string? Comment { get; init; }
}

/// <summary>A table with its number of rows.</summary>
/// <param name="Schema">The schema that it is in.</param>
/// <param name="Rows">How many rows it has.</param>
internal sealed record DatabaseTable(string Schema, string Name, long Rows);
