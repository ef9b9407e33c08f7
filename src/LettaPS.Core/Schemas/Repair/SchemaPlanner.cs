using LettaPS.Core.Schemas.Comparison;
using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Schemas.Repair;

/// <summary>Writes the statements that mend a difference, or says why there are none. It adds; it drops nothing that holds a user's data.</summary>
/// <param name="snapshot">The database.</param>
/// <param name="release">The schema to bring it to.</param>
/// <param name="largeTable">Size in bytes from which indexes are built and rows checked without holding up the server.</param>
internal sealed class SchemaPlanner(DatabaseSnapshot snapshot, SchemaModel release, long largeTable)
{
    /// <summary>Size from which a table counts as large where nothing else is said: about a second of work.</summary>
    public const long DefaultLargeTable = 64 * 1024 * 1024;

    private readonly SchemaSql _sql = new(snapshot.Schema!, release, snapshot.Server.Extensions);

    private SchemaModel Actual => snapshot.Model;

    /// <summary>The statements for a difference, in the order of their phases within it.</summary>
    /// <returns>The statements, and what to know of them or why there are none.</returns>
    public (IReadOnlyList<SchemaStatement> Statements, string? Note) Mend(Difference difference)
    {
        var (statements, note) = Write(difference);
        return ([.. statements.Select(s => s with { For = difference })], note);
    }

    private (IEnumerable<SchemaStatement> Statements, string? Note) Write(Difference d) => (d.Kind, d.ExpectedThing) switch
    {
        (LettaDriftKind.ServerTooOld, _) => None($"Upgrade PostgreSQL to {d.Expected}: dump, restore into the newer server."),
        (LettaDriftKind.MissingExtension, _) => Extension(d.Name),
        (LettaDriftKind.MissingEnum, SchemaEnum type) => Some(CreateType(type)),
        (LettaDriftKind.MissingEnumValue, SchemaEnum type) => Some(AddValue(type, d.Expected!, (SchemaEnum)d.ActualThing!)),
        (LettaDriftKind.MissingSequence, SchemaSequence sequence) => Some(Sequence(sequence)),
        (LettaDriftKind.MissingTable, SchemaTable table) => Some(Table(table)),
        (LettaDriftKind.MissingColumn, SchemaColumn column) => Column(d.Table!, column),
        (LettaDriftKind.MissingDefault or LettaDriftKind.DefaultDiffers, SchemaColumn column) => Default(d.Table!, column, (SchemaColumn)d.ActualThing!),
        (LettaDriftKind.SequenceBehind, _) => Some([MoveSequence() with { WriteLocks = [LettaNames.Messages] }]),
        (LettaDriftKind.TypeDiffers, SchemaColumn column) => Type(d.Table!, column, (SchemaColumn)d.ActualThing!),
        (LettaDriftKind.NullabilityDiffers, SchemaColumn column) => Nullability(d.Table!, column),
        (LettaDriftKind.MissingConstraint, SchemaKey key) => Key(d.Table!, key, Actual.Table(d.Table!)!),
        (LettaDriftKind.MissingConstraint, SchemaForeignKey key) => ForeignKey(d.Table!, key, replaces: null),
        (LettaDriftKind.ConstraintDiffers, SchemaForeignKey key) => ForeignKey(d.Table!, key, replaces: d.Name),
        (LettaDriftKind.ConstraintDiffers, SchemaKey key) => ReplaceKey(d.Table!, key, d.Name),
        (LettaDriftKind.NotValidConstraint, SchemaForeignKey key) => Validate(d.Table!, key, d.Name),
        (LettaDriftKind.MissingIndex, SchemaIndex index) => Some([Index(d.Table!, index, FreeName(index.Name))]),
        (LettaDriftKind.InvalidIndex, _) => InvalidIndex(d),
        (LettaDriftKind.NameDiffers, _) => Rename(d),
        (LettaDriftKind.RevisionMissing, _) => (Adopt(d.Expected!), "Only with -AdoptAlembic, once nothing is left that breaks the server."),
        (LettaDriftKind.RevisionStuck, _) => Some(FinishEmbeddingConfig(d)),
        (LettaDriftKind.PlaintextSecret, _) => Secret(d),
        (LettaDriftKind.MessageData, _) => Messages(),
        (LettaDriftKind.ExtraColumn, _) when d.ActualThing is SchemaColumn { NotNull: true, Default: null, Generated: false } =>
            None("Give the column a default or let it be NULL; only you know what it is for."),
        _ => None(null),
    };

