using LettaPS.Core.Releases;
using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Schemas.Comparison;

/// <summary>Says what a difference does to a server of a release, from what real servers did on such schemas.</summary>
/// <param name="snapshot">The database.</param>
internal sealed class DriftClassifier(Version release, SchemaModel schema, DatabaseSnapshot snapshot)
{
    /// <summary>Unique constraints that the server names in ON CONFLICT: without them the statement itself fails.</summary>
    private static readonly HashSet<string> s_conflictTargets = ["tools name,organization_id", "sources name,organization_id", "tools_agents agent_id,tool_id", "file_contents file_id"];

    /// <summary>Defaults that the server does not need, since it always writes the column itself.</summary>
    private static readonly HashSet<string> s_neededByNobody =
        ["identities.properties", "steps.completion_tokens", "steps.prompt_tokens", "steps.total_tokens"];

    /// <summary>What clients get for a row that the database refuses.</summary>
    private string Refusal => new ReleaseCapabilities(release).AnswersConflicts ? "409" : "500";

    /// <summary>How bad a difference is, and what it does.</summary>
    public (LettaDriftSeverity Severity, string Effect) Of(Difference d) => d.Kind switch
    {
        LettaDriftKind.ServerTooOld => Breaks($"Letta {release} cannot build its tables on PostgreSQL {d.Actual}: UNIQUE NULLS NOT DISTINCT is not known there."),
        LettaDriftKind.MissingExtension => Breaks("Passages cannot be stored or searched, and migrations fail."),
        LettaDriftKind.MissingEnum => IsUsed(d.Name) ? Breaks($"The columns of type {d.Name} cannot be made.") : Cosmetic($"No column of {release} uses it."),
        LettaDriftKind.MissingEnumValue => IsUsed(d.Name.Split('.')[0])
            ? Breaks($"Storing {d.Expected} fails: clients get 500.")
            : Cosmetic($"No column of {release} uses the type."),
        LettaDriftKind.MissingSequence => d.Name == LettaNames.MessageSequence
            ? Breaks("Messages get no number of their own, and a repair or migration that names the sequence fails.")
            : Degrades("Rows get no number of their own."),
        LettaDriftKind.MissingTable => Breaks($"{Use(d.Name)} fails: clients get 500."),
        LettaDriftKind.MissingColumn => Breaks($"{Use(d.Table!)} fails, since the server always reads the column: clients get 500."),
        LettaDriftKind.MissingDefault => MissingDefault(d),
        LettaDriftKind.DefaultDiffers => DefaultDiffers(d),
        LettaDriftKind.SequenceBehind => Breaks($"The next messages get numbers that are taken (next is {d.Actual}): inserting them fails, clients get {Refusal}."),
        LettaDriftKind.TypeDiffers => TypeDiffers(d),
        LettaDriftKind.NullabilityDiffers => d.Expected == "NULL"
            ? Breaks($"Rows without {d.Name} are refused: clients get {Refusal}.")
            : Degrades($"Rows without {d.Name} are let in, which {release} does not expect."),
        LettaDriftKind.MissingConstraint => MissingConstraint(d),
        LettaDriftKind.ConstraintDiffers => ConstraintDiffers(d),
        LettaDriftKind.NotValidConstraint => Cosmetic("Rows from before it was added were never checked; new ones are."),
        LettaDriftKind.MissingIndex => Degrades($"Reading {d.Table} is slower the more rows it has."),
        LettaDriftKind.InvalidIndex => Degrades("Building it was interrupted: it costs at every write and is never read; the migration that makes it skips it."),
        LettaDriftKind.NameDiffers => Cosmetic("It means the same. A migration that drops it by name would fail."),
        LettaDriftKind.ExtraColumn when d.ActualThing is SchemaColumn { NotNull: true, Default: null, Generated: false } =>
            Breaks($"{release} writes no {d.Name}, which must not be NULL: inserting into {d.Table} fails, clients get {Refusal}.{Origin(d)}"),
        LettaDriftKind.ExtraConstraint => ExtraConstraint(d),
        LettaDriftKind.ExtraIndex when d.Actual!.StartsWith("UNIQUE", StringComparison.Ordinal) => Degrades("It may refuse rows that the release would store."),
        LettaDriftKind.ExtraTable or LettaDriftKind.ExtraColumn or LettaDriftKind.ExtraIndex or LettaDriftKind.ExtraEnum
            or LettaDriftKind.ExtraEnumValue or LettaDriftKind.ExtraSequence => Cosmetic($"{release} does not use it.{Origin(d)}"),
        LettaDriftKind.RevisionMissing => Degrades("The image's own start (alembic upgrade head) begins at the first migration and fails: relation already exists. No upgrade is possible."),
        LettaDriftKind.RevisionBehind => Degrades("The server's own migrations have not all run; the image runs them when it starts."),
        LettaDriftKind.RevisionAhead => Breaks($"An image of {release} does not start on this database: Can't locate revision identified by '{d.Actual}'."),
        LettaDriftKind.RevisionUnknown => Breaks("An image does not start on this database: alembic does not know the revision."),
        LettaDriftKind.RevisionStuck => Breaks("The migration f6cd5a1e519d was interrupted: every start of the server fails with error 42701, column \"embedding_config\" already exists."),
        LettaDriftKind.PlaintextSecret => Degrades($"{d.Actual} that {release} does not see, since it reads the encrypted column only: calls that need the secret fail."),
        LettaDriftKind.MessageData => Degrades($"{d.Actual}: listing and exporting them answers 400, depending on where a page begins, and reading them makes it worse."),
        _ => throw new ArgumentOutOfRangeException(nameof(d), d.Kind, null),
    };

