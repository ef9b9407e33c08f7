using System.Management.Automation;
using LettaPS.Async;
using LettaPS.Core;
using LettaPS.Core.Connections;
using LettaPS.Hosting;

namespace LettaPS.Commands;

/// <summary>Base of the cmdlets that work on Letta's database: where it is.</summary>
public abstract class DatabaseCmdlet : AsyncCmdlet
{
    /// <summary>
    /// Address of the database: postgresql://user:password@host:5432/database, with any driver that Letta takes. Where it is not given: the
    /// connection's database, LETTA_PG_URI, and for a server on this machine Letta's own default.
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
            var address = DatabaseAddress.Find(DatabaseUri, Connection ?? RunspaceState.Current.Connection, Environment.GetEnvironmentVariable);
            WriteVerbose($"Database: {address}");
            return address;
        }
        catch (LettaException e)
        {
            ThrowTerminatingError(e.ToErrorRecord());
            throw;
        }
    }
}
