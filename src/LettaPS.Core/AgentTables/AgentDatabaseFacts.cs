namespace LettaPS.Core.AgentTables;

/// <summary>What an agent file says of the database that its rows come from.</summary>
/// <param name="ServerVersion">Version of PostgreSQL: 17.4.</param>
/// <param name="Schema">The schema that Letta's tables are in.</param>
/// <param name="Revision">What <c>alembic_version</c> says; <see langword="null"/> where there is none.</param>
/// <param name="NearestRelease">The release whose schema differs least.</param>
/// <param name="ReadAt">The moment that all rows are from (UTC).</param>
/// <param name="KeyFingerprint">What the key of the encrypted secrets can be recognised by; <see langword="null"/> where it is not known.</param>
internal sealed record AgentDatabaseFacts(
    string ServerVersion,
    string Schema,
    string? Revision,
    string NearestRelease,
    DateTimeOffset ReadAt,
    string? KeyFingerprint);