    private static (LettaDriftSeverity Severity, string Effect) Breaks(string effect) => (LettaDriftSeverity.Breaks, effect);

    private static (LettaDriftSeverity Severity, string Effect) Degrades(string effect) => (LettaDriftSeverity.Degrades, effect);

    private static (LettaDriftSeverity Severity, string Effect) Cosmetic(string effect) => (LettaDriftSeverity.Cosmetic, effect);

    private (LettaDriftSeverity, string) MissingDefault(Difference d)
    {
        if ((d.Table, d.Name) is (LettaNames.Messages, LettaNames.SequenceId))
        {
            return Breaks($"Inserting a message fails: clients get {Refusal} when they send one, and import answers 400.");
        }

        if (s_neededByNobody.Contains($"{d.Table}.{d.Name}"))
        {
            return Cosmetic("The server writes the column itself.");
        }

        return ((SchemaColumn)d.ExpectedThing!).NotNull
            ? Breaks($"Inserting into {d.Table} fails: clients get {Refusal}.")
            : Degrades($"New rows of {d.Table} have no {d.Name}.");
    }

    private (LettaDriftSeverity, string) DefaultDiffers(Difference d)
    {
        if ((d.Table, d.Name) is (LettaNames.Messages, LettaNames.SequenceId))
        {
            return Sql.SequenceOf(d.Actual) is { } sequence && snapshot.IsBehind(sequence)
                ? Breaks($"Messages take their numbers from {sequence}, which gives numbers that are taken: inserting them fails, clients get {Refusal}.")
                : Degrades($"Messages take their numbers from elsewhere: whatever restores or moves {LettaNames.MessageSequence} has no effect.");
        }

        return d.Expected switch
        {
            null => Cosmetic("A default more harms nobody."),

            // create_all writes the time at which it ran into the table as a constant.
            "now()" => Degrades($"Every new row of {d.Table} gets {d.Actual} instead of the current time."),
            _ => Degrades($"New rows of {d.Table} get another {d.Name} than {release} gives them."),
        };
    }

    private (LettaDriftSeverity, string) TypeDiffers(Difference d) => snapshot.Model.Enums.Any(e => e.Name == d.Actual)
        ? Breaks($"{release} writes {d.Name} as text: storing a row of {d.Table} fails, clients get 500.")
        : d.Actual!.StartsWith("character varying", StringComparison.Ordinal) && d.Expected!.StartsWith("character varying", StringComparison.Ordinal)
            ? Degrades("Values longer than the type allows are refused.")
            : Breaks($"The server reads and writes {d.Expected}: {Lower(Use(d.Table!))} fails, clients get 500.");

    private static (LettaDriftSeverity, string) MissingConstraint(Difference d) => d.ExpectedThing switch
    {
        SchemaKey key when s_conflictTargets.Contains($"{d.Table} {string.Join(',', key.Columns.Order(StringComparer.Ordinal))}") =>
            Breaks($"Saving into {d.Table} fails, since the server relies on it (ON CONFLICT): clients get 500."),
        SchemaKey => Degrades($"The same row of {d.Table} can be stored twice."),
        SchemaForeignKey { OnDelete: "CASCADE" } key => Degrades($"Deleting from {key.RefTable} leaves rows in {d.Table} behind."),
        SchemaForeignKey { OnDelete: "SET NULL" } key => Degrades($"Deleting from {key.RefTable} leaves rows in {d.Table} that refer to nothing."),
        _ => Degrades($"Rows in {d.Table} can refer to nothing."),
    };

