namespace LettaPS;

/// <summary>Whether a server can be upgraded.</summary>
public enum LettaUpgradeVerdict
{
    /// <summary>Nothing speaks against it.</summary>
    Ready,

    /// <summary>It will succeed, but something is lost or does not work afterwards unless it is seen to.</summary>
    ReadyWithWarnings,

    /// <summary>It would fail, or there would be no way back.</summary>
    Blocked,
}

/// <summary>What the preflight of an upgrade found: what <c>Test-LettaUpgrade</c> gives. Nothing was changed.</summary>
public sealed record LettaUpgradeTest
{
    /// <summary>Address of the server; <see langword="null"/> where only a database was looked at.</summary>
    public Uri? Server { get; init; }

    /// <summary>The release that the database is of; <see langword="null"/> where it could not be read.</summary>
    public string? From { get; init; }

    /// <summary>The release to upgrade to.</summary>
    public required string To { get; init; }

    /// <summary>Whether to go ahead.</summary>
    public required LettaUpgradeVerdict Verdict { get; init; }

    /// <summary>What is not as it should be, the worst first: the messages of <see cref="Checks"/> that warn or block.</summary>
    public required IReadOnlyList<string> Reasons { get; init => field = new LettaList<string>(value); }

    /// <summary>Everything that was looked at.</summary>
    public required IReadOnlyList<LettaUpgradeCheck> Checks { get; init => field = new LettaList<LettaUpgradeCheck>(value); }

    /// <summary>The migrations on the way, in their order.</summary>
    public required IReadOnlyList<LettaUpgradeStep> Migrations { get; init => field = new LettaList<LettaUpgradeStep>(value); }

    /// <summary>How long they will take on this database, estimated from its rows; <see langword="null"/> where those are not known.</summary>
    public TimeSpan? Estimate { get; init; }

    /// <summary>The way and the verdict.</summary>
    public override string ToString() => $"{From ?? "?"} to {To}: {Verdict}";
}

/// <summary>One check of a preflight.</summary>
/// <param name="Name">Stable name, such as <c>Backup</c>.</param>
/// <param name="Verdict">What it means for the upgrade.</param>
/// <param name="Message">What was found.</param>
/// <param name="Recommendation">What to do; <see langword="null"/> where nothing is to be done.</param>
public sealed record LettaUpgradeCheck(string Name, LettaUpgradeVerdict Verdict, string Message, string? Recommendation = null)
{
    /// <summary>Name and message.</summary>
    public override string ToString() => $"{Name}: {Message}";
}

/// <summary>One migration on the way.</summary>
public sealed record LettaUpgradeStep
{
    /// <summary>Alembic's identifier of it.</summary>
    public required string Revision { get; init; }

    /// <summary>The release that it came with.</summary>
    public required Version Release { get; init; }

    /// <summary>What it does.</summary>
    public string? Changes { get; init; }

    /// <summary>What to know of it; <see langword="null"/> where nothing.</summary>
    public string? Warning { get; init; }

    /// <summary>Tables and columns that it drops with all that is in them.</summary>
    public IReadOnlyList<string> Destroys { get; init => field = new LettaList<string>(value); } = new LettaList<string>([]);

    /// <summary>Whether a failure after it, or an interruption in it, leaves the database between two states.</summary>
    public bool CanStrand { get; init; }

    /// <summary>How long it will take, estimated from the rows of the tables that it changes; <see langword="null"/> where those are not known.</summary>
    public TimeSpan? Estimate { get; init; }

    /// <summary>Whether that is long enough to be noticed.</summary>
    public bool IsSlow { get; init; }

    /// <summary>Revision and what it does.</summary>
    public override string ToString() => $"{Revision} ({Release}) {Changes}";
}
