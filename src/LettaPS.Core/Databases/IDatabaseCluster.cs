namespace LettaPS.Core.Databases;

/// <summary>What LettaPS asks of a PostgreSQL server about whole databases. One caller at a time.</summary>
internal interface IDatabaseCluster : IAsyncDisposable
{
    /// <summary>The server and its databases as they are now.</summary>
    /// <exception cref="LettaException">The server cannot be reached or refuses; the identifier tells why. This holds for every method here.</exception>
    Task<ClusterState> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Holds off every other LettaPS that would work on the same database, until the returned handle is disposed of.</summary>
    /// <param name="database">Name of the database.</param>
    /// <exception cref="LettaException"><c>DatabaseWorkRunning</c>: another one is at it.</exception>
    Task<IAsyncDisposable> LockAsync(string database, CancellationToken cancellationToken);

    /// <summary>Looks at a database and keeps what it sees as it is, so that a dump can be taken of exactly that.</summary>
    /// <param name="database">Name of the database.</param>
    Task<IDatabaseView> ViewAsync(string database, CancellationToken cancellationToken);

    /// <summary>Makes an empty database: owner, encoding, locale, settings, privileges and limit of another; of its schemas those that a fresh database has.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="like">The other one.</param>
    /// <param name="comment">Its comment.</param>
    Task CreateAsync(string name, DatabaseFacts like, string comment, CancellationToken cancellationToken);

    /// <summary>Makes the schemas and extensions of another database in an empty one, and nothing else.</summary>
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

    /// <summary>Replaces the comment of a database.</summary>
    /// <param name="name">Name of the database.</param>
    /// <param name="comment">The comment; <see langword="null"/> for none.</param>
    Task CommentAsync(string name, string? comment, CancellationToken cancellationToken);

    /// <summary>Gives a database another name.</summary>
    /// <param name="name">Its name.</param>
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
    /// <param name="comment">The comment that the new one gets.</param>
    /// <exception cref="LettaException"><c>DatabaseInUse</c>: somebody connects again and again.</exception>
    Task SwapAsync(string name, string replacement, string? keepAs, string? keptComment, string comment, CancellationToken cancellationToken);

    /// <summary>Removes a database and throws out whoever is connected to it; nothing happens where there is none of that name.</summary>
    /// <param name="name">Name of the database.</param>
    Task DropAsync(string name, CancellationToken cancellationToken);

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

    /// <summary>Counts the rows of every table.</summary>
    Task<IReadOnlyList<DatabaseTable>> CountAsync(CancellationToken cancellationToken);
}
