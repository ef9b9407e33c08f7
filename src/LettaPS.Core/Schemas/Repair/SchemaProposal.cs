using LettaPS.Core.Schemas.Comparison;
using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Schemas.Repair;

/// <summary>What a repair would do with a diagnosis under its options.</summary>
internal sealed class SchemaProposal
{
    private readonly SchemaDiagnosis _diagnosis;
    private readonly List<SchemaStatement> _statements = [];

    public SchemaProposal(SchemaDiagnosis diagnosis, SchemaFixOptions options)
    {
        _diagnosis = diagnosis;
        Options = options;
        var notMended = new List<LettaSchemaFixResult>();
        var adoption = new List<SchemaStatement>();
        foreach (var difference in diagnosis.ToMend.Where(IsChosen))
        {
            var (statements, note) = diagnosis.Mend(difference);
            if (difference.Kind == LettaDriftKind.RevisionBehind)
            {
                notMended.Add(Result(difference, LettaSchemaFixStatus.Left, ForMigrations()));
            }
            else if (statements.Count == 0)
            {
                if (note is not null && diagnosis.ToDrift(difference).Severity > LettaDriftSeverity.Cosmetic)
                {
                    notMended.Add(Result(difference, LettaSchemaFixStatus.Left, note));
                }
            }
            else if (OnlyWith(difference.Kind) is { } parameter)
            {
                notMended.Add(Result(difference, LettaSchemaFixStatus.Skipped, $"It is mended with {parameter} only."));
            }
            else
            {
                (difference.Kind == LettaDriftKind.RevisionMissing ? adoption : _statements).AddRange(statements);
            }
        }

        NotMended = notMended;
        Adoption = adoption;
        Plan = SchemaPlan.Make(_statements, diagnosis.Snapshot);
    }

    /// <summary>The options.</summary>
    public SchemaFixOptions Options { get; }

    /// <summary>The release that the database is brought to.</summary>
    public string Release => _diagnosis.Release!.ToString();

    /// <summary>Differences that are left or need a parameter.</summary>
    public IReadOnlyList<LettaSchemaFixResult> NotMended { get; }

    /// <summary>The whole plan.</summary>
    public SchemaPlan Plan { get; }

    /// <summary>What hands the database over to alembic, last of all.</summary>
    public IReadOnlyList<SchemaStatement> Adoption { get; }

    /// <summary>Whether a statement is one of <see cref="Adoption"/>.</summary>
    public bool IsAdoption(SchemaStatement statement) => Adoption.Any(a => a.Sql == statement.Sql);

    /// <summary>The plan of what was approved: all statements of a difference, or none of them.</summary>
    /// <param name="approved">The statements approved.</param>
    public SchemaPlan PlanFor(IReadOnlySet<string> approved) =>
        SchemaPlan.Make(Approved(approved).SelectMany(g => g), _diagnosis.Snapshot);

    /// <summary>The plan of what was approved when the database was read before.</summary>
    /// <param name="approved">The statements approved.</param>
    /// <param name="before">What was proposed then.</param>
    /// <exception cref="LettaException"><c>SchemaChanged</c>: a difference now needs other statements than those approved.</exception>
    public SchemaPlan PlanFor(IReadOnlySet<string> approved, SchemaProposal before)
    {
        var wanted = before.Approved(approved).Select(g => g.Key).ToHashSet();
        var granted = Approved(approved).Select(g => g.Key).ToHashSet();
        if (_statements.Select(s => SchemaDiagnosis.Key(s.For!)).FirstOrDefault(k => wanted.Contains(k) && !granted.Contains(k)) is { Name: { } } changed)
        {
            throw new LettaException(
                ErrorIds.SchemaChanged,
                LettaErrorKind.Conflict,
                $"'{_diagnosis.Address}' changed between the plan and the repair ({changed.Kind} {changed.Table}.{changed.Name}). LettaPS changed nothing.",
                "Stop other programs that change the schema, then run the command again.",
                _diagnosis.Address);
        }

        return PlanFor(approved);
    }