    private static (IEnumerable<SchemaStatement> Statements, string? Note) Some(IEnumerable<SchemaStatement> statements) => (statements, null);

    private static (IEnumerable<SchemaStatement> Statements, string? Note) None(string? why) => ([], why);

    private (IEnumerable<SchemaStatement> Statements, string? Note) Extension(string name) =>
        snapshot.Server.AvailableExtensions.Any(e => e.Name == name)
            ? ([new(SchemaPhase.Extension, $"CREATE EXTENSION IF NOT EXISTS {Sql.Id(name)} WITH SCHEMA {Sql.Id(snapshot.Schema!)}")
            {
                Makes = [SchemaThing.Extension(name)],
            }], "Needs a superuser.")
            : None($"The PostgreSQL server does not have the files of {name}. Install its package on the server, or use an image that has it.");

    private IEnumerable<SchemaStatement> CreateType(SchemaEnum type) =>
    [
        new(SchemaPhase.Type, $"CREATE TYPE {_sql.Name(type.Name)} AS ENUM ({string.Join(", ", type.Values.Select(Sql.Literal))})")
        {
            Makes = [SchemaThing.Type(type.Name)],
        },
    ];

    private IEnumerable<SchemaStatement> AddValue(SchemaEnum type, string value, SchemaEnum actual)
    {
        var next = type.Values.SkipWhile(v => v != value).Skip(1).FirstOrDefault(actual.Values.Contains);
        return
        [
            new(
                SchemaPhase.Type,
                $"ALTER TYPE {_sql.Name(type.Name)} ADD VALUE IF NOT EXISTS {Sql.Literal(value)}{(next is null ? null : $" BEFORE {Sql.Literal(next)}")}"),
        ];
    }

    private IEnumerable<SchemaStatement> Sequence(SchemaSequence sequence)
    {
        yield return new(SchemaPhase.Sequence, $"CREATE SEQUENCE IF NOT EXISTS {_sql.Name(sequence.Name)} AS {Sql.BuiltInType(sequence.Type)}")
        {
            Makes = [SchemaThing.Sequence(sequence.Name)],
        };
        if (sequence.OwnedBy?.Split('.') is [var table, var column])
        {
            yield return new(SchemaPhase.Rule, $"ALTER SEQUENCE {_sql.Name(sequence.Name)} OWNED BY {_sql.Name(table)}.{Sql.Id(column)}")
            {
                Needs = [SchemaThing.Column(table, column), SchemaThing.Sequence(sequence.Name)],
            };
        }
    }

    private IEnumerable<SchemaStatement> Table(SchemaTable table)
    {
        var parts = table.Columns.Select(_sql.Column)
            .Concat(table.PrimaryKey is { } key ? [SchemaSql.Key(key, primary: true)] : [])
            .Concat(table.Uniques.Select(u => SchemaSql.Key(u, primary: false)));
        yield return new(SchemaPhase.Table, $"CREATE TABLE {_sql.Name(table.Name)} (\n    {string.Join(",\n    ", parts)})")
        {
            Needs = [.. table.Columns.SelectMany(NeedsOf)],
            Makes = [SchemaThing.Table(table.Name), .. SchemaThing.Columns(table.Name, table.Columns.Select(c => c.Name))],
        };
        foreach (var index in table.Indexes)
        {
            yield return Index(table.Name, index, index.Name);
        }

        foreach (var foreign in table.ForeignKeys)
        {
            yield return new(SchemaPhase.ForeignKey, $"ALTER TABLE {_sql.Name(table.Name)} ADD {_sql.ForeignKey(foreign, foreign.Name)}")
            {
                Needs = NeedsOf(table.Name, foreign),
                WriteLocks = [foreign.RefTable],
            };
        }
    }

