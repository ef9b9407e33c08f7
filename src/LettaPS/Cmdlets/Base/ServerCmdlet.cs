using System.Management.Automation;
using LettaPS.Core.Servers;

namespace LettaPS.Cmdlets.Base;

/// <summary>Base of the cmdlets that work on Letta servers in containers.</summary>
public abstract class ServerCmdlet : AsyncCmdlet
{
    private protected const string ByName = "Name";
    private protected const string ByInputObject = "InputObject";

    private protected const int DefaultTimeoutSec = 180;

    private IContainerEngine? _engine;
    private ProgressBar? _progress;

    /// <summary>Servers, as <c>Get-LettaServer</c> gives them.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByInputObject)]
    [ValidateNotNullOrEmpty]
    public LettaServerInfo[]? InputObject { get; set; }

    /// <summary>The engine that the docker command would use.</summary>
    private protected IContainerEngine Engine => _engine ??= AdapterLoadContext.Factory.OpenEngine();

    /// <summary>Starts and stops servers.</summary>
    private protected ServerControl Control => new(Engine, (connection, warn) => AdapterLoadContext.Factory.OpenServer(connection, warn: warn, retrying: WriteRetryAsync), TimeProvider.System);

    /// <summary>Whether a name without wildcards must mean one server: where something is done to it.</summary>
    private protected virtual bool OneForAName => true;

    /// <summary>Whether App Servers of Letta Code are looked for too: where they are only shown.</summary>
    private protected virtual bool WithAppServers => false;

    /// <summary>What is shown while it takes its time.</summary>
    private protected ProgressBar Progress => _progress ??= NewProgress(Activity);

    /// <summary>What the progress bar says is being done.</summary>
    private protected abstract string Activity { get; }

    /// <summary>The servers that were asked for: given as objects, else by name, else the only one there is.</summary>
    /// <param name="names">Names of containers or compose services, with wildcards; <see langword="null"/> where none were given.</param>
    /// <exception cref="LettaException"><c>ServerNotFound</c>, <c>ServerAmbiguous</c>.</exception>
    private protected async Task<IReadOnlyList<LettaServerInfo>> FindServersAsync(string[]? names, CancellationToken cancellationToken)
    {
        if (InputObject is not null)
        {
            foreach (var server in InputObject.Where(s => s.Product == LettaServerProduct.AppServer && !WithAppServers))
            {
                await WriteErrorAsync(
                    new LettaException(
                        ErrorIds.AppServerNotSupported,
                        LettaErrorKind.Refused,
                        $"'{server.Name}' is an App Server of Letta Code, or its client, not a V1 server. LettaPS does not change it.",
                        "Choose a V1 server: Get-LettaServer | Where-Object Product -NE AppServer",
                        server.Name),
                    server.Name).ConfigureAwait(false);
            }

            return [.. InputObject.Where(s => s.Product != LettaServerProduct.AppServer || WithAppServers)];
        }

        var all = await Engine.ListAsync(cancellationToken).ConfigureAwait(false);
        var servers = new List<LettaServerInfo>();
        foreach (var container in all.Where(c => ServerDiscovery.IsServer(c) || (WithAppServers && ServerDiscovery.IsAppServer(c))))
        {
            try
            {
                servers.Add(ServerDiscovery.Describe(container, all, Engine.Endpoint));
            }
            catch (LettaException e)
            {
                // Its LETTA_PG_URI is no address: it does not run, and the others still do.
                await WriteErrorAsync(e, container.Name).ConfigureAwait(false);
            }
        }

        if (names is null)
        {
            return servers switch
            {
                [] => throw NotFound("The engine has no container of a Letta server."),
                [_] => servers,
                _ => throw Several("There are several Letta servers", servers),
            };
        }

        var found = new List<LettaServerInfo>();
        foreach (var name in names)
        {
            var pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
            var matching = servers.Where(s => pattern.IsMatch(s.Name) || (s.Service is not null && pattern.IsMatch(s.Service))).ToList();
            if (matching.Count == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
            {
                await WriteErrorAsync(NotFound($"There is no Letta server '{name}'."), name).ConfigureAwait(false);
            }

            // Every project may have a service of the same name: what is meant for one must not be done to all.
            if (matching.Count > 1 && OneForAName && !WildcardPattern.ContainsWildcardCharacters(name))
            {
                matching = matching.FindAll(s => string.Equals(s.Name, name, StringComparison.OrdinalIgnoreCase)) is [var named]
                    ? [named]
                    : throw Several($"Several Letta servers are called '{name}'", matching);
            }

            found.AddRange(matching.Except(found));
        }

        return found;
    }

    /// <summary>Runs work to its end under the progress bar.</summary>
    private protected void RunWithProgress(Func<CancellationToken, Task> work) => RunToEnd(Progress, work);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _engine?.Dispose();
        }
    }

    private static LettaException Several(string what, IEnumerable<LettaServerInfo> servers) => new(
        ErrorIds.ServerAmbiguous, LettaErrorKind.InvalidInput, $"{what}: {string.Join(", ", servers.Select(s => s.Name))}.", "Name the container: -Name <container>");

    private static LettaException NotFound(string message) => new(
        ErrorIds.ServerNotFound, LettaErrorKind.NotFound, message, "List the servers of the engine that DOCKER_HOST or the context names: Get-LettaServer");
}
