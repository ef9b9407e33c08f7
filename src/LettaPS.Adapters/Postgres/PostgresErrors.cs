using System.Net.Sockets;
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
            ErrorIds.DatabaseDenied, LettaErrorKind.Denied, $"{address} refuses role {address.User}: {((PostgresException)e).MessageText}.",
            "Check user and password in -DatabaseUri or LETTA_PG_URI. If another PostgreSQL of this machine owns the port, that is the one that answered.", address, e),
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => new(
            ErrorIds.DatabaseNotFound, LettaErrorKind.NotFound, $"The server of {address} has no database {address.Database}.", "Check its name.", address, e),
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } => new(
            ErrorIds.DatabaseDenied, LettaErrorKind.Denied, $"Role {address.User} may not connect to {address}.", "Grant it CONNECT, or use the owner.", address, e),
        PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.TooManyConnections } p => new(
            ErrorIds.DatabaseUnavailable, LettaErrorKind.Connection, $"{address} takes no connection now: {p.MessageText}.", "Try again shortly.", address, e),
        PostgresException { SqlState: PostgresErrorCodes.ProtocolViolation } p when p.MessageText.Contains("startup parameter", StringComparison.Ordinal) => new(
            ErrorIds.DatabasePoolerNotSupported, LettaErrorKind.Refused, $"The connection pooler at {address} refuses the parameter 'options' of the address: {p.MessageText}.",
            $"Leave the parameter out, or let the pooler ignore it: ignore_startup_parameters = options", address, e),
        PostgresException p when p.MessageText.StartsWith("no such database", StringComparison.Ordinal) => new(
            ErrorIds.DatabaseNotFound, LettaErrorKind.NotFound, $"The connection pooler at {address} knows no database '{address.Database}'.",
            $"Connect to PostgreSQL itself: {DirectAddress(address)}", address, e),
        PostgresException p => new(
            ErrorIds.DatabaseFailed, LettaErrorKind.ServerFault, $"{address}: {p.MessageText}.", "The log of PostgreSQL may say more.", address, e),
        { InnerException: SocketException or TimeoutException } => new(
            ErrorIds.DatabaseUnreachable, LettaErrorKind.Connection, $"Nothing answers at {address}: {e.InnerException!.Message}.",
            "Check host and port, and whether the port of the container is published.", address, e),
        _ => new(
            ErrorIds.DatabaseFailed, LettaErrorKind.Connection, $"{address} cannot be used: {e.Message}.", "Check that it is a PostgreSQL, and whether the way there wants TLS.", address, e),
    };

    /// <summary>A connection pooler gives every transaction, or every statement, another session.</summary>
    /// <param name="address">The database.</param>
    public static LettaException SessionsChange(DatabaseAddress address) => new(
        ErrorIds.DatabasePoolerNotSupported,
        LettaErrorKind.Refused,
        $"A connection pooler answers at {address} that gives every transaction another session (pool_mode = transaction or statement). Locks and settings would be another client's.",
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
            ErrorIds.DatabaseDenied, LettaErrorKind.Denied, $"{what}: {p.MessageText}.", deniedAction ?? "Connect as the owner of the tables or as a superuser.", address, e),
        PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } => new(
            ErrorIds.DatabaseWriteDenied, LettaErrorKind.Refused, $"{what}: {address} can only be read.", "Connect to the primary.", address, e),
        PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } => new(
            ErrorIds.SchemaLockTimeout, LettaErrorKind.Timeout, $"{what}: another session holds a lock on a table.", "Stop the server or end the session, and run the command again.", address, e),
        PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown } => Lost(e, address, what),
        PostgresException p => new(
            ErrorIds.DatabaseStatementFailed, LettaErrorKind.ServerFault, $"{what}: {p.MessageText} ({p.SqlState}).", "The log of PostgreSQL may say more; Test-LettaHealth examines the database.", address, e),
        _ => Lost(e, address, what),
    };

    /// <summary>Whether a failure is one of waiting for a lock, so that trying again may help.</summary>
    /// <param name="e">The failure.</param>
    public static bool IsLock(Exception e) =>
        e is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected };

    private static string DirectAddress(DatabaseAddress address) => $"-DatabaseUri postgresql://{address.User}:<password>@<host of PostgreSQL>:5432/{address.Database}";

    private static LettaException Lost(NpgsqlException e, DatabaseAddress address, string what) => new(
        ErrorIds.DatabaseConnectionLost, LettaErrorKind.Connection, $"{what}: the connection to {address} broke off.", "Check the server and run the command again.", address, e);
}
