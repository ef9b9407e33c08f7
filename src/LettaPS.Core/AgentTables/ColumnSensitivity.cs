namespace LettaPS.Core.AgentTables;

/// <summary>How secret a column is.</summary>
internal enum ColumnSensitivity
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>It holds secrets in clear.</summary>
    Plain,

    /// <summary>It holds encrypted secrets; on a server without a key, secrets in clear (letta-facts.md 4.4).</summary>
    Encrypted,

    /// <summary>It holds a JSON object whose <c>env</c> is secret.</summary>
    Environment,
}
