using System.Globalization;
using LettaPS.Core.Releases;
using LettaPS.Core.Schemas.Comparison;
using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Schemas.Repair;

/// <summary>Puts together what a database has, what a release expects, what the difference means and what mends it. Pure: everything comes from one snapshot.</summary>
internal sealed class SchemaDiagnosis
{
    /// <summary>The migration that can stop halfway (0.13.0), and the one before it, which the database then reads.</summary>
    public const string StuckMigration = "f6cd5a1e519d";

    private const string BeforeStuckMigration = "c6c43222e2de";

    private readonly SchemaPlanner? _planner;
    private readonly DriftClassifier? _meaning;
    private readonly HashSet<(LettaDriftKind, string?, string)> _mendable = [];

    /// <summary>Diagnoses a database.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="snapshot">What it has.</param>
    /// <param name="release">The release to compare it with; <see langword="null"/> for the nearest.</param>
    /// <param name="largeTable">Size in bytes from which a table counts as large.</param>
    public SchemaDiagnosis(DatabaseAddress address, DatabaseSnapshot snapshot, LettaRelease? release, long largeTable = SchemaPlanner.DefaultLargeTable)
    {
        (Address, Snapshot) = (address, snapshot);
        if (snapshot.Schema is not null)
        {
            (Nearest, Confidence) = SchemaFingerprint.Nearest(snapshot.Model);
        }

        Release = release ?? (Nearest is null ? null : ReleaseCatalogue.Get(Nearest.Releases[^1]));
        if (snapshot.Schema is null || Release is null)
        {
            return;
        }

        var target = SchemaCatalogue.Of(Release.ToString())!.Model;
        Mends = IsBehind ? OwnRelease is { HasSchema: true } own ? SchemaCatalogue.Of(own.ToString())!.Model : null : target;
        _planner = new SchemaPlanner(snapshot, Mends ?? target, largeTable);
        _meaning = new DriftClassifier(Release.Version, target, snapshot);
        Schema = SchemaComparison.Compare(target, snapshot.Model);
        Differences = [.. Schema.Concat(BeyondTheCatalog()).OrderBy(d => d.Kind)];

        // What a database that alembic manages lacks because it is old is for the server's own migrations; only what its own release has too is mended.
        var mended = Mends is null ? [] : ReferenceEquals(Mends, target) ? Schema : SchemaComparison.Compare(Mends, snapshot.Model);
        var leftBehind = Schema.Where(d => d is { Kind: LettaDriftKind.InvalidIndex });
        ToMend = [.. mended.Concat(IsBehind ? leftBehind.Select(d => d with { ExpectedThing = null }) : [])
            .Concat(BeyondTheCatalog())
            .DistinctBy(Key)
            .OrderBy(d => d.Kind)];
        _mendable.UnionWith(ToMend.Select(Key));
    }

    /// <summary>Where the database is.</summary>
    public DatabaseAddress Address { get; }

    /// <summary>What it has.</summary>
    public DatabaseSnapshot Snapshot { get; }

    /// <summary>The release that it is compared with; <see langword="null"/> where nothing of Letta's is there and none was asked for.</summary>
    public LettaRelease? Release { get; }

    /// <summary>The schema that is nearest; <see langword="null"/> where nothing of Letta's is there.</summary>
    public ReleaseSchema? Nearest { get; }

    /// <summary>How sure that is.</summary>
    public double Confidence { get; }

    /// <summary>All differences from the release.</summary>
    public IReadOnlyList<Difference> Differences { get; } = [];

    /// <summary>The differences that a repair looks at: those from the release, or from its own where the server's own migrations lead on from there.</summary>
    public IReadOnlyList<Difference> ToMend { get; } = [];

    /// <summary>The differences that the catalog shows.</summary>
    private IReadOnlyList<Difference> Schema { get; } = [];

    /// <summary>The schema that a repair brings the database to; <see langword="null"/> where it is between two releases.</summary>
    private SchemaModel? Mends { get; }

