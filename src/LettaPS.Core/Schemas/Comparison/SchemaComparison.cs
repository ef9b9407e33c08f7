using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Schemas.Comparison;

/// <summary>
/// Compares a schema with the one of a release by what things mean: constraints and indexes are found by what they are on, whatever they are called.
/// </summary>
internal sealed class SchemaComparison
{
    private readonly SchemaModel _expected;
    private readonly SchemaModel _actual;
    private readonly List<Difference> _differences = [];

    private SchemaComparison(SchemaModel expected, SchemaModel actual) => (_expected, _actual) = (expected, actual);

    /// <summary>Finds the differences, in the order in which they would be mended.</summary>
    /// <param name="expected">The release's schema.</param>
    /// <param name="actual">What the database has.</param>
    public static IReadOnlyList<Difference> Compare(SchemaModel expected, SchemaModel actual)
    {
        var comparison = new SchemaComparison(expected, actual);
        comparison.CompareTypes();
        comparison.CompareTables();
        return [.. comparison._differences.OrderBy(d => d.Kind)];
    }

    private void Add(LettaDriftKind kind, string? table, string name, string? expected, string? actual, object? expectedThing = null, object? actualThing = null) =>
        _differences.Add(new Difference(kind, table, name) { Expected = expected, Actual = actual, ExpectedThing = expectedThing, ActualThing = actualThing });

    private void CompareTypes()
    {
        foreach (var extension in _expected.Extensions.Where(e => !_actual.Extensions.Any(a => a.Name == e.Name)))
        {
            Add(LettaDriftKind.MissingExtension, null, extension.Name, extension.Name, null, extension);
        }

        foreach (var (expected, actual) in Pair(_expected.Enums, _actual.Enums, e => e.Name))
        {
            if (actual is null)
            {
                Add(LettaDriftKind.MissingEnum, null, expected!.Name, Words(expected), null, expected);
            }
            else if (expected is null)
            {
                Add(LettaDriftKind.ExtraEnum, null, actual.Name, null, Words(actual));
            }
            else
            {
                foreach (var value in expected.Values.Except(actual.Values))
                {
                    Add(LettaDriftKind.MissingEnumValue, null, $"{expected.Name}.{value}", value, null, expected, actual);
                }

                foreach (var value in actual.Values.Except(expected.Values))
                {
                    Add(LettaDriftKind.ExtraEnumValue, null, $"{expected.Name}.{value}", null, value);
                }
            }
        }

        foreach (var (expected, actual) in Pair(_expected.Sequences, _actual.Sequences, s => s.Name))
        {
            if (actual is null)
            {
                Add(LettaDriftKind.MissingSequence, expected!.OwnedBy?.Split('.')[0], expected.Name, expected.Type, null, expected);
            }
            else if (expected is null)
            {
                Add(LettaDriftKind.ExtraSequence, actual.OwnedBy?.Split('.')[0], actual.Name, null, actual.Type);
            }
        }
    }

    private void CompareTables()
    {
        foreach (var (expected, actual) in Pair(_expected.Tables, [.. _actual.Tables.Where(t => t.Name != LettaNames.AlembicVersion)], t => t.Name))
        {
            if (actual is null)
            {
                Add(LettaDriftKind.MissingTable, expected!.Name, expected.Name, $"table with {expected.Columns.Count} columns", null, expected);
            }
            else if (expected is null)
            {
                Add(LettaDriftKind.ExtraTable, actual.Name, actual.Name, null, $"table with {actual.Columns.Count} columns");
            }
            else
            {
                CompareColumns(expected, actual);
                ComparePrimaryKey(expected, actual);
                CompareUniques(expected, actual);
                CompareForeignKeys(expected, actual);
                CompareIndexes(expected, actual);
                foreach (var check in actual.Checks.Except(expected.Checks))
                {
                    Add(LettaDriftKind.ExtraConstraint, actual.Name, check, null, "CHECK");
                }
            }
        }
    }

    private void CompareColumns(SchemaTable expectedTable, SchemaTable actualTable)
    {
        var table = expectedTable.Name;
        foreach (var (expected, actual) in Pair(expectedTable.Columns, actualTable.Columns, c => c.Name))
        {
            if (actual is null)
            {
                Add(LettaDriftKind.MissingColumn, table, expected!.Name, Words(expected), null, expected);
                continue;
            }

            if (expected is null)
            {
                Add(LettaDriftKind.ExtraColumn, table, actual.Name, null, Words(actual), actualThing: actual);
                continue;
            }

            if (expected.Type != actual.Type)
            {
                Add(LettaDriftKind.TypeDiffers, table, expected.Name, expected.Type, actual.Type, expected, actual);
            }

            if (expected.NotNull != actual.NotNull)
            {
                Add(LettaDriftKind.NullabilityDiffers, table, expected.Name, Nullability(expected), Nullability(actual), expected, actual);
            }

            if (DefaultMeaning(expected) != DefaultMeaning(actual))
            {
                var kind = expected.Default is not null && DefaultMeaning(actual) is null ? LettaDriftKind.MissingDefault : LettaDriftKind.DefaultDiffers;
                Add(kind, table, expected.Name, expected.Default, actual.Generated ? "generated" : actual.Default, expected, actual);
            }
        }
    }

