namespace LettaPS.Core.Schemas.Model;

/// <summary>What the schema doctor asks of a database.</summary>
internal interface ISchemaDatabase : IAsyncDisposable
{
    /// <summary>The database.</summary>
    DatabaseAddress Address { get; }

    /// <summary>Reads the catalog, and then what is asked of the rows, in one read-only transaction and four round trips, the settings of the session included.</summary>
    /// <param name="ask">Looks at the catalog and says what to ask of the rows.</param>
    /// <param name="patience">Longest wait for each table that another session keeps even from readers.</param>
    /// <exception cref="LettaException">The database cannot be reached or read; the identifier tells why.</exception>
    Task<DatabaseSnapshot> ReadAsync(Func<DatabaseSnapshot, IReadOnlyList<DataQuestion>> ask, TimeSpan patience, CancellationToken cancellationToken);

    /// <summary>Begins a repair: from here to its end no other repair of this database begins.</summary>
    /// <param name="patience">Longest wait for another repair, and later for each lock.</param>
    /// <exception cref="LettaException"><c>SchemaFixInUse</c>: another repair did not end in time.</exception>
    Task<ISchemaRepair> BeginRepairAsync(TimeSpan patience, CancellationToken cancellationToken);
}

/// <summary>A repair under way. Ending it gives everything back that was not committed.</summary>
internal interface ISchemaRepair : IAsyncDisposable
{
    /// <summary>Runs statements in one transaction: all of them, or none. Waits for locks, a little at a time, so that nobody queues behind it.</summary>
    /// <exception cref="LettaException">Nothing was changed, unless the identifier is <c>SchemaFixUncertain</c>.</exception>
    Task<IReadOnlyList<StatementOutcome>> RunTogetherAsync(IReadOnlyList<string> statements, CancellationToken cancellationToken);

    /// <summary>Runs a statement by itself, outside of any transaction.</summary>
    /// <param name="undo">What removes its remains if it fails, or <see langword="null"/>.</param>
    /// <exception cref="LettaException">It failed; its remains are removed, or the message says that they are not.</exception>
    Task<StatementOutcome> RunAloneAsync(string statement, string? undo, CancellationToken cancellationToken);
}

/// <summary>How a statement went.</summary>
/// <param name="Rows">Rows that it changed; <see langword="null"/> where it is not about rows.</param>
/// <param name="Duration">How long it took.</param>
internal sealed record StatementOutcome(long? Rows, TimeSpan Duration);
