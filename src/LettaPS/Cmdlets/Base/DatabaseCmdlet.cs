using System.Management.Automation;
using LettaPS.Core.Databases.Hosts;

namespace LettaPS.Cmdlets.Base;

/// <summary>Base of the cmdlets that work on Letta's databases: the one given, else those of the servers, else the one that the environment names.</summary>
public abstract class DatabaseCmdlet : ConnectionCmdlet
{
    /// <summary>
    /// Address of the database: <c>postgresql://user:password@host:5432/database</c>, with any driver that Letta takes. Without it the connection's
    /// database, else <c>LETTA_PG_URI</c>, else the database of the container that serves the connection (through the engine where its port is not
    /// published), else for a server on this machine Letta's own default.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? DatabaseUri { get; set; }

    /// <summary>Finds the databases that the parameters and the session lead to. A server without one is a terminating error.</summary>
    private protected IReadOnlyList<DatabaseAddress> FindDatabases()
    {
        try
        {
            IReadOnlyList<DatabaseAddress> found = DatabaseUri is null
                ? [.. Connections.Select(FindDatabase)]
                : [DatabaseAddress.Parse(DatabaseUri)];
            WriteVerbose($"Database: {string.Join(", ", found)}");
            return found;
        }
        catch (LettaException e)
        {
            ThrowTerminatingError(e.ToErrorRecord());
            throw;
        }
    }

    /// <summary>The database that the parameters, the connection, the environment or the container of the server name.</summary>
    /// <param name="connection">The server.</param>
    /// <returns><see langword="null"/> where none of them does.</returns>
    private protected async Task<ServerDatabase?> FindNamedDatabaseAsync(LettaConnection connection, CancellationToken cancellationToken)
    {
        var said = DatabaseUri is null ? connection.Database ?? DatabaseAddress.FromEnvironment(Environment.GetEnvironmentVariable) : DatabaseAddress.Parse(DatabaseUri);
        return said is null
            ? await FindInEngineAsync(connection, cancellationToken).ConfigureAwait(false)
            : new ServerDatabase(said, Environment.GetEnvironmentVariable(ServerDatabase.KeyVariable) is { Length: > 0 } key ? key : connection.RevealEncryptionKey());
    }

    /// <summary>The same, or where none of them names one, Letta's own default.</summary>
    /// <param name="connection">The server.</param>
    /// <exception cref="LettaException">There is no default for a server on another machine.</exception>
    private protected async Task<ServerDatabase> FindDatabaseAsync(LettaConnection connection, CancellationToken cancellationToken) =>
        await FindNamedDatabaseAsync(connection, cancellationToken).ConfigureAwait(false)
            ?? new ServerDatabase(DatabaseAddress.Find(null, connection, Environment.GetEnvironmentVariable), null);

    private DatabaseAddress FindDatabase(LettaConnection connection)
    {
        ServerDatabase? found = null;
        RunToEnd(async cancellationToken => found = await FindDatabaseAsync(connection, cancellationToken).ConfigureAwait(false));
        return found!.Address;
    }

    /// <summary>The database of the container that serves a connection, at whatever port, published or not.</summary>
    /// <returns><see langword="null"/> where there is no such container, or no engine.</returns>
    private async Task<ServerDatabase?> FindInEngineAsync(LettaConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            // Not disposed of: the address may be used as long as the session lasts, and an engine holds nothing open between requests.
            var engine = AdapterLoadContext.Factory.OpenEngine();
            return await new ServerDatabaseFinder(engine).FindAsync(connection.BaseUri, cancellationToken).ConfigureAwait(false);
        }
        catch (LettaException e) when (e.IsEngineUnavailable)
        {
            await WriteVerboseAsync($"No container engine was asked for the database. {e.Message}").ConfigureAwait(false);
            return null;
        }
    }
}
