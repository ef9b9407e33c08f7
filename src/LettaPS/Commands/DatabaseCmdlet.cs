using System.Management.Automation;
using LettaPS.Async;
using LettaPS.Core;
using LettaPS.Core.Connections;
using LettaPS.Core.Databases;
using LettaPS.Hosting;

namespace LettaPS.Commands;

/// <summary>Base of the cmdlets that work on Letta's database: where it is.</summary>
public abstract class DatabaseCmdlet : AsyncCmdlet
{
    /// <summary>
    /// Address of the database: postgresql://user:password@host:5432/database, with any driver that Letta takes. Where it is not given: the
    /// connection's database, LETTA_PG_URI, the database of the container that serves the connection (through the engine where its port is not
    /// published), and for a server on this machine Letta's own default.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? DatabaseUri { get; set; }

    /// <summary>The server whose database it is; where it is not given, the one that Connect-Letta set.</summary>
    [Parameter(ValueFromPipeline = true)]
    [ValidateNotNull]
    public LettaConnection? Connection { get; set; }

    /// <summary>The database that the parameters and the session lead to.</summary>
    private protected DatabaseAddress FindDatabase()
    {
        try
        {
            var connection = Connection ?? RunspaceState.Current.Connection;
            var said = DatabaseUri is not null || connection?.Database is not null || DatabaseAddress.FromEnvironment(Environment.GetEnvironmentVariable) is not null;
            var address = (said ? null : FindInEngine(connection)) ?? DatabaseAddress.Find(DatabaseUri, connection, Environment.GetEnvironmentVariable);
            WriteVerbose($"Database: {address}");
            return address;
        }
        catch (LettaException e)
        {
            ThrowTerminatingError(e.ToErrorRecord());
            throw;
        }
    }

    /// <summary>The database of the container that serves the connection, at whatever port, published or not.</summary>
    /// <returns><see langword="null"/> where there is no such container, or no engine.</returns>
    private DatabaseAddress? FindInEngine(LettaConnection? connection)
    {
        DatabaseAddress? found = null;
        RunToEnd(async cancel =>
        {
            try
            {
                // Not disposed of: the address may be used as long as the session lasts, and an engine holds nothing open between requests.
                var engine = AdapterContext.Door.OpenEngine();
                found = await new ServerDatabaseFinder(engine).FindAsync(connection?.BaseUri ?? EnvironmentConnection.BaseUri, cancel).ConfigureAwait(false);
            }
            catch (LettaException e) when (e.ErrorId is "EngineUnreachable" or "EngineAccessDenied" or "EngineConfigurationInvalid")
            {
                await WriteVerboseAsync($"No container engine was asked for the database. {e.Message}").ConfigureAwait(false);
            }
        });
        return found;
    }
}
