namespace LettaPS.Core.Databases;

/// <summary>What LettaPS asks of a PostgreSQL server about whole databases. One caller at a time.</summary>
internal interface IDatabaseCluster : IAsyncDisposable
{
    /// <summary>The server and its databases as they are now.</summary>
    /// <exception cref="LettaException">The server cannot be reached or refuses; the identifier tells why. This holds for every method here.</exception>
    Task<ClusterState> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Keeps every other LettaPS off a database until the returned lock is disposed of.</summary>
    /// <param name="database">Name of the database.</param>
    /// <exception cref="LettaException"><c>DatabaseWorkInUse</c>: another run has the lock.</exception>
    Task<IDatabaseLock> LockAsync(string database, CancellationToken cancellationToken);

    /// <summary>Looks at a database and keeps what it sees as it is, so that a dump can be taken of exactly that.</summary>
    /// <param name="database">Name of the database.</param>
    Task<IDatabaseView> ViewAsync(string database, CancellationToken cancellationToken);

    /// <summary>
    /// Makes an empty database with the owner, encoding, locale, tablespace, settings and privileges of another. What would be in the way while it is
    /// filled is left to <see cref="FinishAsync"/>.
    /// </summary>
    /// <param name="like">The other one.</param>
    Task CreateAsync(string name, DatabaseFacts like, string comment, CancellationToken cancellationToken);

    /// <summary>Gives a database that is filled all settings, privileges and limits of another as a whole. Doing it twice does no harm.</summary>
    /// <param name="like">The other one.</param>
    Task FinishAsync(string name, DatabaseFacts like, CancellationToken cancellationToken);

    /// <summary>Makes the schemas and extensions of another database in an empty one, with their owners, privileges and comments, and nothing else.</summary>
    /// <param name="name">Name of the empty one.</param>
    /// <param name="like">The other one.</param>
    Task LayOutAsync(string name, DatabaseFacts like, CancellationToken cancellationToken);

    /// <summary>Removes the schema <c>public</c> where a dump was taken of a database without it, before the dump is loaded.</summary>
    /// <param name="name">Name of the database.</param>
    Task DropPublicAsync(string name, CancellationToken cancellationToken);

    /// <summary>Gives all that a role owns in a database to the database's owner, what belongs to extensions left out.</summary>
    /// <param name="name">Name of the database.</param>
    /// <param name="owner">The new owner.</param>
    Task GiveAllAsync(string name, string owner, CancellationToken cancellationToken);

    /// <summary>Has the statistics made anew by which queries are planned: a loaded dump has none.</summary>
    /// <param name="name">Name of the database.</param>
    Task AnalyzeAsync(string name, CancellationToken cancellationToken);

    /// <summary>Replaces the comment of a database, if it is still what the caller has seen.</summary>
    /// <param name="name">Name of the database.</param>
    /// <param name="expected">What the comment must be at that moment, which tells whose the database is; <see langword="null"/> for none.</param>
    /// <param name="comment">The comment; <see langword="null"/> for none.</param>
    /// <exception cref="LettaException"><c>DatabaseLockFailed</c>: it has another comment.</exception>
    Task CommentAsync(string name, string? expected, string? comment, CancellationToken cancellationToken);

    /// <summary>Gives a database another name.</summary>
    /// <param name="newName">Its new name, which no other database has.</param>
    Task RenameAsync(string name, string newName, CancellationToken cancellationToken);

    /// <summary>
    /// Puts a database in the place of another in one transaction: the old one gets another name, the new one gets the old one's name. Whoever is
    /// connected to either is thrown out.
    /// </summary>
    /// <param name="name">The name that is kept.</param>
    /// <param name="replacement">Name of the new database.</param>
    /// <param name="keepAs">What the old one is called from then on; <see langword="null"/> where there is none.</param>
    /// <param name="keptComment">The comment that the old one gets.</param>
    /// <param name="expected">The comment that the new one must have at that moment, which tells whose it is.</param>
    /// <param name="comment">The comment that the new one gets.</param>
    /// <exception cref="LettaException"><c>DatabaseInUse</c>: somebody connects again and again. <c>DatabaseLockFailed</c>: the new one has another comment.</exception>
    Task SwapAsync(string name, string replacement, string? keepAs, string? keptComment, string expected, string comment, CancellationToken cancellationToken);

    /// <summary>Removes a database and throws out whoever is connected to it; nothing happens where there is none of that name.</summary>
    /// <param name="name">Name of the database.</param>
    Task DropAsync(string name, CancellationToken cancellationToken);

    /// <summary>Removes a database that nobody is connected to.</summary>
    /// <param name="name">Name of the database.</param>
    /// <exception cref="LettaException"><c>DatabaseInUse</c>: somebody is.</exception>
    Task DropUnusedAsync(string name, CancellationToken cancellationToken);

    /// <summary>Size of a database in bytes.</summary>
    /// <param name="name">Name of the database.</param>
    /// <returns><see langword="null"/> where the role may not ask for it.</returns>
    Task<long?> MeasureAsync(string name, CancellationToken cancellationToken);

    /// <summary>Sessions of others in a database, those that serve PostgreSQL itself left out: application, address and role of each.</summary>
    /// <param name="name">Name of the database.</param>
    Task<IReadOnlyList<string>> ListSessionsAsync(string name, CancellationToken cancellationToken);
}

/// <summary>A database as it was at one moment, kept so until disposed of.</summary>
internal interface IDatabaseView : IAsyncDisposable
{
    /// <summary>Name of the exported snapshot, which <c>pg_dump --snapshot</c> takes.</summary>
    string Snapshot { get; }

    /// <summary>What the database was, its rows not counted.</summary>
    DatabaseFacts Facts { get; }

    /// <summary>Counts Letta's agents, those that were deleted left out.</summary>
    /// <returns><see langword="null"/> where the database has no table of them.</returns>
    Task<long?> CountAgentsAsync(CancellationToken cancellationToken);

    /// <summary>Counts the rows of every table.</summary>
    Task<IReadOnlyList<DatabaseTable>> CountAsync(CancellationToken cancellationToken);
}
