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
        (PlatformWrong(), ErrorIds.PlatformNotSupported, "The image is for another processor architecture (exec format error)", "Pull the image for this machine, linux/amd64 or linux/arm64: docker pull --platform linux/amd64 <image>"),
        (UriScheme(), ErrorIds.InvalidDatabaseUri, "LETTA_PG_URI begins with 'postgres://', which SQLAlchemy does not know", "Change the beginning of LETTA_PG_URI: postgresql://"),
        (SslMode(), ErrorIds.DatabaseSslNotSupported, "LETTA_PG_URI has a parameter 'sslmode' or 'ssl', which pg8000, the driver of the migrations, does not support", "Remove the parameter from LETTA_PG_URI, then recreate the container: docker compose up --detach"),
        (SslRejected(), ErrorIds.DatabaseTlsNotSupported, "LETTA_DISABLE_SQLALCHEMY_POOLING=false makes Letta require TLS, which PostgreSQL does not offer", "Remove LETTA_DISABLE_SQLALCHEMY_POOLING, or turn on TLS in PostgreSQL, then recreate the container: docker compose up --detach"),
        (SeveralHeads(), ErrorIds.InvalidMigrations, "The migrations have several heads, because /app/alembic/versions holds files of two releases", "Remove the mount over /app from the compose file, then pull the image again: docker compose pull"),
        (ExtensionDenied(), ErrorIds.ExtensionDenied, "The role in LETTA_PG_URI has no permission to create the extension vector", "Create the extension as a superuser: CREATE EXTENSION vector"),
        (SchemaDenied(), ErrorIds.SchemaDenied, "The role in LETTA_PG_URI has no permission to create tables in the schema public, the default since PostgreSQL 15", "Grant the permission as the owner of the database: GRANT CREATE ON SCHEMA public TO <role>"),
        (WrongOwner(), ErrorIds.DataDirectoryDenied, "The data directory of PostgreSQL belongs to another user, or its mode is wrong", "Change its owner to the user that runs PostgreSQL: chown -R 999:999 <folder>; chmod 700 <folder>"),
        (DataInUse(), ErrorIds.DataDirectoryInUse, "Another PostgreSQL runs on the same data directory", "Find the other container that uses the volume, then stop it: docker ps --filter volume=<volume>"),
        (NewLayout(), ErrorIds.DataDirectoryNotSupported, "The image of PostgreSQL 18 keeps its data in a folder per version, and found data in the old folder", "Use the PostgreSQL version that wrote the data: image: postgres:17"),
        (PasswordFailed(), ErrorIds.DatabaseDenied, "The database does not accept the server's password", "Set the password of LETTA_PG_URI again: ALTER ROLE <role> PASSWORD '…'"),
        (RoleMissing(), ErrorIds.DatabaseRoleNotFound, "The role that LETTA_PG_URI names does not exist", "Compare LETTA_PG_URI with POSTGRES_USER of the database's container: docker inspect <container>"),
        (DatabaseMissing(), ErrorIds.DatabaseNotFound, "The database that LETTA_PG_URI names does not exist", "Restore it from a dump: Restore-LettaDatabase <dump>"),
        (HostUnknown(), ErrorIds.DatabaseHostNotFound, "The container cannot resolve the host of LETTA_PG_URI", "Check the name of the database's service, and that both services are in one network: docker compose config"),
        (ConnectionRefused(), ErrorIds.DatabaseUnreachable, "PostgreSQL does not accept connections at the address of LETTA_PG_URI", "Start the database's container: docker start <container>"),
        (RevisionUnknown(), ErrorIds.DatabaseTooNew, "The database was migrated by a newer release of Letta than this one", "Run the release that last used the database: ./Repair-Letta.ps1 -BackupPath ~/letta-backup"),
        (VectorMissing(), ErrorIds.ExtensionNotFound, "The database lacks the extension vector", "Run PostgreSQL from an image with pgvector (pgvector/pgvector:pg15), then create the extension: CREATE EXTENSION vector"),
        (DataIncompatible(), ErrorIds.DataDirectoryNotSupported, "The data directory belongs to another major version of PostgreSQL", "Run the old version, then take a dump for the new one: Backup-LettaDatabase -Path <folder>"),
        (DiskFull(), ErrorIds.DiskFull, "The disk is full", "Free space on the disk of the database's volume: docker system df"),
        (AddressInUse(), ErrorIds.AddressInUse, "Another program uses the port of the server", "Stop the other program, or publish another port: ss -ltnp"),
        (AlreadyExists(), ErrorIds.MigrationFailed, "The migration failed: an object that it creates exists", "See how the database differs from its revision: Compare-LettaSchema"),
        (DoesNotExist(), ErrorIds.MigrationFailed, "The migration failed: an object that it changes does not exist", "See how the database differs from its revision: Compare-LettaSchema"),
        (MigrationFailed(), ErrorIds.MigrationFailed, "The migration of the database failed", "See how the database differs from its revision: Compare-LettaSchema"),
        (MemoryFull(), ErrorIds.OutOfMemory, "The container does not have enough memory", "Raise the memory limit of the container: docker update --memory 4g <container>"),
        (ModuleMissing(), ErrorIds.ProgramDamaged, "The server's program is incomplete", "Remove mounts over /app from the compose file, then pull the image again: docker compose pull"),
    ];

    /// <summary>Identifier of a container that has become Letta Code.</summary>
    public const string LettaCodeId = ErrorIds.LettaCodeNotSupported;

    private const string LettaCodeMeaning = "The image is no longer the V1 server but Letta Code, which is another product. The data of PostgreSQL are untouched";
    private const string LettaCodeAction = "Bring the V1 server back: ./Repair-Letta.ps1 -BackupPath ~/letta-backup";

    /// <summary>What it means that a container which was a V1 server has become Letta Code.</summary>
    public static StartupLogAnalyzer BecameLettaCode { get; } = new(LettaCodeId, LettaCodeMeaning, LettaCodeAction);

    /// <summary>Finds the meaning of a container's log: that of Letta Code may be only its help, or empty.</summary>
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
