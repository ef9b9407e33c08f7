using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Schemas.Repair;

/// <summary>The statements of a repair in the order in which they run.</summary>
/// <param name="Together">Those of the one transaction, its locks first.</param>
/// <param name="Alone">Those that run by themselves afterwards.</param>
/// <param name="Skipped">Those whose needs are not there, with what they need.</param>
internal sealed record SchemaPlan(IReadOnlyList<SchemaStatement> Together, IReadOnlyList<SchemaStatement> Alone, IReadOnlyList<(SchemaStatement Statement, string Needs)> Skipped)
{
    /// <summary>All that run, in their order.</summary>
    public IEnumerable<SchemaStatement> Statements => Together.Concat(Alone);

    /// <summary>Whether a statement is among them.</summary>
    public bool Contains(string sql) => Statements.Any(s => s.Sql == sql);

    /// <summary>Puts statements in order.</summary>
    /// <param name="snapshot">The database, for what is already there.</param>
    public static SchemaPlan Make(IEnumerable<SchemaStatement> statements, DatabaseSnapshot snapshot)
    {
        var there = Things(snapshot.Model).ToHashSet();
        var (together, alone, skipped) = (new List<SchemaStatement>(), new List<SchemaStatement>(), new List<(SchemaStatement, string)>());
        foreach (var statement in statements.OrderBy(s => s.Alone).ThenBy(s => s.Phase).DistinctBy(s => s.Sql))
        {
            if (statement.Needs.FirstOrDefault(n => !there.Contains(n)) is { } missing)
            {
                skipped.Add((statement, missing));
            }
            else
            {
                (statement.Alone ? alone : together).Add(statement);
                there.UnionWith(statement.Makes);
            }
        }

        return new SchemaPlan([.. Locks(together, snapshot), .. together], alone, skipped);
    }

    /// <summary>Every lock is taken at the beginning, in the order of names: two sessions cannot wait for each other, and nothing is lost where one has to wait.</summary>
    private static IEnumerable<SchemaStatement> Locks(List<SchemaStatement> statements, DatabaseSnapshot snapshot)
    {
        var exclusive = Tables(s => s.Locks);
        var write = Tables(s => s.WriteLocks).Except(exclusive);
        return new[] { (Tables: exclusive, Mode: "ACCESS EXCLUSIVE"), (Tables: write, Mode: "SHARE ROW EXCLUSIVE") }
            .Select(l => (Names: string.Join(", ", l.Tables.Order(StringComparer.Ordinal).Select(t => Sql.Id(snapshot.Schema!, t))), l.Mode))
            .Where(l => l.Names.Length > 0)
            .Select(l => new SchemaStatement(SchemaPhase.Lock, $"LOCK TABLE {l.Names} IN {l.Mode} MODE"));

        IEnumerable<string> Tables(Func<SchemaStatement, IReadOnlyList<string>> locks) =>
            statements.SelectMany(locks).Where(t => snapshot.Model.Table(t) is not null).Distinct();
    }

    private static IEnumerable<string> Things(SchemaModel model) => model.Extensions.Select(e => SchemaThing.Extension(e.Name))
        .Concat(model.Enums.Select(e => SchemaThing.Type(e.Name)))
        .Concat(model.Sequences.Select(s => SchemaThing.Sequence(s.Name)))
        .Concat(model.Tables.SelectMany(t => SchemaThing.Columns(t.Name, t.Columns.Select(c => c.Name))
            .Concat(t.ForeignKeys.Select(f => SchemaThing.Constraint(t.Name, f.Name)))
            .Append(SchemaThing.Table(t.Name))));
}
