using System.Text.RegularExpressions;

namespace LettaPS.Core.Servers;

/// <summary>What the log of a server that did not come up says, in words.</summary>
/// <param name="ErrorId">Stable identifier of the failure.</param>
/// <param name="Meaning">What went wrong.</param>
/// <param name="RecommendedAction">What to do about it.</param>
internal sealed partial record StartupLogAnalyzer(string ErrorId, string Meaning, string RecommendedAction)
{
    // Causes before consequences: a failed migration is told by what made it fail. The texts are PostgreSQL's, alembic's, uvicorn's and the
    // start script's own (letta/server/startup.sh, 0.11.3 to 0.16.8); their order of appearance in a log is not reliable, so each is looked for in all lines.
    private static readonly (Regex Pattern, string ErrorId, string Meaning, string Action)[] s_known =
    [
        (LettaCode(), LettaCodeId, LettaCodeMeaning, LettaCodeAction),
        (PlatformWrong(), ErrorIds.PlatformNotSupported, "The image is for another processor than this machine's (exec format error)", "Pull it for this machine: docker pull --platform linux/amd64 <image>, or linux/arm64."),
        (UriScheme(), ErrorIds.InvalidDatabaseUri, "LETTA_PG_URI begins with 'postgres://', which SQLAlchemy does not know", "Begin LETTA_PG_URI with postgresql://"),
        (SslMode(), ErrorIds.DatabaseSslNotSupported, "LETTA_PG_URI has a parameter 'sslmode' or 'ssl', which pg8000, the driver of the migrations, does not know", "Remove the parameter from LETTA_PG_URI."),
        (SslRejected(), ErrorIds.DatabaseTlsNotSupported, "Letta demands TLS, and PostgreSQL has none: that is what LETTA_DISABLE_SQLALCHEMY_POOLING=false does", "Remove LETTA_DISABLE_SQLALCHEMY_POOLING, or turn TLS on in PostgreSQL."),
        (SeveralHeads(), ErrorIds.InvalidMigrations, "The migrations have several heads, so that alembic does not know where to go: files of two releases are mixed in /app/alembic/versions", "Remove what is mounted over /app, and pull the image again."),
        (ExtensionDenied(), ErrorIds.ExtensionDenied, "The role in LETTA_PG_URI may not create the extension vector", "Create it as a superuser of the database: CREATE EXTENSION vector"),
        (SchemaDenied(), ErrorIds.SchemaDenied, "The role in LETTA_PG_URI may not create tables in the schema public, as PostgreSQL has it from 15 on", "Give the role the right, as the owner of the database: GRANT CREATE ON SCHEMA public TO <role>"),
        (WrongOwner(), ErrorIds.DataDirectoryDenied, "The data directory of PostgreSQL belongs to another user, or its mode is wrong", "Give it to the user that PostgreSQL runs as: chown -R 999:999 <folder>; chmod 700 <folder>"),
        (DataInUse(), ErrorIds.DataDirectoryInUse, "Another PostgreSQL runs on the same data directory", "Stop the other container that uses the volume: docker ps --filter volume=<volume>"),
        (NewLayout(), ErrorIds.DataDirectoryNotSupported, "The image of PostgreSQL 18 keeps its data in a folder of the version's own, and found data in the old place", "Use the image that the data was made with (docker run postgres:17), or mount the volume at /var/lib/postgresql and move the data with pg_upgrade."),
        (PasswordFailed(), ErrorIds.DatabaseDenied, "The database does not accept the server's password", "Compare LETTA_PG_URI with the password that the database was made with."),
        (RoleMissing(), ErrorIds.DatabaseRoleNotFound, "The database has no role of the name in LETTA_PG_URI", "Compare LETTA_PG_URI with POSTGRES_USER of the database's container."),
        (DatabaseMissing(), ErrorIds.DatabaseNotFound, "The database that LETTA_PG_URI names does not exist", "Restore it with Restore-LettaDatabase, or make it with Reset-LettaDatabase."),
        (HostUnknown(), ErrorIds.DatabaseHostNotFound, "The host that LETTA_PG_URI names is not known in the container", "Check the name of the database's service, and that both are in one network."),
        (ConnectionRefused(), ErrorIds.DatabaseUnreachable, "Nothing takes connections where LETTA_PG_URI points", "Start the database's container."),
        (RevisionUnknown(), ErrorIds.DatabaseTooNew, "The database was migrated by a newer release of Letta than this one", "Run the release that the database is of, or restore a dump of this release."),
        (VectorMissing(), ErrorIds.ExtensionNotFound, "The database lacks the extension vector", "Use an image with pgvector, and create the extension in the database."),
        (DataIncompatible(), ErrorIds.DataDirectoryNotSupported, "The data directory is of another major version of PostgreSQL", "Use the image it was made with, dump the database, and restore it into the new one."),
        (DiskFull(), ErrorIds.DiskFull, "The disk is full", "Make room on the disk of the database's volume."),
        (AddressInUse(), ErrorIds.AddressInUse, "The port that the server wants is taken", "Stop what else listens there, or choose another port."),
        (AlreadyExists(), ErrorIds.MigrationFailed, "The migration failed: something that it makes is there already", "Compare-LettaSchema shows how the database differs from what its revision says."),
        (DoesNotExist(), ErrorIds.MigrationFailed, "The migration failed: something that it changes is not there", "Compare-LettaSchema shows how the database differs from what its revision says."),
        (MigrationFailed(), ErrorIds.MigrationFailed, "The migration of the database failed", "Compare-LettaSchema shows how the database differs from what its revision says."),
        (MemoryFull(), ErrorIds.OutOfMemory, "There is not enough memory", "Give the container more."),
        (ModuleMissing(), ErrorIds.ProgramDamaged, "The server's program is incomplete", "Pull the image again, and check what is mounted over /app."),
    ];

