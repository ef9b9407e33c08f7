namespace LettaPS.Core.Schemas.Model;

/// <summary>Writes the parts of a release's schema as SQL, in the schema where the database has Letta's tables.</summary>
/// <param name="schema">That schema.</param>
/// <param name="release">The release's schema, for the names of its types.</param>
/// <param name="extensions">The extensions of the database; one that is missing will be in <paramref name="schema"/>.</param>
internal sealed class SchemaSql(string schema, SchemaModel release, IReadOnlyList<SchemaExtension> extensions)
{
    /// <summary>The terms of a foreign key, after the columns it refers to.</summary>
    public static string Terms(SchemaForeignKey key) =>
        Action("DELETE", key.OnDelete) + Action("UPDATE", key.OnUpdate)
        + (key.Deferrable ? key.Deferred ? " DEFERRABLE INITIALLY DEFERRED" : " DEFERRABLE" : null);

    /// <summary>A table, type or sequence in its schema.</summary>
    public string Name(string name) => Sql.Id(schema, name);

    /// <summary>A column as in CREATE TABLE.</summary>
    public string Column(SchemaColumn column) =>
        $"{Sql.Id(column.Name)} {Type(column.Type)}{(column.Default is null ? null : $" DEFAULT {Default(column)}")}{(column.NotNull ? " NOT NULL" : null)}";

    /// <summary>A primary key or unique constraint as in CREATE TABLE.</summary>
    public static string Key(SchemaKey key, bool primary) =>
        $"CONSTRAINT {Sql.Id(key.Name)} {(primary ? "PRIMARY KEY" : "UNIQUE")}{(key.NullsNotDistinct ? " NULLS NOT DISTINCT" : null)} ({Sql.Ids(key.Columns)})";

    /// <summary>A foreign key as in ALTER TABLE ADD.</summary>
    public string ForeignKey(SchemaForeignKey key, string name) =>
        $"CONSTRAINT {Sql.Id(name)} FOREIGN KEY ({Sql.Ids(key.Columns)}) REFERENCES {Name(key.RefTable)} ({Sql.Ids(key.RefColumns)}){Terms(key)}";

    /// <summary>An index.</summary>
    public string Index(string table, SchemaIndex index, string name, bool concurrently) =>
        $"CREATE {(index.Unique ? "UNIQUE " : null)}INDEX {(concurrently ? "CONCURRENTLY " : null)}{Sql.Id(name)} ON {Name(table)} USING {index.Definition}";

    /// <summary>A type: PostgreSQL's own, one of Letta's enumerated types, or pgvector's.</summary>
    public string Type(string type)
    {
        if (Sql.BuiltInType(type) is { } builtIn)
        {
            return builtIn;
        }

        if (release.Enums.Any(e => e.Name == type))
        {
            return Name(type);
        }

        var (name, modifier) = type.IndexOf('(', StringComparison.Ordinal) is > 0 and var at ? (type[..at], type[at..]) : (type, "");
        var extension = extensions.FirstOrDefault(e => e.Name == name);
        return Sql.Id(extension?.Schema ?? schema, name) + modifier;
    }

    /// <summary>The default of a column; the catalogue's expressions are constants of PostgreSQL's own functions and types, but for sequences.</summary>
    public string Default(SchemaColumn column) =>
        Sql.SequenceOf(column.Default) is { } sequence ? $"nextval({Regclass(sequence)})" : column.Default!;

    /// <summary>A sequence or table as a value.</summary>
    public string Regclass(string name) => $"{Sql.Literal(Name(name))}::regclass";

    private static string? Action(string @event, string action) => action == SchemaForeignKey.NoAction ? null : $" ON {@event} {action}";
}