    private IEnumerable<IGrouping<(LettaDriftKind Kind, string? Table, string Name), SchemaStatement>> Approved(IReadOnlySet<string> approved) =>
        _statements.GroupBy(s => SchemaDiagnosis.Key(s.For!)).Where(g => g.All(s => approved.Contains(s.Sql)));

    /// <summary>Refuses what the role may not do, before anything is done.</summary>
    /// <exception cref="LettaException"><c>SchemaFixDenied</c>.</exception>
    public void RefuseUnlessOwner(SchemaPlan plan)
    {
        var foreign = plan.Statements.SelectMany(s => s.Locks.Concat(s.WriteLocks)).Distinct()
            .Select(t => _diagnosis.Snapshot.Tables.FirstOrDefault(f => f.Name == t))
            .Where(f => f is { CanAlter: false })
            .ToList();
        if (foreign.Count > 0)
        {
            throw new LettaException(
                ErrorIds.SchemaFixDenied,
                LettaErrorKind.Denied,
                $"The role '{_diagnosis.Snapshot.Server.Role}' does not own {string.Join(", ", foreign.Select(f => f!.Name))}. LettaPS changed nothing.",
                $"Connect as the owner ({string.Join(", ", foreign.Select(f => f!.Owner).Distinct())}) or as a superuser: -DatabaseUri postgresql://<owner>:<password>@<host>:5432/<database>",
                _diagnosis.Address);
        }
    }

    /// <summary>The result of a statement.</summary>
    public LettaSchemaFixResult Result(SchemaStatement statement, LettaSchemaFixStatus status, string? message) => new()
    {
        Database = _diagnosis.Address,
        Release = Release,
        Status = status,
        Kind = statement.For?.Kind,
        Table = statement.For?.Table,
        Name = statement.For?.Name,
        Sql = statement.Sql,
        Message = message ?? (statement.For is { } difference ? _diagnosis.Mend(difference).Note : null),
    };

    /// <summary>The result of a statement that was run.</summary>
    public LettaSchemaFixResult Result(SchemaStatement statement, StatementOutcome outcome) =>
        Result(statement, LettaSchemaFixStatus.Done, null) with { RowCount = outcome.Rows, Duration = outcome.Duration };

    private LettaSchemaFixResult Result(Difference difference, LettaSchemaFixStatus status, string message) => new()
    {
        Database = _diagnosis.Address,
        Release = Release,
        Status = status,
        Kind = difference.Kind,
        Table = difference.Table,
        Name = difference.Name,
        Message = message,
    };

    private bool IsChosen(Difference difference)
    {
        var key = SchemaDiagnosis.Key(difference);
        return (difference.Kind == LettaDriftKind.RevisionMissing && Options.AdoptAlembic)
            || (Options.Kinds?.Contains(difference.Kind) != false && Options.Only?.Any(o => (o.Kind, o.Table, o.Name) == key) != false);
    }

    /// <summary>The parameter without which a kind is not mended; <see langword="null"/> where it is given or none is needed.</summary>
    private string? OnlyWith(LettaDriftKind kind) => kind switch
    {
        LettaDriftKind.MessageData when Options.Kinds?.Contains(kind) != true => "-Kind MessageData",
        LettaDriftKind.PlaintextSecret when !Options.IncludeSecretColumn => "-IncludeSecretColumn",
        LettaDriftKind.RevisionMissing when !Options.AdoptAlembic => "-AdoptAlembic",
        _ => null,
    };

    private string ForMigrations() =>
        $"The database is managed by alembic and merely older than {Release}: the server's own migrations bring the rest. Run them with Update-LettaSchema, "
        + $"by starting an image of {Release}, or with: docker exec -e LETTA_PG_URI=<address> -w /app <container> alembic upgrade head";
}
