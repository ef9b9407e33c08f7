namespace LettaPS.Core.Schemas.Model;

/// <summary>The tables of one schema and what they need: what a release expects, or what a database has.</summary>
internal sealed record SchemaModel
{
    /// <summary>The tables.</summary>
    public IReadOnlyList<SchemaTable> Tables { get; init; } = [];

    /// <summary>The enumerated types.</summary>
    public IReadOnlyList<SchemaEnum> Enums { get; init; } = [];

    /// <summary>The sequences.</summary>
    public IReadOnlyList<SchemaSequence> Sequences { get; init; } = [];

    /// <summary>The extensions, other than PostgreSQL's own language.</summary>
    public IReadOnlyList<SchemaExtension> Extensions { get; init; } = [];

    /// <summary>A table by its name, or <see langword="null"/>.</summary>
    public SchemaTable? Table(string name) => Tables.FirstOrDefault(t => t.Name == name);
}

/// <summary>A table.</summary>
internal sealed record SchemaTable
{
    /// <summary>Its name, without schema.</summary>
    public required string Name { get; init; }

    /// <summary>Its columns in their order.</summary>
    public IReadOnlyList<SchemaColumn> Columns { get; init; } = [];

    /// <summary>Its primary key, or <see langword="null"/>.</summary>
    public SchemaKey? PrimaryKey { get; init; }

    /// <summary>Its unique constraints.</summary>
    public IReadOnlyList<SchemaKey> Uniques { get; init; } = [];

    /// <summary>Its foreign keys.</summary>
    public IReadOnlyList<SchemaForeignKey> ForeignKeys { get; init; } = [];

    /// <summary>Its indexes, but for those that belong to the primary key or a unique constraint.</summary>
    public IReadOnlyList<SchemaIndex> Indexes { get; init; } = [];

    /// <summary>The names of its check and exclusion constraints. No release has any.</summary>
    public IReadOnlyList<string> Checks { get; init; } = [];

    /// <summary>A column by its name, or <see langword="null"/>.</summary>
    public SchemaColumn? Column(string name) => Columns.FirstOrDefault(c => c.Name == name);
}

/// <summary>A column.</summary>
internal sealed record SchemaColumn
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its type as PostgreSQL writes it: <c>character varying(255)</c>, <c>vector(4096)</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Whether it refuses NULL.</summary>
    public bool NotNull { get; init; }

    /// <summary>The expression of its default as PostgreSQL writes it, or <see langword="null"/>.</summary>
    public string? Default { get; init; }

    /// <summary>Whether PostgreSQL makes its values itself (an identity or generated column). No release has any.</summary>
    public bool Generated { get; init; }
}

/// <summary>A primary key or unique constraint.</summary>
internal sealed record SchemaKey
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its columns in their order.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>Whether two NULLs count as equal. Needs PostgreSQL 15.</summary>
    public bool NullsNotDistinct { get; init; }
}

/// <summary>A foreign key.</summary>
internal sealed record SchemaForeignKey
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its columns.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>The table it refers to.</summary>
    public required string RefTable { get; init; }

    /// <summary>The columns it refers to.</summary>
    public IReadOnlyList<string> RefColumns { get; init; } = [];

    /// <summary>What happens when the row referred to is deleted: <c>NO ACTION</c>, <c>CASCADE</c>, <c>SET NULL</c>, <c>RESTRICT</c>, <c>SET DEFAULT</c>.</summary>
    public string OnDelete { get; init; } = NoAction;

    /// <summary>What happens when the key referred to changes.</summary>
    public string OnUpdate { get; init; } = NoAction;

    /// <summary>Whether the check may wait until the end of the transaction.</summary>
    public bool Deferrable { get; init; }

    /// <summary>Whether the check waits until the end of the transaction unless told otherwise.</summary>
    public bool Deferred { get; init; }

    /// <summary>Whether it was never checked against the rows that were there when it was added.</summary>
    public bool NotValid { get; init; }

    internal const string NoAction = "NO ACTION";
}

/// <summary>An index that is not a constraint's.</summary>
internal sealed record SchemaIndex
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it is unique.</summary>
    public bool Unique { get; init; }

    /// <summary>What it is, as PostgreSQL writes it after <c>USING</c>: <c>btree (source_id, created_at DESC)</c>.</summary>
    public required string Definition { get; init; }

    /// <summary>The columns it uses, in no particular order where it is made of expressions.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>Whether building it was interrupted: PostgreSQL keeps it up to date but never reads it.</summary>
    public bool Invalid { get; init; }

    /// <summary>Whether another session is building it at this moment.</summary>
    public bool Building { get; init; }

    /// <summary>Whether it keeps columns unique as a constraint would: without condition or expression.</summary>
    /// <param name="columns">The columns, in any order.</param>
    /// <param name="nullsNotDistinct">Whether two NULLs count as equal.</param>
    public bool Keeps(IEnumerable<string> columns, bool nullsNotDistinct) =>
        Unique && Columns.ToHashSet().SetEquals(columns)
        && Definition.EndsWith(nullsNotDistinct ? ") NULLS NOT DISTINCT" : ")", StringComparison.Ordinal)
        && Definition.Count(c => c == '(') == 1;
}

/// <summary>An enumerated type.</summary>
internal sealed record SchemaEnum
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its values in their order.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];
}

/// <summary>A sequence. All of Letta's begin at 1 and go up by 1.</summary>
internal sealed record SchemaSequence
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its type: <c>bigint</c>, <c>integer</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The column whose dropping drops it, as <c>table.column</c>, or <see langword="null"/>.</summary>
    public string? OwnedBy { get; init; }
}

/// <summary>An extension.</summary>
internal sealed record SchemaExtension
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The schema that its types are in; <see langword="null"/> where any will do.</summary>
    public string? Schema { get; init; }

    /// <summary>Its version; <see langword="null"/> where any will do.</summary>
    public string? Version { get; init; }
}
