using System.Management.Automation;
using LettaPS.Completion;

namespace LettaPS.Cmdlets.Base;

/// <summary>Base of the cmdlets that work on whole databases: of a Letta server in a container, or at an address.</summary>
public abstract class WholeDatabaseCmdlet : ServerDatabaseCmdlet
{
    private protected const string ByDatabaseUri = "DatabaseUri";

    /// <summary>
    /// Name of the server's container or compose service. Without it the database of the connection, else the container that serves the connection, else
    /// <c>LETTA_PG_URI</c>; and if no server was named at all, the only one of the engine.
    /// </summary>
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

        return Task.FromResult<IReadOnlyList<ServerDatabaseTarget>>([TargetOf(DatabaseAddress.Parse(DatabaseUri))]);
    }

    /// <inheritdoc cref="ServerDatabaseCmdlet.ForEachTarget"/>
    private protected void ForEachTarget(TimeSpan startTimeout, Func<ServerDatabaseTarget, CancellationToken, Task> work) =>
        ForEachTarget(Name is null ? null : [Name], startTimeout, work);

    /// <summary>Names the servers that an interrupted run had stopped and that this one could not start.</summary>
    /// <param name="target">The database that was replaced.</param>
    /// <param name="done">What was done.</param>
    private protected async Task WarnOfStoppedServersAsync(ServerDatabaseTarget target, LettaDatabaseReplacement done)
    {
        if (done.StoppedServers.Count > 0)
        {
            await WriteWarningAsync(
                $"An interrupted run had stopped these servers, which could not be started from here: {string.Join(", ", done.StoppedServers)}. Start them: {target.Host.EngineCommand} start {string.Join(' ', done.StoppedServers)}").ConfigureAwait(false);
        }
    }
}
