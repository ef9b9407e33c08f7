using System.Globalization;

namespace LettaPS.Core.Schemas.Model;

/// <summary>What PostgreSQL says of a database: one consistent reading of its catalog, and answers to questions about its rows.</summary>
internal sealed record DatabaseSnapshot
{
    /// <summary>The server and the database as a whole.</summary>
    public required ServerFacts Server { get; init; }

    /// <summary>The schema that holds Letta's tables; <see langword="null"/> where none does.</summary>
    public string? Schema { get; init; }

    /// <summary>The version of the collation that the database was made with, and the operating system's; <see langword="null"/> where PostgreSQL does not say.</summary>
    public CollationVersions? Collation { get; init; }

    /// <summary>What <c>alembic_version</c> holds there: one revision in a database that alembic manages.</summary>
    public IReadOnlyList<string> Revisions { get; init; } = [];

    /// <summary>What is in that schema.</summary>
    public SchemaModel Model { get; init; } = new();

    /// <summary>Size, owner and rights of its tables.</summary>
    public IReadOnlyList<TableFacts> Tables { get; init; } = [];

    /// <summary>What the rows say, by the key of the question; a missing key was not asked.</summary>
    public IReadOnlyDictionary<string, string?> Answers { get; init; } = new Dictionary<string, string?>();

    /// <summary>A number among the answers; 0 where it was not asked for or there is none.</summary>
    internal long Count(string question) =>
        Answers.TryGetValue(question, out var answer) && answer is not null ? long.Parse(answer, CultureInfo.InvariantCulture) : 0;

    /// <summary>How many messages the next reading would damage, and how many are damaged; 0 where it was not asked.</summary>
    internal (long AtRisk, long Damaged) Messages =>
        Answers.TryGetValue(RowAnswers.Messages, out var answer) && answer?.Split(' ') is [var atRisk, var damaged]
            ? (long.Parse(atRisk, CultureInfo.InvariantCulture), long.Parse(damaged, CultureInfo.InvariantCulture))
            : (0, 0);

    /// <summary>Whether a question was asked and the answer is yes.</summary>
    internal bool IsTrue(string question) => Answers.TryGetValue(question, out var answer) && answer == "true";

    /// <summary>Whether a sequence is known to give numbers that messages already have.</summary>
    internal bool IsBehind(string sequence) =>
        Answers.ContainsKey(RowAnswers.NextOf(sequence)) && Count(RowAnswers.NextOf(sequence)) <= Count(RowAnswers.HighestSequenceId);
}

/// <summary>The server and the database as a whole.</summary>
internal sealed record ServerFacts
{
    /// <summary>Version as PostgreSQL numbers it: 150020 is 15.20.</summary>
    public required int VersionNumber { get; init; }

    /// <summary>The role that is connected.</summary>
    public required string Role { get; init; }

    /// <summary>Whether nothing can be written: a standby, or a database that was made read-only.</summary>
    public required bool ReadOnly { get; init; }

    /// <summary>Whether there is any table that is not PostgreSQL's own.</summary>
    public required bool HasTables { get; init; }

    /// <summary>Sessions of others in the database, the server's own included.</summary>
    public IReadOnlyList<SessionFacts> Sessions { get; init; } = [];

    /// <summary>Schemas with tables of Letta's names.</summary>
    public IReadOnlyList<SchemaCandidate> Candidates { get; init; } = [];

    /// <summary>The extensions of the database.</summary>
    public IReadOnlyList<SchemaExtension> Extensions { get; init; } = [];

    /// <summary>The extensions whose files the server has, with the version that is the default.</summary>
    public IReadOnlyList<SchemaExtension> AvailableExtensions { get; init; } = [];

    /// <summary>The quoted names of the schemas where types and functions are.</summary>
    /// <param name="schema">The schema of Letta's tables.</param>
    internal string SearchPath(string schema) => string.Join(", ", Extensions.Select(e => e.Schema!).Prepend(schema).Distinct().Select(Sql.Id));

    /// <summary>The version in the usual form.</summary>
    public Version Version => new(VersionNumber / 10000, VersionNumber % 10000);
}

/// <summary>A schema with tables of Letta's names.</summary>
internal sealed record SchemaCandidate
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>How many of them it has.</summary>
    public required int Tables { get; init; }

    /// <summary>Its place in the role's search path, from 1; <see langword="null"/> where it is not in it.</summary>
    public int? SearchPosition { get; init; }

    /// <summary>Whether it has <c>alembic_version</c>.</summary>
    public required bool HasAlembicVersion { get; init; }
}

/// <summary>The version of the collation that a database was made with, and the one that the operating system has now; each may be unknown.</summary>
/// <param name="Recorded">The former.</param>
/// <param name="Actual">The latter.</param>
internal sealed record CollationVersions(string? Recorded, string? Actual);

/// <summary>Size, owner and rights of a table.</summary>
internal sealed record TableFacts
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>About how many bytes it has, without indexes, as PostgreSQL last counted.</summary>
    public required long Bytes { get; init; }

    /// <summary>The role that owns it.</summary>
    public required string Owner { get; init; }

    /// <summary>Whether the connected role may change its form.</summary>
    public required bool CanAlter { get; init; }

    /// <summary>Whether the connected role may read its rows.</summary>
    public required bool CanRead { get; init; }
}

/// <summary>A question about rows, put as a query that gives one value.</summary>
/// <param name="Key">The name under which the answer is kept.</param>
/// <param name="Sql">The query.</param>
internal sealed record DataQuestion(string Key, string Sql);

/// <summary>A session of somebody in a database.</summary>
/// <param name="Address">Where it comes from; <see langword="null"/> for a Unix socket, or if the role may not know.</param>
/// <param name="Text">Application, address and role.</param>
internal sealed record SessionFacts(string? Address, string Text);
