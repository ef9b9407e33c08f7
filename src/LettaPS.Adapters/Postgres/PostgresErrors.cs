using System.Net.Sockets;
using LettaPS.Core.Schemas.Model;
using Npgsql;

namespace LettaPS.Adapters.Postgres;

/// <summary>Says what PostgreSQL's failures mean to a user.</summary>
internal static class PostgresErrors
{
    /// <summary>A connection could not be made.</summary>
    /// <param name="e">The failure.</param>
    /// <param name="address">The database.</param>
    public static LettaException OfConnecting(NpgsqlException e, DatabaseAddress address) => e switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } => new(
            ErrorIds.DatabaseDenied, LettaErrorKind.Denied, $"'{address}' does not accept the role '{address.User}': {((PostgresException)e).MessageText}.",
            "Check the user and the password, and whether another PostgreSQL of this machine owns the port: -DatabaseUri postgresql://<user>:<password>@<host>:5432/<database>", address, e),
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => new(
            ErrorIds.DatabaseNotFound, LettaErrorKind.NotFound, $"The PostgreSQL server of '{address}' has no database '{address.Database}'.", "Check the name of the database: -DatabaseUri postgresql://<user>:<password>@<host>:5432/<database>", address, e),
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } => new(
            ErrorIds.DatabaseDenied, LettaErrorKind.Denied, $"The role '{address.User}' has no permission to connect to '{address}'.", $"Let the owner allow it: GRANT CONNECT ON DATABASE {Sql.Id(address.Database)} TO {Sql.Id(address.User)};", address, e),
        PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.TooManyConnections } p => new(
            ErrorIds.DatabaseUnavailable, LettaErrorKind.Connection, $"'{address}' accepts no connections at present: {p.MessageText}.", "Run the command again in a minute, or look at the sessions: SELECT pid, application_name FROM pg_stat_activity", address, e),
        PostgresException { SqlState: PostgresErrorCodes.ProtocolViolation } p when p.MessageText.Contains("startup parameter", StringComparison.Ordinal) => new(
            ErrorIds.DatabasePoolerNotSupported, LettaErrorKind.Refused, $"The connection pooler at '{address}' rejects the parameter 'options' of the address: {p.MessageText}.",
            $"Leave the parameter out, or let the pooler ignore it: ignore_startup_parameters = options", address, e),
        PostgresException p when p.MessageText.StartsWith("no such database", StringComparison.Ordinal) => new(
            ErrorIds.DatabaseNotFound, LettaErrorKind.NotFound, $"The connection pooler at '{address}' has no database '{address.Database}'.",
            $"Connect to PostgreSQL itself: {DirectAddress(address)}", address, e),
        PostgresException p => new(
            ErrorIds.DatabaseFailed, LettaErrorKind.ServerFault, $"'{address}' rejected the connection: {p.MessageText}.", "Read the log of PostgreSQL: docker logs <container>", address, e),
        { InnerException: SocketException or TimeoutException } => new(
            ErrorIds.DatabaseUnreachable, LettaErrorKind.Connection, $"'{address}' does not answer: {e.InnerException!.Message}.",
            "Check the host and the port, and that the container publishes the port: docker ps", address, e),
        _ => new(
            ErrorIds.DatabaseFailed, LettaErrorKind.Connection, $"The connection to '{address}' failed: {e.Message}.", "Check that the address is a PostgreSQL server, and whether it requires TLS: -DatabaseUri 'postgresql://<user>:<password>@<host>:5432/<database>?sslmode=require'", address, e),
    };

    /// <summary>A connection pooler gives every transaction, or every statement, another session.</summary>
    /// <param name="address">The database.</param>
    public static LettaException SessionsChange(DatabaseAddress address) => new(
        ErrorIds.DatabasePoolerNotSupported,
        LettaErrorKind.Refused,
        $"The connection pooler at '{address}' gives every transaction another session (pool_mode = transaction or statement). Locks and settings would not last.",
        $"Set pool_mode = session for the database, or connect to PostgreSQL itself: {DirectAddress(address)}",
        address);

    /// <summary>A statement failed.</summary>
    /// <param name="e">The failure.</param>
    /// <param name="address">The database.</param>
    /// <param name="what">What was being done, as the beginning of a sentence.</param>
    /// <param name="deniedAction">What to do where the role lacks a privilege; <see langword="null"/> for using the owner of the tables.</param>
    public static LettaException OfStatement(NpgsqlException e, DatabaseAddress address, string what, string? deniedAction = null) => e switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } p => new(
            ErrorIds.DatabaseDenied, LettaErrorKind.Denied, $"{what}: {p.MessageText}.", deniedAction ?? "Connect as the owner of the tables or as a superuser: -DatabaseUri postgresql://<owner>:<password>@<host>:5432/<database>", address, e),
        PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } => new(
            ErrorIds.DatabaseWriteDenied, LettaErrorKind.Refused, $"{what}: '{address}' is read-only.", "Connect to the primary: -DatabaseUri postgresql://<user>:<password>@<primary>:5432/<database>", address, e),
        PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } => new(
            ErrorIds.SchemaLockTimeout, LettaErrorKind.Timeout, $"{what}: another session holds a lock on a table.", "Stop the server, then run the command again: Stop-LettaServer <container>", address, e),
        PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown } => Lost(e, address, what),
        PostgresException p => new(
            ErrorIds.DatabaseStatementFailed, LettaErrorKind.ServerFault, $"{what}: {p.MessageText} ({p.SqlState}).", "Examine the database: Test-LettaHealth -Layer Database", address, e),
        _ => Lost(e, address, what),
    };

    /// <summary>Whether a failure is one of waiting for a lock, so that trying again may help.</summary>
    /// <param name="e">The failure.</param>
    public static bool IsLock(Exception e) =>
        e is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected };

    private static string DirectAddress(DatabaseAddress address) => $"-DatabaseUri postgresql://{address.User}:<password>@<host of PostgreSQL>:5432/{address.Database}";

    private static LettaException Lost(NpgsqlException e, DatabaseAddress address, string what) => new(
        ErrorIds.DatabaseConnectionLost, LettaErrorKind.Connection, $"{what}: the connection to '{address}' was lost.", "Check the PostgreSQL server, then run the command again: Test-LettaHealth", address, e);
}