    /// <summary>Identifier of a container that has become Letta Code.</summary>
    public const string LettaCodeId = ErrorIds.LettaCodeNotSupported;

    private const string LettaCodeMeaning = "The image is no longer the V1 server but Letta Code, which is another product. The data of PostgreSQL are untouched";
    private const string LettaCodeAction = "Bring the V1 server back: ./Repair-Letta.ps1 -BackupPath ~/letta-backup";

    /// <summary>What it means that a container which was a V1 server has become Letta Code.</summary>
    public static StartupLogAnalyzer BecameLettaCode { get; } = new(LettaCodeId, LettaCodeMeaning, LettaCodeAction);

    /// <summary>Finds the meaning of a container's log: that of Letta Code may be only its help, or empty.</summary>
    /// <param name="container">The container.</param>
    /// <param name="lines">Lines of one run of it.</param>
    public static StartupLogAnalyzer? Find(ContainerFacts container, IEnumerable<string> lines) =>
        ServerDiscovery.ProductOf(container) == LettaServerProduct.LettaCode ? BecameLettaCode : Find(lines);

    /// <summary>Finds the meaning of a log.</summary>
    /// <param name="lines">Lines of one run of the container.</param>
    /// <returns>What they mean; <see langword="null"/> where they say nothing known.</returns>
    public static StartupLogAnalyzer? Find(IEnumerable<string> lines)
    {
        var text = string.Join('\n', lines);
        return s_known.Where(k => k.Pattern.IsMatch(text)).Select(k => new StartupLogAnalyzer(k.ErrorId, k.Meaning, k.Action)).FirstOrDefault();
    }

    /// <summary>The password that a server in secure mode made up, which it prints when it starts.</summary>
    /// <param name="lines">Lines of one run of the container.</param>
    public static string? GeneratedPassword(IEnumerable<string> lines) =>
        lines.Select(line => SecureMode().Match(line)).LastOrDefault(m => m.Success)?.Groups[1].Value;