    private (IEnumerable<SchemaStatement> Statements, string? Note) Column(string table, SchemaColumn column)
    {
        if ((table, column.Name) is (LettaNames.Messages, LettaNames.SequenceId))
        {
            return ([AddColumn(table, column with { NotNull = false, Default = null }), .. SequenceIds(hasGaps: true), SetDefault(table, column), SetNotNull(table, column)],
                "Messages are numbered by their time.");
        }

        if (Backfill.Constant(table, column.Name) is { } value)
        {
            // A constant default fills the rows that are there without touching them.
            return ([AddColumn(table, column with { Default = Sql.Literal(value) }),
                Alter(SchemaPhase.Rule, table, $"ALTER COLUMN {Sql.Id(column.Name)} DROP DEFAULT", SchemaThing.Column(table, column.Name))], null);
        }

        if (new Backfill(_sql).Statement(table, column) is { } fill)
        {
            var filled = new SchemaStatement(SchemaPhase.Rows, fill) { Needs = [SchemaThing.Column(table, column.Name)], Locks = [table] };
            return ([AddColumn(table, column with { NotNull = false }), filled, .. column.NotNull ? [SetNotNull(table, column)] : Array.Empty<SchemaStatement>()],
                "Archives get the configuration of their first passage, else of an agent that uses them.");
        }

        return column is { NotNull: true, Default: null } && snapshot.IsTrue(RowAnswers.HasRows(table))
            ? ([AddColumn(table, column with { NotNull = false })], "Nobody knows the values of the rows that are there: the column is added without NOT NULL.")
            : Some([AddColumn(table, column)]);
    }

    private SchemaStatement AddColumn(string table, SchemaColumn column) =>
        Alter(SchemaPhase.Column, table, $"ADD COLUMN {_sql.Column(column)}", [SchemaThing.Table(table), .. NeedsOf(column)]) with
        {
            Makes = [SchemaThing.Column(table, column.Name)],
        };

    private (IEnumerable<SchemaStatement> Statements, string? Note) Default(string table, SchemaColumn column, SchemaColumn actual)
    {
        if (column.Default is null)
        {
            return None("A default more harms nobody.");
        }

        if ((table, column.Name) is not (LettaNames.Messages, LettaNames.SequenceId))
        {
            return actual.Generated ? None("PostgreSQL makes the values itself; that serves as well.") : Some([SetDefault(table, column)]);
        }

        var identity = actual.Generated
            ? [Alter(SchemaPhase.Column, table, $"ALTER COLUMN {Sql.Id(column.Name)} DROP IDENTITY IF EXISTS", SchemaThing.Column(table, column.Name))]
            : Array.Empty<SchemaStatement>();
        return Some([.. identity, .. SequenceIds(hasGaps: !actual.NotNull), SetDefault(table, column)]);
    }

    /// <summary>The sequence, numbers for messages that have none, and the sequence moved past them all.</summary>
    private IEnumerable<SchemaStatement> SequenceIds(bool hasGaps)
    {
        var sequence = release.Sequences.First(s => s.Name == LettaNames.MessageSequence);
        var column = release.Table(LettaNames.Messages)!.Column(LettaNames.SequenceId)!;
        string[] needs = [SchemaThing.Column(LettaNames.Messages, LettaNames.SequenceId), SchemaThing.Sequence(LettaNames.MessageSequence)];
        var fill = new SchemaStatement(SchemaPhase.Rows, new Backfill(_sql).Statement(LettaNames.Messages, column)!) { Needs = needs, Locks = [LettaNames.Messages] };
        return [.. Sequence(sequence), .. hasGaps ? [fill] : Array.Empty<SchemaStatement>(), MoveSequence() with { Locks = [LettaNames.Messages] }];
    }