    /// <summary>The one revision that alembic keeps; <see langword="null"/> where there is none or several.</summary>
    public string? Revision => Snapshot.Revisions is [var only] ? only : null;

    /// <summary>Where the revision stands in the chain of migrations; -1 where it is not one of Letta's.</summary>
    private int Position => Revision is null ? -1 : ReleaseCatalogue.PositionOf(Revision);

    /// <summary>The release whose migrations have all run and no further one; <see langword="null"/> between two.</summary>
    private LettaRelease? OwnRelease => ReleaseCatalogue.All.LastOrDefault(r => r.AlembicHead == Revision);

    private int Goal => ReleaseCatalogue.PositionOf(Release!.AlembicHead);

    /// <summary>Whether the server's own migrations lead from the database to the release.</summary>
    public bool IsBehind => Position >= 0 && Position < Goal;

    /// <summary>Whether the database is of a later release.</summary>
    public bool IsAhead => Position > Goal;

    /// <summary>Whether alembic's table holds what no release of Letta ever wrote.</summary>
    public bool HasUnknownRevision => Snapshot.Revisions.Count > 1 || (Snapshot.Revisions.Count == 1 && Position < 0);

    /// <summary>Refuses databases that nothing can or should be done to.</summary>
    /// <param name="planOnly">Whether nothing is written anyway.</param>
    /// <exception cref="LettaException">The identifier tells why.</exception>
    public void RefuseUnlessMendable(bool planOnly)
    {
        if (Snapshot.Schema is null)
        {
            throw Snapshot.Server.HasTables
                ? Refusal(ErrorIds.InvalidDatabase, $"'{Address}' has tables, but not those of Letta.", "Check the name of the database: -DatabaseUri postgresql://<user>:<password>@<host>:5432/<database>")
                : Refusal(ErrorIds.DatabaseTablesNotFound, $"'{Address}' has no tables.", "Start a server with it, which creates the tables: Start-LettaServer <container> -Wait");
        }

        if (Release!.MinimumPostgresVersion > Snapshot.Server.Version.Major)
        {
            throw Refusal(
                ErrorIds.PostgresTooOld,
                $"Letta {Release} needs PostgreSQL {Release.MinimumPostgresVersion}, and '{Address}' is on {Snapshot.Server.Version}.",
                "Dump the database, then restore the dump into a newer PostgreSQL: Backup-LettaDatabase -Path <folder>");
        }

        if (HasUnknownRevision)
        {
            throw Refusal(
                ErrorIds.RevisionNotFound,
                $"alembic_version of '{Address}' holds '{string.Join("', '", Snapshot.Revisions)}', which no release up to {ReleaseCatalogue.All[^1]} has.",
                "Restore a dump, or use a later LettaPS if the database is of a later release: Restore-LettaDatabase <dump>");
        }

        if (IsAhead)
        {
            throw Refusal(
                ErrorIds.SchemaTooNew,
                $"'{Address}' has the migrations of {ReleaseCatalogue.Migrations[Position].Release}, which {Release} does not have.",
                $"Run {ReleaseCatalogue.Migrations[Position].Release} or later, or restore a dump from before the upgrade: Compare-LettaSchema -Version {ReleaseCatalogue.Migrations[Position].Release}");
        }

        if (Snapshot.Server.ReadOnly && !planOnly)
        {
            throw Refusal(ErrorIds.DatabaseWriteDenied, $"'{Address}' is read-only: it is a standby, or default_transaction_read_only is set.", $"Connect to the primary, or lift the setting: ALTER DATABASE {Address.Database} RESET default_transaction_read_only");
        }
    }

    /// <summary>The questions to ask of the rows.</summary>
    /// <param name="ofMessages">Whether to read every message, which takes a while where there are millions.</param>
    public IReadOnlyList<DataQuestion> Questions(bool ofMessages) => Snapshot.Schema is null || Release is null
        ? []
        : RowQueries.Of(Writer(), Snapshot.Model, Schema.Concat(ToMend), Release.Version, ofMessages);

    /// <summary>The statements for a difference, and what to know of them or why there are none.</summary>
    public (IReadOnlyList<SchemaStatement> Statements, string? Note) Mend(Difference difference) => _planner!.Mend(difference);

