using System.Management.Automation;
using LettaPS.Core;
using LettaPS.Core.Connections;

namespace LettaPS.Hosting;

/// <summary>Base of the cmdlets that work on Letta's databases: the one given, else those of the servers, else the one that the environment names.</summary>
public abstract class DatabaseCmdlet : ConnectionCmdlet
{
    /// <summary>
    /// Address of the database: <c>postgresql://user:password@host:5432/database</c>, with any driver that Letta takes. Without it the connection's
    /// database, else <c>LETTA_PG_URI</c>, else for a server on this machine Letta's own default.
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
                ? [.. Connections.Select(c => DatabaseAddress.Find(null, c, Environment.GetEnvironmentVariable))]
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
}