    private (LettaDriftSeverity, string) ConstraintDiffers(Difference d)
    {
        switch (d.ExpectedThing, d.ActualThing)
        {
            case (SchemaForeignKey expected, SchemaForeignKey actual)
                when expected.OnDelete is "CASCADE" or "SET NULL" && actual.OnDelete is SchemaForeignKey.NoAction or "RESTRICT":
                return Breaks($"Deleting from {expected.RefTable} fails while rows in {d.Table} refer to it: clients get {Refusal}.");
            case (SchemaForeignKey expected, SchemaForeignKey):
                return Degrades($"Deleting from or changing {expected.RefTable} does not do to {d.Table} what {release} expects.");
            case (SchemaKey expected, SchemaKey actual) when actual.Columns.All(expected.Columns.Contains) && actual.NullsNotDistinct == expected.NullsNotDistinct:
                return Cosmetic("It is stricter, but ids are never the same anyway.");
            default:
                return Degrades($"The same row of {d.Table} can be stored twice, or one that {release} would store is refused.");
        }
    }

    private (LettaDriftSeverity, string) ExtraConstraint(Difference d)
    {
        var table = schema.Table(d.Table!)!;
        return d.ActualThing switch
        {
            SchemaKey { Columns: ["id"] } => Cosmetic("Ids are never the same anyway."),
            SchemaKey key when table.Uniques.Append(table.PrimaryKey).OfType<SchemaKey>().Any(k => k.Columns.All(key.Columns.Contains)) =>
                Cosmetic("It refuses nothing that another does not."),
            SchemaForeignKey key when key.Columns.All(c => table.Column(c) is null) => Cosmetic($"{release} does not use its columns.{Origin(d)}"),
            SchemaForeignKey key => Degrades($"Deleting from {key.RefTable} may be refused, and rows of {d.Table} may be."),
            _ => Degrades($"It may refuse rows of {d.Table} that {release} would store."),
        };
    }

    private bool IsUsed(string type) => schema.Tables.Any(t => t.Columns.Any(c => c.Type == type));

    /// <summary>Which other releases have it, for what a release does not have.</summary>
    private static string? Origin(Difference d)
    {
        var releases = SchemaCatalogue.All.Where(s => d.Kind switch
        {
            LettaDriftKind.ExtraTable => s.Model.Table(d.Name) is not null,
            LettaDriftKind.ExtraColumn => s.Model.Table(d.Table!)?.Column(d.Name) is not null,
            LettaDriftKind.ExtraIndex => s.Model.Table(d.Table!)?.Indexes.Any(i => i.Name == d.Name) == true,
            LettaDriftKind.ExtraConstraint => s.Model.Table(d.Table!)?.ForeignKeys.Any(f => f.Name == d.Name) == true,
            LettaDriftKind.ExtraEnum => s.Model.Enums.Any(e => e.Name == d.Name),
            LettaDriftKind.ExtraSequence => s.Model.Sequences.Any(q => q.Name == d.Name),
            _ => false,
        }).SelectMany(s => s.Releases).ToList();
        return releases.Count switch
        {
            0 => null,
            1 => $" {releases[0]} has it.",
            _ => $" {releases[0]} to {releases[^1]} have it.",
        };
    }

    private static string Lower(string text) => char.ToLowerInvariant(text[0]) + text[1..];

    private static string Use(string table) => table switch
    {
        LettaNames.Messages => "Listing, sending and exporting messages",
        "agents" => "Every request for agents",
        "runs" => "Listing runs and sending messages",
        "steps" => "Listing steps, sending and exporting messages",
        "conversations" or "conversation_messages" or "blocks_conversations" => "Working with conversations",
        "block" or "blocks_agents" or "block_history" or "blocks_tags" => "Reading and changing memory blocks",
        "archives" or "archives_agents" or "archival_passages" or "passage_tags" => "Archival memory",
        "sources" or "sources_agents" or "source_passages" or "files" or "file_contents" or "files_agents" => "Working with folders and files",
        "tools" or "tools_agents" => "Listing and using tools",
        "mcp_server" or "mcp_oauth" or "mcp_tools" => "Working with MCP servers",
        "providers" or "provider_models" => "Listing models and providers",
        "provider_traces" or "provider_trace_metadata" => "Recording what was sent to the model",
        _ => $"Whatever uses {table}",
    };
}
