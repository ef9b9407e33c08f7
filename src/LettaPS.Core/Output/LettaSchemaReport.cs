namespace LettaPS;

/// <summary>What a database is: which release's schema it holds, who built it, and how far it is from the release it was compared with.</summary>
public sealed record LettaSchemaReport
{
    /// <summary>The database.</summary>
    public required DatabaseAddress Database { get; init; }

    /// <summary>The PostgreSQL schema that holds Letta's tables; <see langword="null"/> where there are none.</summary>
    public string? Schema { get; init; }

    /// <summary>Version of PostgreSQL, such as 15.20.</summary>
    public required Version PostgresVersion { get; init; }

    /// <summary>Who built the tables.</summary>
    public required LettaSchemaBuilder Builder { get; init; }

    /// <summary>What <c>alembic_version</c> holds, or <see langword="null"/>.</summary>
    public string? Revision { get; init; }

    /// <summary>The release that first had that revision; <see langword="null"/> where it is none of Letta's.</summary>
    public string? RevisionRelease { get; init; }

    /// <summary>The newest release whose schema is nearest to what is there; <see langword="null"/> where nothing of Letta's is.</summary>
    public string? NearestRelease { get; init; }

    /// <summary>All releases of that same schema, <see cref="NearestRelease"/> among them.</summary>
    public IReadOnlyList<string> EquivalentReleases { get; init => field = new LettaList<string>(value); } = new LettaList<string>([]);

    /// <summary>How sure that is: 1 where all is there that tells that schema from the others, 0.5 where another fits as well, 0 where nothing does.</summary>
    public double Confidence { get; init; }

    /// <summary>The release it was compared with.</summary>
    public string? Release { get; init; }

    /// <summary>Differences that make requests fail.</summary>
    public int BreakCount { get; init; }

    /// <summary>Differences that slow down, endanger or hide something.</summary>
    public int DegradeCount { get; init; }

    /// <summary>Differences that nobody notices.</summary>
    public int CosmeticCount { get; init; }

    /// <summary>Differences of all kinds that <c>Invoke-LettaSchemaFix</c> mends.</summary>
    public int FixableCount { get; init; }

    /// <summary>What to know of the database besides: other schemas with Letta's tables, a collation that moved, an extension that is older than its files.</summary>
    public IReadOnlyList<string> Notes { get; init => field = new LettaList<string>(value); } = new LettaList<string>([]);

    /// <summary>Whether a server of the release works on it.</summary>
    public bool IsUsable => Schema is not null && BreakCount == 0;
}
