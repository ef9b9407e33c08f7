using LettaPS.Core.Databases;
using LettaPS.Core.Databases.Dumps;
using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Databases.Swap;
using LettaPS.Core.Servers;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets.Base;

/// <summary>Base of the cmdlets that work on the databases of Letta servers in containers.</summary>
public abstract class ServerDatabaseCmdlet : ServerCmdlet
{
    /// <summary>
    /// The databases that were asked for. The first of these that there is: what the parameters name; the connection's database; the container that serves
    /// the connection; <c>LETTA_PG_URI</c>; if neither the session nor the environment names a server, the only one of the engine.
    /// </summary>
    /// <param name="names">Names of servers, with wildcards; <see langword="null"/> where none were given.</param>
    /// <param name="startTimeout">How long a server may take to answer after it was started.</param>
    private protected virtual async Task<IReadOnlyList<ServerDatabaseTarget>> FindTargetsAsync(string[]? names, TimeSpan startTimeout, CancellationToken cancellationToken)
    {
        if (InputObject is null && names is null && await FindConnectedAsync(startTimeout, cancellationToken).ConfigureAwait(false) is { } connected)
        {
            return [connected];
        }

        return [.. (await FindServersAsync(names, cancellationToken).ConfigureAwait(false)).Select(server => TargetOf(server, startTimeout))];
    }

    private protected ServerDatabaseTarget TargetOf(LettaServerInfo server, TimeSpan startTimeout) =>
        new(new ServerDatabaseHost(Engine, server.Id, AdapterLoadContext.Factory, Control, startTimeout, Progress.SetStatus), server.Database.Name, server);

    /// <summary>A database at an address, whose server is not known.</summary>
    private protected static ServerDatabaseTarget TargetOf(DatabaseAddress address) =>
        new(new AddressDatabaseHost(address, AdapterLoadContext.Factory), address.Database, null) { Address = address };

    /// <summary>The database that the session or the environment leads to; <see langword="null"/> where neither names one.</summary>
    /// <exception cref="LettaException"><c>ServerNotFound</c>: a server is named, and no container serves it. Another one is never taken in its place.</exception>
    private async Task<ServerDatabaseTarget?> FindConnectedAsync(TimeSpan startTimeout, CancellationToken cancellationToken)
    {
        var connection = RunspaceState.Current.Connection ?? (EnvironmentConnection.IsNamed ? EnvironmentConnection.Create() : null);
        var database = connection?.Database;
        var named = database ?? DatabaseAddress.FromEnvironment(Environment.GetEnvironmentVariable);
        if (connection is null && named is null)
        {
            return null;
        }

        var container = connection is null or { HasApi: true }
            ? await FindServingAsync((connection ?? EnvironmentConnection.Create()).BaseUri, startTimeout, isNeeded: named is null, cancellationToken).ConfigureAwait(false)
            : null;
        if (container is not null
            && (database is null || await ((ServerDatabaseHost)container.Host).IsAtAsync(database, cancellationToken).ConfigureAwait(false)))
        {
            return container;
        }

        return named is not null ? TargetOf(named) : throw new LettaException(
            ErrorIds.ServerNotFound,
            LettaErrorKind.NotFound,
            $"No container of the engine serves '{connection!.BaseUri}', and the connection has no database.",
            "Name the container, or the address of the database: -Name <container>, or -DatabaseUri postgresql://<user>:<password>@<host>:5432/<database>",
            connection.BaseUri);
    }

    private async Task<ServerDatabaseTarget?> FindServingAsync(Uri baseUri, TimeSpan startTimeout, bool isNeeded, CancellationToken cancellationToken)
    {
        try
        {
            var all = await Engine.ListAsync(cancellationToken).ConfigureAwait(false);
            return ServerDiscovery.FindServing(all, baseUri, Engine.Endpoint) is { } serving
                ? TargetOf(ServerDiscovery.Describe(serving, all, Engine.Endpoint), startTimeout)
                : null;
        }
        catch (LettaException e) when (!isNeeded && e.IsEngineUnavailable)
        {
            await WriteVerboseAsync($"No container engine was asked for the server. {e.Message}").ConfigureAwait(false);
            return null;
        }
    }