    // The message of Letta Code's image for the settings of a V1 server, and the help that it prints without them.
    [GeneratedRegex("image now contains Letta Code|retired Python server|Letta Code is a general purpose CLI|Letta Code is a general-purpose CLI", RegexOptions.IgnoreCase)]
    private static partial Regex LettaCode();

    [GeneratedRegex("exec format error", RegexOptions.IgnoreCase)]
    private static partial Regex PlatformWrong();

    [GeneratedRegex(@"Can't load plugin: sqlalchemy\.dialects:postgres(?!ql)")]
    private static partial Regex UriScheme();

    [GeneratedRegex("unexpected keyword argument '(sslmode|ssl)'")]
    private static partial Regex SslMode();

    [GeneratedRegex("rejected SSL upgrade|server does not support SSL, but SSL was required|Server refuses SSL", RegexOptions.IgnoreCase)]
    private static partial Regex SslRejected();

    [GeneratedRegex("Multiple head revisions are present|Multiple heads are present")]
    private static partial Regex SeveralHeads();

    [GeneratedRegex("permission denied to create extension")]
    private static partial Regex ExtensionDenied();

    [GeneratedRegex("permission denied for schema|no schema has been selected to create in")]
    private static partial Regex SchemaDenied();

    [GeneratedRegex("data directory \"[^\"]*\" has (wrong ownership|invalid permissions)|could not change permissions of directory|(chmod|chown): changing (permissions|ownership) of '[^']*postgres[^']*': ")]
    private static partial Regex WrongOwner();

    [GeneratedRegex("lock file \"postmaster\\.pid\" already exists|could not lock the data directory|pre-existing shared memory block .* is still in use")]
    private static partial Regex DataInUse();

    [GeneratedRegex(@"in 18\+, these Docker images are configured|\(unused mount/volume\)")]
    private static partial Regex NewLayout();

    [GeneratedRegex("password authentication failed for user")]
    private static partial Regex PasswordFailed();

    [GeneratedRegex("role \"[^\"]*\" does not exist")]
    private static partial Regex RoleMissing();

    [GeneratedRegex("database \"[^\"]*\" does not exist")]
    private static partial Regex DatabaseMissing();

    [GeneratedRegex("could not translate host name|Name or service not known|Temporary failure in name resolution|nodename nor servname")]
    private static partial Regex HostUnknown();

    [GeneratedRegex("connection to server .* failed: Connection refused|ConnectionRefusedError|Is the server running on that host and accepting TCP/IP connections")]
    private static partial Regex ConnectionRefused();

    [GeneratedRegex("Can't locate revision identified by")]
    private static partial Regex RevisionUnknown();

    [GeneratedRegex("type \"vector\" does not exist|extension \"vector\" is not available|could not access file \"[^\"]*vector\"")]
    private static partial Regex VectorMissing();

    [GeneratedRegex("database files are incompatible with server")]
    private static partial Regex DataIncompatible();

    [GeneratedRegex("No space left on device")]
    private static partial Regex DiskFull();

    [GeneratedRegex("[Aa]ddress already in use|port is already allocated")]
    private static partial Regex AddressInUse();

    [GeneratedRegex("ERROR: .*already exists|DuplicateColumn|DuplicateTable|DuplicateObject")]
    private static partial Regex AlreadyExists();

    [GeneratedRegex("ERROR: .*(column|table|relation|constraint|index) \"[^\"]*\".* does not exist|UndefinedColumn|UndefinedTable|UndefinedObject")]
    private static partial Regex DoesNotExist();

    [GeneratedRegex("Database migration failed")]
    private static partial Regex MigrationFailed();

    [GeneratedRegex("MemoryError|Cannot allocate memory|out of memory", RegexOptions.IgnoreCase)]
    private static partial Regex MemoryFull();

    [GeneratedRegex("ModuleNotFoundError|ImportError: |No such file or directory: '/app")]
    private static partial Regex ModuleMissing();

    [GeneratedRegex(@"secure mode with password: (\S+)")]
    private static partial Regex SecureMode();
}