    /// <summary>The differences as users see them, the worst first.</summary>
    public IEnumerable<LettaSchemaDrift> Drifts() => Differences.Select(ToDrift).OrderByDescending(d => d.Severity);

    /// <summary>A difference as users see it.</summary>
    public LettaSchemaDrift ToDrift(Difference difference)
    {
        var (severity, effect) = _meaning!.Of(difference);
        var (statements, note) = _mendable.Contains(Key(difference))
            ? _planner!.Mend(ToMend.First(d => Key(d) == Key(difference)))
            : ([], $"The server's own migrations bring it: Update-LettaSchema, or start an image of {Release}.");
        return new LettaSchemaDrift
        {
            Database = Address,
            Release = Release!.ToString(),
            Kind = difference.Kind,
            Table = difference.Table,
            Name = difference.Name,
            Expected = difference.Expected,
            Actual = difference.Actual,
            Severity = severity,
            Effect = effect,
            FixSql = statements.Count == 0 ? null : string.Join('\n', statements.OrderBy(s => s.Phase).Select(s => $"{s.Sql};")),
            Recommendation = note,
        };
    }

    /// <summary>What the database is.</summary>
    public LettaSchemaReport Report()
    {
        var drifts = Drifts().ToList();
        return new LettaSchemaReport
        {
            Database = Address,
            Schema = Snapshot.Schema,
            PostgresVersion = Snapshot.Server.Version,
            Builder = Builder(),
            Revision = Snapshot.Revisions.Count == 0 ? null : string.Join(',', Snapshot.Revisions),
            RevisionRelease = Position < 0 ? null : ReleaseCatalogue.Migrations[Position].Release.ToString(),
            NearestRelease = Nearest?.Releases[^1],
            EquivalentReleases = Nearest?.Releases ?? [],
            Confidence = Math.Round(Confidence, 2),
            Release = Release?.ToString(),
            BreakCount = drifts.Count(d => d.Severity == LettaDriftSeverity.Breaks),
            DegradeCount = drifts.Count(d => d.Severity == LettaDriftSeverity.Degrades),
            CosmeticCount = drifts.Count(d => d.Severity == LettaDriftSeverity.Cosmetic),
            FixableCount = drifts.Count(d => d.IsFixable),
            Notes = [.. Notes()],
        };
    }

    /// <summary>What tells one difference from another.</summary>
    public static (LettaDriftKind Kind, string? Table, string Name) Key(Difference difference) => (difference.Kind, difference.Table, difference.Name);

    private LettaException Refusal(string errorId, string message, string action) => new(errorId, LettaErrorKind.Refused, message, action, Address);

    private SchemaSql Writer() => new(Snapshot.Schema!, SchemaCatalogue.Of(Release!.ToString())!.Model, Snapshot.Server.Extensions);

    private LettaSchemaBuilder Builder() => Snapshot switch
    {
        { Schema: not null } => SchemaFingerprint.Builder(Snapshot.Model, Snapshot.Revisions.Count > 0),
        { Server.HasTables: true } => LettaSchemaBuilder.NotLetta,
        _ => LettaSchemaBuilder.Empty,
    };

    /// <summary>The differences that rows, revision and server show.</summary>
    private IEnumerable<Difference> BeyondTheCatalog()
    {
        if (Release!.MinimumPostgresVersion > Snapshot.Server.Version.Major)
        {
            yield return new Difference(LettaDriftKind.ServerTooOld, null, "PostgreSQL")
            {
                Expected = Release.MinimumPostgresVersion?.ToString(CultureInfo.InvariantCulture),
                Actual = Snapshot.Server.Version.ToString(),
            };
        }

        foreach (var difference in Revisions().Concat(SequenceBehind()).Concat(Secrets()).Concat(Messages()))
        {
            yield return difference;
        }
    }