    /// <summary>The database with its server and its number of agents, as the user is asked about it.</summary>
    /// <param name="target">The database.</param>
    private protected async Task<string> DescribeAsync(ServerDatabaseTarget target, CancellationToken cancellationToken)
    {
        string agents;
        try
        {
            var site = await target.Host.OpenAsync(cancellationToken).ConfigureAwait(false);
            await using (site.ConfigureAwait(false))
            {
                agents = await CountAgentsAsync(site, target.Database, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (LettaException e) when (e.Kind != LettaErrorKind.Conflict)
        {
            // The question is asked all the same: what cannot be read may be what is to be replaced.
            await WriteVerboseAsync($"The agents could not be counted. {e.Message}").ConfigureAwait(false);
            agents = "an unknown number of agents";
        }

        return $"{target} with {agents}";
    }

    private static async Task<string> CountAgentsAsync(DatabaseSite site, string database, CancellationToken cancellationToken)
    {
        if ((await site.Cluster.ReadAsync(cancellationToken).ConfigureAwait(false)).Find(database) is null)
        {
            return "no agents, as it does not exist";
        }

        var view = await site.Cluster.ViewAsync(database, cancellationToken).ConfigureAwait(false);
        await using (view.ConfigureAwait(false))
        {
            return await view.CountAgentsAsync(cancellationToken).ConfigureAwait(false) is { } count ? count == 1 ? "1 agent" : $"{count:N0} agents" : "no tables of Letta";
        }
    }

    /// <summary>Runs work on each of the databases that were asked for; what fails with one is told, and the others are still worked on.</summary>
    /// <param name="names">Names of servers, with wildcards; <see langword="null"/> where none were given.</param>
    /// <param name="startTimeout">How long a server may take to answer after it was started.</param>
    /// <param name="work">What to do.</param>
    private protected void ForEachTarget(string[]? names, TimeSpan startTimeout, Func<ServerDatabaseTarget, CancellationToken, Task> work) => RunWithProgress(async cancellationToken =>
    {
        foreach (var target in await FindTargetsAsync(names, startTimeout, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                await work(target, cancellationToken).ConfigureAwait(false);
            }
            catch (LettaException e)
            {
                await WriteErrorAsync(e, (object?)target.Server ?? target.Database).ConfigureAwait(false);
            }
        }
    });

    /// <summary>Takes a dump.</summary>
    /// <param name="target">The database.</param>
    /// <param name="path">The file to write.</param>
    /// <param name="format">Its form.</param>
    /// <param name="force">Replace what is there, and take it even if much is gone.</param>
    private protected async Task<LettaDatabaseBackup> DumpAsync(ServerDatabaseTarget target, string path, DumpFormat format, bool force, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Progress.SetStatus($"dumping {target.Database}");
        var ownership = new DatabaseOwnership(target.Host, target.Database);
        await using (ownership.ConfigureAwait(false))
        {
            // A dump of a database that another run is about to replace would be of either.
            await ownership.OpenAsync(cancellationToken).ConfigureAwait(false);
            var request = new DumpRequest(path, target.Database, format, force, ToolIdentity.WithVersion, target.Server?.Name, target.Server?.Image);
            return await new DatabaseDump(ownership.Site!, TimeProvider.System).TakeAsync(request, Progress.AddBytes, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The refusal to go on without a dump.</summary>
    /// <param name="message">Why one is needed.</param>
    /// <param name="action">What to give.</param>
    /// <param name="target">The database.</param>
    private protected static LettaException BackupRequired(string message, string action, ServerDatabaseTarget target) =>
        new(ErrorIds.BackupRequired, LettaErrorKind.Refused, message, action, target.Database);

    /// <summary>Says each step in the verbose stream and in the progress bar.</summary>
    /// <param name="target">The database.</param>
    private protected Action<SwapStep> StepsOf(ServerDatabaseTarget target) => step =>
    {
        var words = step switch
        {
            SwapStep.Discard => "removing what an earlier run left unfinished",
            SwapStep.Make => "making the new database beside the old one",
            SwapStep.Publish => "naming the new database",
            SwapStep.Claim => "taking over what an interrupted run left",
            SwapStep.StopServers => "stopping Letta",
            SwapStep.Fill => "filling the new database",
            SwapStep.Swap => "swapping the databases",
            SwapStep.StartServers => "starting Letta",
            SwapStep.RemoveOld => "removing the old database",
            _ => "finishing",
        };
        Progress.SetStatus(words);
        TryPost(() => WriteVerbose($"{target.Database}: {words}."));
    };
}

/// <summary>A database to work on.</summary>
/// <param name="Host">The servers that use it, and the way to it.</param>
/// <param name="Database">Its name.</param>
/// <param name="Server">The server that was asked for; <see langword="null"/> where an address was.</param>
internal sealed record ServerDatabaseTarget(IDatabaseHost Host, string Database, LettaServerInfo? Server)
{
    /// <summary>Where it is; <see langword="null"/> where the server is known.</summary>
    public DatabaseAddress? Address { get; init; }

    /// <summary>The database and the server, as the user is asked about it.</summary>
    public override string ToString() => Server is null ? $"database '{Database}' at {Address}" : $"database '{Database}' of server '{Server.Name}'";
}
