namespace LettaPS.Core.AgentTables;

/// <summary>What a column holds, as far as it matters for writing it as JSON.</summary>
internal enum ColumnKind
{
    /// <summary>Anything that is best shown as PostgreSQL prints it.</summary>
    Text,

    /// <summary>A JSON value.</summary>
    Json,

    /// <summary>A truth value.</summary>
    Boolean,

    /// <summary>A whole number.</summary>
    Number,

    /// <summary>A moment.</summary>
    Time,

    /// <summary>A value of an enumerated type; Letta keeps the names of its members there and shows them in small letters.</summary>
    Enum,

    /// <summary>A vector of single-precision numbers.</summary>
    Vector,
}
