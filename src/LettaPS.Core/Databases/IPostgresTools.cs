using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases;

/// <summary>PostgreSQL's own programs (<c>pg_dump</c>, <c>pg_restore</c>, <c>psql</c>) where they reach the server, with the role and password set.</summary>
internal interface IPostgresTools
{
    /// <summary>Runs a program until it ends.</summary>
    /// <param name="command">The program and its arguments, those that say where the server is and as whom to connect left out.</param>
    /// <param name="input">What it reads; <see langword="null"/> for nothing.</param>
    /// <param name="output">Where what it writes goes; <see langword="null"/> to have it in the result.</param>
    /// <exception cref="LettaException"><c>ProgramNotFound</c>.</exception>
    Task<ProgramResult> RunAsync(IReadOnlyList<string> command, Stream? input, Stream? output, CancellationToken cancellationToken);
}
