namespace LettaPS;

/// <summary>Who built the tables of a database.</summary>
public enum LettaSchemaBuilder
{
    /// <summary>There are no tables.</summary>
    Empty,

    /// <summary>There are tables, but not Letta's.</summary>
    NotLetta,

    /// <summary>The server's own migrations.</summary>
    Alembic,

    /// <summary>SQLAlchemy's <c>create_all</c>, which makes missing tables but never missing columns, and no <c>alembic_version</c>.</summary>
    CreateAll,

    /// <summary>Both: such as tables of <c>create_all</c> that were stamped, migrated or repaired later.</summary>
    Mixture,
}