    /// <summary>Never back: what other sessions have taken stays taken.</summary>
    private SchemaStatement MoveSequence()
    {
        var sequence = _sql.Name(LettaNames.MessageSequence);
        return new(SchemaPhase.Rule, $"""
            SELECT setval({_sql.Regclass(LettaNames.MessageSequence)}, greatest(
                (SELECT coalesce(max("sequence_id"), 0) + 1 FROM {_sql.Name(LettaNames.Messages)}),
                (SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM {sequence})), false)
            """)
        {
            Needs = [SchemaThing.Column(LettaNames.Messages, LettaNames.SequenceId), SchemaThing.Sequence(LettaNames.MessageSequence)],
        };
    }

    private SchemaStatement SetDefault(string table, SchemaColumn column) => Alter(
        SchemaPhase.Rule, table, $"ALTER COLUMN {Sql.Id(column.Name)} SET DEFAULT {_sql.Default(column)}",
        [SchemaThing.Column(table, column.Name), .. NeedsOf(column)]);

    private SchemaStatement SetNotNull(string table, SchemaColumn column) => Alter(
        SchemaPhase.Rule, table, $"ALTER COLUMN {Sql.Id(column.Name)} SET NOT NULL", SchemaThing.Column(table, column.Name));

    private (IEnumerable<SchemaStatement> Statements, string? Note) Type(string table, SchemaColumn column, SchemaColumn actual)
    {
        if (!IsWider(column.Type, actual.Type))
        {
            return None($"Values of type {actual.Type} may not fit {column.Type}; that is for a person to decide.");
        }

        var name = Sql.Id(column.Name);
        return ([Alter(SchemaPhase.Column, table, $"ALTER COLUMN {name} TYPE {_sql.Type(column.Type)} USING {name}::{_sql.Type(column.Type)}", [SchemaThing.Column(table, column.Name), .. NeedsOf(column)])],
            "Every value stays what it is; PostgreSQL may write the table anew meanwhile.");
    }

    /// <summary>Whether every value of one type is the same value in the other.</summary>
    private bool IsWider(string type, string from) => (type, from) switch
    {
        ("character varying" or "text", _) when Actual.Enums.Any(e => e.Name == from) => true,
        ("character varying" or "text", _) => from.StartsWith("character varying", StringComparison.Ordinal) || from == "text",
        ("bigint", "integer" or "smallint") or ("integer", "smallint") => true,
        _ => Length(type) is { } to && Length(from) is { } was && to >= was,
    };

    private static int? Length(string type) =>
        type.StartsWith("character varying(", StringComparison.Ordinal)
            ? int.Parse(type["character varying(".Length..^1], System.Globalization.CultureInfo.InvariantCulture)
            : null;

    private (IEnumerable<SchemaStatement> Statements, string? Note) Nullability(string table, SchemaColumn column)
    {
        var name = Sql.Id(column.Name);
        if (!column.NotNull)
        {
            return Actual.Table(table)!.PrimaryKey is { } key && key.Columns.Contains(column.Name)
                ? None("The column belongs to the primary key.")
                : Some([Alter(SchemaPhase.Rule, table, $"ALTER COLUMN {name} DROP NOT NULL", SchemaThing.Column(table, column.Name))]);
        }

        if (snapshot.IsTrue(RowAnswers.HasNulls(table, column.Name)))
        {
            return new Backfill(_sql).Statement(table, column) is { } fill
                ? Some([new(SchemaPhase.Rows, fill) { Needs = [SchemaThing.Column(table, column.Name)], Locks = [table] }, SetNotNull(table, column)])
                : None("There are rows without a value, and nobody knows which it should be.");
        }

        if (!IsLarge(table))
        {
            return Some([SetNotNull(table, column)]);
        }

        // A check that is validated first saves SET NOT NULL from reading the table while nobody else can.
        var check = Sql.Id($"lettaps_{column.Name}_not_null");
        string[] statements =
        [
            $"DROP CONSTRAINT IF EXISTS {check}, ADD CONSTRAINT {check} CHECK ({name} IS NOT NULL) NOT VALID",
            $"VALIDATE CONSTRAINT {check}",
            $"ALTER COLUMN {name} SET NOT NULL, DROP CONSTRAINT {check}",
        ];
        return Some(statements.Select(s => Alter(SchemaPhase.Validation, table, s, SchemaThing.Column(table, column.Name)) with { Alone = true, Locks = [] }));
    }

