using System.Management.Automation;
using LettaPS.Completion;
using LettaPS.Core.Databases.Hosts;

namespace LettaPS.Cmdlets.Base;

/// <summary>Base of the cmdlets that work on whole databases: of a Letta server in a container, or at an address.</summary>
public abstract class WholeDatabaseCmdlet : ServerDatabaseCmdlet
{
    private protected const string ByDatabaseUri = "DatabaseUri";

    /// <summary>Name of the server's container or compose service. Not needed where there is one server only.</summary>
    [Parameter(ParameterSetName = ByName, ValueFromPipelineByPropertyName = true)]
    [Alias("Server")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    public string? Name { get; set; }

    /// <summary>
    /// Address of a database that no container of this engine runs, as Letta takes it: <c>postgresql://user:password@host:5432/database</c>. Needs
    /// PostgreSQL's client programs on this machine, of the server's version or newer, and no Letta server is stopped.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = ByDatabaseUri)]
    [ValidateNotNullOrEmpty]
    public string? DatabaseUri { get; set; }

    /// <inheritdoc/>
    private protected override Task<IReadOnlyList<ServerDatabaseTarget>> FindTargetsAsync(string[]? names, TimeSpan startTimeout, CancellationToken cancellationToken)
    {
        if (DatabaseUri is null)
        {
            return base.FindTargetsAsync(names, startTimeout, cancellationToken);
        }

        var address = DatabaseAddress.Parse(DatabaseUri);
        return Task.FromResult<IReadOnlyList<ServerDatabaseTarget>>([new ServerDatabaseTarget(new AddressDatabaseHost(address, AdapterLoadContext.Factory), address.Database, null)]);
    }

    /// <inheritdoc cref="ServerDatabaseCmdlet.ForEachTarget"/>
    private protected void ForEachTarget(TimeSpan startTimeout, Func<ServerDatabaseTarget, CancellationToken, Task> work) =>
        ForEachTarget(Name is null ? null : [Name], startTimeout, work);
}
