namespace LettaPS;

/// <summary>One of the server's own migrations, as <c>alembic upgrade head</c> runs them.</summary>
public sealed record LettaMigration
{
    /// <summary>Alembic's identifier of it, twelve hexadecimal digits.</summary>
    public required string Revision { get; init; }

    /// <summary>The first release that has it; for those before 0.11.0, 0.11.0.</summary>
    public required Version Release { get; init; }

    /// <summary>What it changes; <see langword="null"/> for those before 0.11.4, which were not recorded.</summary>
    public string? Changes { get; init; }

    /// <summary>What can go wrong with it, or what it destroys; <see langword="null"/> where nothing is known.</summary>
    public string? Warning { get; init; }
}
