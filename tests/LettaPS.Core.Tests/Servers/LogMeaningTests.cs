using LettaPS.Core.Servers;

namespace LettaPS.Core.Tests.Servers;

public class LogMeaningTests
{
    private const string Failed = "ERROR: Database migration failed!";

    [Theory]
    [InlineData("DatabaseDenied", "FATAL:  password authentication failed for user \"letta\"", Failed)]
    [InlineData("DatabaseRoleNotFound", "FATAL:  role \"thoth\" does not exist", Failed)]
    [InlineData("DatabaseNotFound", "FATAL:  database \"letta\" does not exist", Failed)]
    [InlineData("DatabaseHostNotFound", "could not translate host name \"letta-db\" to address: Name or service not known", Failed)]
    [InlineData("DatabaseUnreachable", "connection to server at \"letta-db\" (172.18.0.3), port 5432 failed: Connection refused", Failed)]
    [InlineData("DatabaseTooNew", "alembic.util.exc.CommandError: Can't locate revision identified by '1c28e167b74f'", Failed)]
    [InlineData("ExtensionNotFound", "psycopg2.errors.UndefinedObject: type \"vector\" does not exist", Failed)]
    [InlineData("MigrationFailed", "sqlalchemy.exc.ProgrammingError: (psycopg2.errors.DuplicateColumn) column \"embedding_config\" of relation \"archives\" already exists", Failed)]
    [InlineData("MigrationFailed", "ERROR:  relation \"conversations\" already exists", Failed)]
    [InlineData("MigrationFailed", "(psycopg2.errors.UndefinedColumn) column messages.conversation_id does not exist", Failed)]
    [InlineData("MigrationFailed", "something nobody knows", Failed)]
    [InlineData("AddressInUse", "[Errno 98] error while attempting to bind on address ('0.0.0.0', 8283): address already in use", "")]
    [InlineData("DataDirectoryNotSupported", "FATAL:  database files are incompatible with server", "")]
    [InlineData("LettaCodeNotSupported", "The retired Python server is end-of-life; this image now contains Letta Code. The old PostgreSQL data cannot be mounted into it.", "")]
    [InlineData("LettaCodeNotSupported", "Letta Code is a general purpose CLI for interacting with Letta agents", "USAGE")]
    [InlineData("DatabaseSslNotSupported", "TypeError: connect() got an unexpected keyword argument 'sslmode'", Failed)]
    [InlineData("DatabaseTlsNotSupported", "ConnectionError: PostgreSQL server at \"db:5432\" rejected SSL upgrade", "")]
    [InlineData("InvalidDatabaseUri", "sqlalchemy.exc.NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:postgres.pg8000", Failed)]
    [InlineData("InvalidMigrations", "alembic.util.exc.CommandError: Multiple head revisions are present for given argument 'head'; please specify a specific target revision", Failed)]
    [InlineData("ExtensionDenied", "ERROR:  permission denied to create extension \"vector\"", Failed)]
    [InlineData("SchemaDenied", "psycopg2.errors.InsufficientPrivilege: permission denied for schema public", Failed)]
    [InlineData("DataDirectoryDenied", "FATAL:  data directory \"/var/lib/postgresql/data\" has wrong ownership", "")]
    [InlineData("DataDirectoryDenied", "FATAL:  data directory \"/var/lib/postgresql/data\" has invalid permissions", "")]
    [InlineData("DataDirectoryInUse", "FATAL:  lock file \"postmaster.pid\" already exists", "")]
    [InlineData("DataDirectoryNotSupported", "Error: in 18+, these Docker images are configured to store database data in a format which is compatible with \"pg_ctlcluster\"", "")]
    [InlineData("PlatformNotSupported", "exec /usr/local/bin/docker-entrypoint.sh: exec format error", "")]
    [InlineData("DiskFull", "could not extend file: No space left on device", Failed)]
    public void A_log_is_read_for_its_cause(string errorId, string cause, string consequence)
    {
        var meaning = StartupLogAnalyzer.Find(["Attempting to migrate database...", cause, consequence]);

        Assert.Equal(errorId, meaning?.ErrorId);
        Assert.NotEmpty(meaning!.RecommendedAction);
    }

    [Fact]
    public void A_log_of_nothing_known_means_nothing() => Assert.Null(StartupLogAnalyzer.Find(["INFO: Started server process", "INFO: Waiting"]));

    [Fact]
    public void The_password_that_a_server_made_up_is_read_from_its_log()
    {
        Assert.Equal("x7Kq", StartupLogAnalyzer.GeneratedPassword(["a", "▶ Using secure mode with password: x7Kq"]));
        Assert.Null(StartupLogAnalyzer.GeneratedPassword(["a"]));
    }

    [Theory]
    [InlineData("Using database:  postgresql+pg8000://letta:s3cret@db:5432/letta", "Using database:  postgresql+pg8000://letta:****@db:5432/letta")]
    [InlineData("▶ Using secure mode with password: x7Kq", "▶ Using secure mode with password: ****")]
    [InlineData("FATAL:  password authentication failed for user \"letta\"", "FATAL:  password authentication failed for user \"letta\"")]
    [InlineData("http://localhost:8283/v1/agents", "http://localhost:8283/v1/agents")]
    public void Passwords_are_masked_wherever_logs_have_them(string line, string expected) => Assert.Equal(expected, ServerSettings.MaskText(line));
}