    private (IEnumerable<SchemaStatement> Statements, string? Note) Key(string table, SchemaKey key, SchemaTable actual)
    {
        var primary = release.Table(table)!.PrimaryKey == key;
        if (snapshot.IsTrue(RowAnswers.HasDuplicates(table, key.Columns)))
        {
            return None("There are rows with the same key; decide which to keep.");
        }

        // What is left of building the constraint's index before has its name.
        var leftBehind = actual.Indexes.Where(i => i.Invalid && i.Keeps(key.Columns, key.NullsNotDistinct)).ToList();
        if (leftBehind.Exists(i => i.Building))
        {
            return None("Another session is building its index at this moment.");
        }

        var drops = leftBehind.Select(i => DropIndex(table, i.Name));
        var named = key with { Name = FreeName(key.Name, [.. leftBehind.Select(i => i.Name)]) };
        string[] needs = [SchemaThing.Table(table), .. SchemaThing.Columns(table, key.Columns)];
        if (!IsLarge(table) || key.Columns.Any(c => actual.Column(c) is null))
        {
            return Some([.. drops, Alter(SchemaPhase.Key, table, $"ADD {SchemaSql.Key(named, primary)}", needs)]);
        }

        var index = new SchemaIndex
        {
            Name = named.Name,
            Unique = true,
            Definition = $"btree ({Sql.Ids(key.Columns)}){(key.NullsNotDistinct ? " NULLS NOT DISTINCT" : null)}",
            Columns = key.Columns,
        };
        return Some([.. drops,
            Index(table, index, named.Name),
            Alter(SchemaPhase.Validation, table, $"ADD CONSTRAINT {Sql.Id(named.Name)} {(primary ? "PRIMARY KEY" : "UNIQUE")} USING INDEX {Sql.Id(named.Name)}", needs) with { Alone = true, Locks = [] }]);
    }

    private (IEnumerable<SchemaStatement> Statements, string? Note) ReplaceKey(string table, SchemaKey key, string replaces)
    {
        if (release.Table(table)!.PrimaryKey == key)
        {
            return None("A primary key is not exchanged: other tables may refer to it.");
        }

        return snapshot.IsTrue(RowAnswers.HasDuplicates(table, key.Columns))
            ? None("There are rows with the same key; decide which to keep.")
            : Some([Alter(
                SchemaPhase.Key, table, $"DROP CONSTRAINT {Sql.Id(replaces)}, ADD {SchemaSql.Key(key with { Name = replaces }, primary: false)}",
                [.. SchemaThing.Columns(table, key.Columns)])]);
    }

    private (IEnumerable<SchemaStatement> Statements, string? Note) ForeignKey(string table, SchemaForeignKey key, string? replaces)
    {
        var name = replaces ?? FreeConstraintName(table, key.Name);
        var drop = replaces is null ? null : $"DROP CONSTRAINT {Sql.Id(replaces)}, ";
        var add = Alter(SchemaPhase.ForeignKey, table, $"{drop}ADD {_sql.ForeignKey(key, name)} NOT VALID", NeedsOf(table, key)) with
        {
            Makes = [SchemaThing.Constraint(table, name)],
            WriteLocks = [key.RefTable],
        };
        return snapshot.IsTrue(RowAnswers.HasOrphans(table, key))
            ? ([add], "There are rows that refer to nothing: they stay, only new ones are checked.")
            : Some([add, ValidateStatement(table, name)]);
    }

    private (IEnumerable<SchemaStatement> Statements, string? Note) Validate(string table, SchemaForeignKey key, string name) =>
        snapshot.IsTrue(RowAnswers.HasOrphans(table, key))
            ? None("There are rows that refer to nothing; decide what becomes of them.")
            : Some([ValidateStatement(table, name)]);

    private SchemaStatement ValidateStatement(string table, string name) =>
        Alter(SchemaPhase.Validation, table, $"VALIDATE CONSTRAINT {Sql.Id(name)}", SchemaThing.Constraint(table, name)) with { Alone = IsLarge(table), Locks = [] };