    private IEnumerable<Difference> Revisions()
    {
        LettaDriftKind? kind = HasUnknownRevision ? LettaDriftKind.RevisionUnknown
            : Revision is null ? LettaDriftKind.RevisionMissing
            : IsBehind ? LettaDriftKind.RevisionBehind
            : IsAhead ? LettaDriftKind.RevisionAhead
            : null;
        if (kind is { } differs)
        {
            yield return new Difference(differs, LettaNames.AlembicVersion, "version_num")
            {
                Expected = Release!.AlembicHead,
                Actual = Snapshot.Revisions.Count == 0 ? null : string.Join(", ", Snapshot.Revisions),
            };
        }

        if (Revision == BeforeStuckMigration && Snapshot.Model.Table(LettaNames.Archives)?.Column(LettaNames.EmbeddingConfig) is not null)
        {
            yield return new Difference(LettaDriftKind.RevisionStuck, LettaNames.Archives, LettaNames.EmbeddingConfig)
            {
                Expected = StuckMigration,
                Actual = BeforeStuckMigration,
            };
        }
    }

    private IEnumerable<Difference> SequenceBehind()
    {
        var hasRightDefault = !Schema.Any(d => (d.Table, d.Name) is (LettaNames.Messages, LettaNames.SequenceId)
            && d.Kind is LettaDriftKind.MissingColumn or LettaDriftKind.MissingDefault or LettaDriftKind.DefaultDiffers);
        if (hasRightDefault && Snapshot.IsBehind(LettaNames.MessageSequence))
        {
            yield return new Difference(LettaDriftKind.SequenceBehind, LettaNames.Messages, LettaNames.MessageSequence)
            {
                Expected = (Snapshot.Count(RowAnswers.HighestSequenceId) + 1).ToString(CultureInfo.InvariantCulture),
                Actual = Snapshot.Count(RowAnswers.NextOf(LettaNames.MessageSequence)).ToString(CultureInfo.InvariantCulture),
            };
        }
    }

    private IEnumerable<Difference> Secrets() =>
        from secret in RowAnswers.Secrets
        let count = Snapshot.Count(RowAnswers.SecretCount(secret.Table, secret.Plain))
        where count > 0
        select new Difference(LettaDriftKind.PlaintextSecret, secret.Table, secret.Plain)
        {
            Expected = secret.Encrypted,
            Actual = count == 1 ? "1 row has a secret" : $"{count} rows have a secret",
        };

    private IEnumerable<Difference> Messages()
    {
        var (atRisk, damaged) = Snapshot.Messages;
        if (atRisk + damaged > 0)
        {
            yield return new Difference(LettaDriftKind.MessageData, LettaNames.Messages, "tool_call_id")
            {
                Expected = "tool_returns with the id of their call",
                Actual = $"{atRisk} tool messages of 0.11 are in danger, {damaged} are damaged",
            };
        }
    }

    private IEnumerable<string> Notes()
    {
        foreach (var other in Snapshot.Server.Candidates.Where(c => c.Name != Snapshot.Schema && c.Tables >= SchemaFingerprint.FewestTables))
        {
            yield return $"Schema {other.Name} also has {other.Tables} tables of Letta's names.";
        }

        if (Snapshot.Schema is not null && Snapshot.Server.Candidates.First(c => c.Name == Snapshot.Schema).SearchPosition is null)
        {
            yield return $"Schema {Snapshot.Schema} is not in the search path of role {Snapshot.Server.Role}: a server that connects as it does not find its tables.";
        }

        if (Snapshot.Collation is { Recorded: { } was, Actual: { } @is } && was != @is)
        {
            yield return $"The database was made with collation version {was}, the operating system now has {@is}: rebuild indexes on text (REINDEX DATABASE), then ALTER DATABASE … REFRESH COLLATION VERSION.";
        }

        foreach (var installed in Snapshot.Server.Extensions)
        {
            if (Snapshot.Server.AvailableExtensions.FirstOrDefault(e => e.Name == installed.Name) is { } available && available.Version != installed.Version)
            {
                yield return $"Extension {installed.Name} is {installed.Version}, the server has {available.Version}: ALTER EXTENSION {installed.Name} UPDATE.";
            }
        }
    }
}
