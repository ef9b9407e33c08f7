using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Restores.Database;

/// <summary>A database that agents are written into.</summary>
internal interface IAgentRowStore : IAsyncDisposable
{
    /// <summary>The database.</summary>
    DatabaseAddress Address { get; }

    /// <summary>Reads the catalog.</summary>
    /// <exception cref="LettaException">The database cannot be reached or read; the identifier tells why.</exception>
    Task<DatabaseSnapshot> ReadCatalogAsync(CancellationToken cancellationToken);

    /// <summary>Begins a transaction on a connection of its own. Values are written out as in every other database: UTC, ISO, all digits.</summary>
    /// <param name="searchPath">The quoted names of the schemas that types and functions are looked for in.</param>
    /// <param name="patience">Longest wait for each lock.</param>
    Task<IDatabaseTransaction> BeginAsync(string searchPath, TimeSpan patience, CancellationToken cancellationToken);
}

/// <summary>A transaction under way. Ending it without <see cref="CommitAsync"/> takes everything back.</summary>
internal interface IDatabaseTransaction : IAsyncDisposable
{
    /// <summary>Runs a statement, or several without parameters.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="parameters">Texts for <c>$1</c>, <c>$2</c>, …</param>
    /// <returns>How many rows it changed.</returns>
    Task<long> ExecuteAsync(string sql, CancellationToken cancellationToken, params string?[] parameters);

    /// <summary>Runs a query that gives texts.</summary>
    /// <param name="sql">The query.</param>
    /// <param name="parameters">Texts for <c>$1</c>, <c>$2</c>, …</param>
    Task<IReadOnlyList<string?[]>> QueryAsync(string sql, CancellationToken cancellationToken, params string?[] parameters);

    /// <summary>Runs a <c>COPY … FROM STDIN</c> in PostgreSQL's text format.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="write">Writes the lines.</param>
    /// <exception cref="CopyException">PostgreSQL does not take a value.</exception>
    Task CopyAsync(string sql, Func<TextWriter, Task> write, CancellationToken cancellationToken);

    /// <summary>Makes it last. Once begun it is not broken off: nobody could tell any more whether it took place.</summary>
    Task CommitAsync();
}

/// <summary>PostgreSQL does not take a value of a <c>COPY</c>.</summary>
/// <param name="message">What it says.</param>
/// <param name="line">The line that it names, from 1; <see langword="null"/> where it names none.</param>
/// <param name="column">The column that it names.</param>
internal sealed class CopyException(string message, long? line, string? column, Exception cause) : Exception(message, cause)
{
    /// <summary>The line, from 1.</summary>
    public long? Line => line;

    /// <summary>The column.</summary>
    public string? Column => column;
}
