using LettaPS.Core.Databases;
using LettaPS.Core.Databases.Dumps;
using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Databases.Swap;

namespace LettaPS.Cmdlets.Base;

/// <summary>Base of the cmdlets that work on the databases of Letta servers in containers.</summary>
public abstract class ServerDatabaseCmdlet : ServerCmdlet
{
    /// <summary>The databases that were asked for.</summary>
    /// <param name="names">Names of servers, with wildcards; <see langword="null"/> where none were given.</param>
    /// <param name="startTimeout">How long a server may take to answer after it was started.</param>
    private protected virtual async Task<IReadOnlyList<ServerDatabaseTarget>> FindTargetsAsync(string[]? names, TimeSpan startTimeout, CancellationToken cancellationToken)
    {
        var targets = new List<ServerDatabaseTarget>();
        foreach (var server in await FindServersAsync(names, cancellationToken).ConfigureAwait(false))
        {
            var host = new ServerDatabaseHost(Engine, server.Id, AdapterLoadContext.Factory, Control, startTimeout, Progress.SetStatus);
            targets.Add(new ServerDatabaseTarget(host, server.Database.Name, server));
        }

        return targets;
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
        new("BackupRequired", LettaErrorKind.Refused, message, action, target.Database);

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
    /// <summary>The database and the server, as the user is asked about it.</summary>
    public override string ToString() => Server is null ? $"database {Database}" : $"database {Database} of {Server.Name}";
}
