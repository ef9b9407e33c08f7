namespace LettaPS.Core.Schemas.Model;

/// <summary>What a schema asks of the version of PostgreSQL.</summary>
internal static class PostgresVersion
{
    /// <summary>The oldest major version that the module speaks to at all; no release of Letta was ever run on an older one.</summary>
    private const int Oldest = 12;

    /// <summary>UNIQUE NULLS NOT DISTINCT came with it.</summary>
    private const int NullsNotDistinct = 15;

    /// <summary>The first major version that can hold a schema.</summary>
    public static int FirstThatHolds(SchemaModel schema) =>
        schema.Tables.Any(t => t.Uniques.Any(u => u.NullsNotDistinct)) ? NullsNotDistinct : Oldest;
}