    private SchemaStatement Index(string table, SchemaIndex index, string name)
    {
        var alone = IsLarge(table);
        return new(SchemaPhase.Index, _sql.Index(table, index, name, concurrently: alone))
        {
            Alone = alone,
            Undo = alone ? $"DROP INDEX CONCURRENTLY IF EXISTS {_sql.Name(name)}" : null,
            Needs = [SchemaThing.Table(table), .. SchemaThing.Columns(table, index.Columns)],
            WriteLocks = alone ? [] : [table],
        };
    }

    private SchemaStatement DropIndex(string table, string name)
    {
        var alone = IsLarge(table);
        return new SchemaStatement(SchemaPhase.Cleanup, $"DROP INDEX {(alone ? "CONCURRENTLY " : null)}IF EXISTS {_sql.Name(name)}")
        {
            Alone = alone,
            Locks = alone ? [] : [table],
        };
    }

    private (IEnumerable<SchemaStatement> Statements, string? Note) InvalidIndex(Difference difference)
    {
        var (table, actual) = (difference.Table!, (SchemaIndex)difference.ActualThing!);
        if (actual.Building)
        {
            return None("Another session is building it at this moment.");
        }

        var drop = DropIndex(table, actual.Name);
        if (SchemaCatalogue.All.Any(s => s.Model.Table(table) is { } known && known.Uniques.Append(known.PrimaryKey).OfType<SchemaKey>().Any(k => actual.Keeps(k.Columns, k.NullsNotDistinct))))
        {
            // No migration builds a constraint's index by itself: it is this repair's own.
            return ([drop], "An interrupted repair left it; the constraint gets an index of its own.");
        }

        if (!SchemaCatalogue.All.Any(s => s.Model.Table(table)?.Indexes.Any(i => i.Definition == actual.Definition && i.Unique == actual.Unique) == true))
        {
            return None("It is none of Letta's; drop or rebuild it with REINDEX INDEX CONCURRENTLY.");
        }

        return difference.ExpectedThing is SchemaIndex expected
            ? Some([drop, Index(table, expected, actual.Name == expected.Name ? expected.Name : FreeName(expected.Name))])
            : ([drop], "The server's own migrations build it anew.");
    }

    private (IEnumerable<SchemaStatement> Statements, string? Note) Rename(Difference difference)
    {
        var (table, from, to) = (difference.Table!, difference.Actual!, difference.Expected!);
        var isTaken = difference.ExpectedThing is SchemaForeignKey ? FreeConstraintName(table, to) != to : FreeName(to) != to;
        if (isTaken)
        {
            return None($"Something else is called {to}.");
        }

        return Some([difference.ExpectedThing is SchemaIndex
            ? new SchemaStatement(SchemaPhase.Name, $"ALTER INDEX {_sql.Name(from)} RENAME TO {Sql.Id(to)}") { Locks = [table] }
            : Alter(SchemaPhase.Name, table, $"RENAME CONSTRAINT {Sql.Id(from)} TO {Sql.Id(to)}", SchemaThing.Table(table))]);
    }

    private IEnumerable<SchemaStatement> Adopt(string head)
    {
        var table = _sql.Name(LettaNames.AlembicVersion);
        return
        [
            new(SchemaPhase.Revision, $"CREATE TABLE IF NOT EXISTS {table} (\"version_num\" character varying(32) NOT NULL, CONSTRAINT \"alembic_version_pkc\" PRIMARY KEY (\"version_num\"))"),
            new(SchemaPhase.Revision, $"INSERT INTO {table} (\"version_num\") VALUES ({Sql.Literal(head)})"),
        ];
    }

    private IEnumerable<SchemaStatement> FinishEmbeddingConfig(Difference difference)
    {
        var column = new SchemaColumn { Name = LettaNames.EmbeddingConfig, Type = "json", NotNull = true };
        var version = Sql.Id("version_num");
        return
        [
            new(SchemaPhase.Rows, new Backfill(_sql).Statement(LettaNames.Archives, column)!) { Locks = [LettaNames.Archives] },
            SetNotNull(LettaNames.Archives, column),
            new(SchemaPhase.Revision, $"UPDATE {_sql.Name(LettaNames.AlembicVersion)} SET {version} = {Sql.Literal(difference.Expected!)} WHERE {version} = {Sql.Literal(difference.Actual!)}"),
        ];
    }