    private void ComparePrimaryKey(SchemaTable expectedTable, SchemaTable actualTable)
    {
        var (expected, actual, table) = (expectedTable.PrimaryKey, actualTable.PrimaryKey, expectedTable.Name);
        if (expected is not null && actual is null)
        {
            Add(LettaDriftKind.MissingConstraint, table, expected.Name, $"PRIMARY KEY {Words(expected)}", null, expected);
        }
        else if (expected is null && actual is not null && !expectedTable.Uniques.Any(u => u.Columns.ToHashSet().SetEquals(actual.Columns)))
        {
            Add(LettaDriftKind.ExtraConstraint, table, actual.Name, null, $"PRIMARY KEY {Words(actual)}", actualThing: actual);
        }
        else if (expected is not null && actual is not null && !expected.Columns.SequenceEqual(actual.Columns))
        {
            Add(LettaDriftKind.ConstraintDiffers, table, actual.Name, $"PRIMARY KEY {Words(expected)}", $"PRIMARY KEY {Words(actual)}", expected, actual);
        }
        else if (expected is not null && actual is not null && expected.Name != actual.Name)
        {
            Add(LettaDriftKind.NameDiffers, table, expected.Name, expected.Name, actual.Name, expected, actual);
        }
    }

    private void CompareUniques(SchemaTable expectedTable, SchemaTable actualTable)
    {
        var table = expectedTable.Name;
        var free = actualTable.Uniques.ToList();
        foreach (var expected in expectedTable.Uniques)
        {
            var columns = expected.Columns.ToHashSet();
            var candidates = free.Where(u => columns.SetEquals(u.Columns)).OrderByDescending(u => u.Name == expected.Name).ToList();
            if (candidates.Find(u => u.NullsNotDistinct == expected.NullsNotDistinct) is { } same)
            {
                free.Remove(same);
                if (same.Name != expected.Name)
                {
                    Add(LettaDriftKind.NameDiffers, table, expected.Name, expected.Name, same.Name, expected, same);
                }
            }
            else if (candidates.FirstOrDefault() is { } other)
            {
                free.Remove(other);
                Add(LettaDriftKind.ConstraintDiffers, table, other.Name, $"UNIQUE {Words(expected)}", $"UNIQUE {Words(other)}", expected, other);
            }
            else if (!IsUniqueAnyway(actualTable, columns, expected.NullsNotDistinct))
            {
                Add(LettaDriftKind.MissingConstraint, table, expected.Name, $"UNIQUE {Words(expected)}", null, expected);
            }
        }

        foreach (var extra in free)
        {
            Add(LettaDriftKind.ExtraConstraint, table, extra.Name, null, $"UNIQUE {Words(extra)}", actualThing: extra);
        }
    }

    /// <summary>Whether the primary key or a unique index without condition keeps the columns unique, as <c>create_all</c> often has it.</summary>
    private static bool IsUniqueAnyway(SchemaTable table, HashSet<string> columns, bool nullsNotDistinct) =>
        (table.PrimaryKey is { } key && columns.SetEquals(key.Columns))
        || table.Indexes.Any(i => !i.Invalid && i.Keeps(columns, nullsNotDistinct));

    private void CompareForeignKeys(SchemaTable expectedTable, SchemaTable actualTable)
    {
        var table = expectedTable.Name;
        var free = actualTable.ForeignKeys.ToList();
        foreach (var expected in expectedTable.ForeignKeys)
        {
            var candidates = free.Where(f => SameEnds(f, expected)).OrderByDescending(f => f.Name == expected.Name).ToList();
            if ((candidates.Find(f => Terms(f) == Terms(expected)) ?? candidates.FirstOrDefault()) is not { } actual)
            {
                Add(LettaDriftKind.MissingConstraint, table, expected.Name, Words(expected), null, expected);
                continue;
            }

            free.Remove(actual);
            if (Terms(actual) != Terms(expected))
            {
                Add(LettaDriftKind.ConstraintDiffers, table, actual.Name, Words(expected), Words(actual), expected, actual);
                continue;
            }

            if (actual.NotValid)
            {
                Add(LettaDriftKind.NotValidConstraint, table, actual.Name, Words(expected), $"{Words(actual)} NOT VALID", expected, actual);
            }

            if (actual.Name != expected.Name)
            {
                Add(LettaDriftKind.NameDiffers, table, expected.Name, expected.Name, actual.Name, expected, actual);
            }
        }

        foreach (var extra in free)
        {
            Add(LettaDriftKind.ExtraConstraint, table, extra.Name, null, Words(extra), actualThing: extra);
        }
    }

