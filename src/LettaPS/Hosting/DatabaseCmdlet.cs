using System.Management.Automation;
using LettaPS.Core;
using LettaPS.Core.Connections;
using LettaPS.Core.Databases;

namespace LettaPS.Hosting;

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

    private DatabaseAddress FindDatabase(LettaConnection connection)
    {
        var said = connection.Database is not null || DatabaseAddress.FromEnvironment(Environment.GetEnvironmentVariable) is not null;
        return (said ? null : FindInEngine(connection)) ?? DatabaseAddress.Find(null, connection, Environment.GetEnvironmentVariable);
    }

    /// <summary>The database of the container that serves a connection, at whatever port, published or not.</summary>
    /// <returns><see langword="null"/> where there is no such container, or no engine.</returns>
    private DatabaseAddress? FindInEngine(LettaConnection connection)
    {
        DatabaseAddress? found = null;
        RunToEnd(async cancel =>
        {
            try
            {
                // Not disposed of: the address may be used as long as the session lasts, and an engine holds nothing open between requests.
                var engine = AdapterContext.Door.OpenEngine();
                found = await new ServerDatabaseFinder(engine).FindAsync(connection.BaseUri, cancel).ConfigureAwait(false);
            }
            catch (LettaException e) when (e.ErrorId is "EngineUnreachable" or "EngineAccessDenied" or "EngineConfigurationInvalid")
            {
                await WriteVerboseAsync($"No container engine was asked for the database. {e.Message}").ConfigureAwait(false);
            }
        });
        return found;
    }
}