    private (IEnumerable<SchemaStatement> Statements, string? Note) Secret(Difference difference)
    {
        if (snapshot.IsTrue(RowAnswers.Encrypted))
        {
            return None("Other secrets of this database are encrypted: give these to the server again through its API, which encrypts them.");
        }

        var (table, plain, encrypted) = RowAnswers.Secrets.First(s => s.Table == difference.Table && s.Plain == difference.Name);
        return ([new(SchemaPhase.Rows, $"UPDATE {_sql.Name(table)} SET {Sql.Id(encrypted)} = {Sql.Id(plain)}::text WHERE {RowAnswers.HasUnreadSecret(plain, encrypted)}")],
            "Only with -IncludeSecretColumn, and only for servers without LETTA_ENCRYPTION_KEY.");
    }

    private (IEnumerable<SchemaStatement> Statements, string? Note) Messages()
    {
        var repair = RowQueries.Repair(_sql, Actual)!;
        var lost = snapshot.Messages.Damaged - snapshot.Count(RowAnswers.MessagesCurable);
        var statements = new List<SchemaStatement>();
        if (snapshot.Messages.AtRisk > 0)
        {
            statements.Add(new(SchemaPhase.Rows, repair.Prevent));
        }

        if (snapshot.Count(RowAnswers.MessagesCurable) > 0)
        {
            statements.Add(new(SchemaPhase.Rows, repair.Cure));
        }

        return (statements, lost > 0
            ? $"Only with -Kind MessageData. The ids of {lost} messages are lost: no message of the assistant stands before them."
            : "Only with -Kind MessageData.");
    }

    private SchemaStatement Alter(SchemaPhase phase, string table, string action, params IReadOnlyList<string> needs) =>
        new(phase, $"ALTER TABLE {_sql.Name(table)} {action}") { Needs = needs, Locks = [table] };

    private static IEnumerable<string> NeedsOf(SchemaColumn column)
    {
        if (Sql.SequenceOf(column.Default) is { } sequence)
        {
            yield return SchemaThing.Sequence(sequence);
        }

        if (Sql.BuiltInType(column.Type) is null)
        {
            yield return column.Type.IndexOf('(', StringComparison.Ordinal) is > 0 and var at
                ? SchemaThing.Extension(column.Type[..at])
                : SchemaThing.Type(column.Type);
        }
    }

    private static string[] NeedsOf(string table, SchemaForeignKey key) =>
        [.. SchemaThing.Columns(table, key.Columns), .. SchemaThing.Columns(key.RefTable, key.RefColumns)];

    /// <summary>The name, or one like it where it is taken: tables, indexes and sequences share their names within a schema.</summary>
    private string FreeName(string name, params string[] dropped) => Free(name, Actual.Tables
        .SelectMany(t => t.Indexes.Select(i => i.Name).Except(dropped).Concat(t.Uniques.Append(t.PrimaryKey).OfType<SchemaKey>().Select(k => k.Name)).Append(t.Name))
        .Concat(Actual.Sequences.Select(s => s.Name)));

    private string FreeConstraintName(string table, string name) => Free(name, Actual.Table(table) is not { } t ? [] :
        t.ForeignKeys.Select(f => f.Name).Concat(t.Uniques.Append(t.PrimaryKey).OfType<SchemaKey>().Select(k => k.Name)).Concat(t.Checks));

    private static string Free(string name, IEnumerable<string> taken)
    {
        var names = taken.ToHashSet();
        return names.Contains(name) ? Enumerable.Range(1, int.MaxValue).Select(i => $"{name}_{i}").First(n => !names.Contains(n)) : name;
    }

    private bool IsLarge(string table) => snapshot.Tables.Any(t => t.Name == table && t.Bytes >= largeTable);
}