    private void CompareIndexes(SchemaTable expectedTable, SchemaTable actualTable)
    {
        var table = expectedTable.Name;
        var free = actualTable.Indexes.ToList();
        foreach (var expected in expectedTable.Indexes)
        {
            var candidates = free.Where(i => i.Unique == expected.Unique && i.Definition == expected.Definition).ToList();
            if ((candidates.Find(i => !i.Invalid && i.Name == expected.Name) ?? candidates.Find(i => !i.Invalid) ?? candidates.FirstOrDefault()) is not { } actual)
            {
                Add(LettaDriftKind.MissingIndex, table, expected.Name, Words(expected), null, expected);
                continue;
            }

            free.Remove(actual);
            if (actual.Invalid)
            {
                Add(LettaDriftKind.InvalidIndex, table, actual.Name, Words(expected), $"{Words(actual)} INVALID", expected, actual);
            }
            else if (actual.Name != expected.Name)
            {
                Add(LettaDriftKind.NameDiffers, table, expected.Name, expected.Name, actual.Name, expected, actual);
            }
        }

        foreach (var extra in free.Where(i => !Serves(i, expectedTable)))
        {
            var kind = extra.Invalid ? LettaDriftKind.InvalidIndex : LettaDriftKind.ExtraIndex;
            Add(kind, table, extra.Name, null, extra.Invalid ? $"{Words(extra)} INVALID" : Words(extra), actualThing: extra);
        }
    }

    /// <summary>Whether a unique index stands for a unique constraint that the release has.</summary>
    private static bool Serves(SchemaIndex index, SchemaTable expected) =>
        index is { Unique: true, Invalid: false } && expected.Uniques.Any(u => u.Columns.ToHashSet().SetEquals(index.Columns));

    private static bool SameEnds(SchemaForeignKey a, SchemaForeignKey b) =>
        a.RefTable == b.RefTable && a.Columns.SequenceEqual(b.Columns) && a.RefColumns.SequenceEqual(b.RefColumns);

    private static (string OnDelete, string OnUpdate, bool Deferrable, bool Deferred) Terms(SchemaForeignKey key) =>
        (key.OnDelete, key.OnUpdate, key.Deferrable, key.Deferred);

    private static string? DefaultMeaning(SchemaColumn column) => column switch
    {
        { Generated: true } => "generated",
        { Default: "CURRENT_TIMESTAMP" } => "now()",

        // Only the sequence of messages has a name that matters; any other that gives numbers will do.
        { Default: { } expression, Name: not LettaNames.SequenceId } when Sql.SequenceOf(expression) is not null => "nextval",
        _ => column.Default,
    };

    private static string Nullability(SchemaColumn column) => column.NotNull ? "NOT NULL" : "NULL";

    private static string Words(SchemaColumn column) =>
        column.Type + (column.Default is null ? null : $" DEFAULT {column.Default}") + (column.NotNull ? " NOT NULL" : null);

    private static string Words(SchemaEnum type) => $"ENUM ({string.Join(", ", type.Values)})";

    private static string Words(SchemaKey key) => $"{(key.NullsNotDistinct ? "NULLS NOT DISTINCT " : null)}({string.Join(", ", key.Columns)})";

    private static string Words(SchemaIndex index) => $"{(index.Unique ? "UNIQUE " : null)}{index.Definition}";

    private static string Words(SchemaForeignKey key) =>
        $"FOREIGN KEY ({string.Join(", ", key.Columns)}) REFERENCES {key.RefTable} ({string.Join(", ", key.RefColumns)}){SchemaSql.Terms(key)}";

    private static IEnumerable<(T? Expected, T? Actual)> Pair<T>(IReadOnlyList<T> expected, IReadOnlyList<T> actual, Func<T, string> name)
        where T : class
    {
        var byName = actual.ToDictionary(name);
        foreach (var item in expected)
        {
            byName.Remove(name(item), out var same);
            yield return (item, same);
        }

        foreach (var extra in byName.Values)
        {
            yield return (null, extra);
        }
    }
}
