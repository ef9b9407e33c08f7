namespace LettaPS.Core.AgentTables;

/// <summary>A table with rows that belong to an agent.</summary>
/// <param name="Name">Its name in Letta's schema.</param>
/// <param name="Order">The columns that its rows are sorted by; those that are not there are passed over.</param>
/// <param name="Paths">What leads from the agent to its rows.</param>
internal sealed record AgentTable(string Name, IReadOnlyList<string> Order, params IReadOnlyList<RowPath> Paths);

/// <summary>A way to rows: those of which a column has a value that a row of another table has, or the agent's identifier.</summary>
/// <param name="From">The other table; <see langword="null"/> for the agent's identifier itself.</param>
/// <param name="FromColumn">The column of the other table.</param>
/// <param name="Within">What is taken out of that column, in SQL.</param>
internal sealed record RowPath(string Column, string? From = null, string FromColumn = "id", string Within = "");
