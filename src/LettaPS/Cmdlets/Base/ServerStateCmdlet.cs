using System.Management.Automation;
using LettaPS.Completion;
using LettaPS.Core.Servers;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets.Base;

/// <summary>Base of the cmdlets that start and stop servers.</summary>
public abstract class ServerStateCmdlet : ServerCmdlet
{
    /// <summary>Names of containers or compose services; with wildcards. Not needed where there is one server only.</summary>
    [Parameter(Position = 0, ParameterSetName = ByName, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    public string[]? Name { get; set; }

    /// <summary>Give the server as it is afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>The word for the change, as it is asked for with <c>-Confirm</c>.</summary>
    private protected abstract string Verb { get; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => RunWithProgress(async cancellationToken =>
    {
        foreach (var server in await FindServersAsync(Name, cancellationToken).ConfigureAwait(false))
        {
            if (!await ShouldProcessAsync(server.ToString(), Verb).ConfigureAwait(false))
            {
                continue;
            }

            try
            {
                var version = await ChangeAsync(server, cancellationToken).ConfigureAwait(false);
                if (PassThru)
                {
                    var all = await Engine.ListAsync(cancellationToken).ConfigureAwait(false);
                    await WriteObjectAsync(ServerDiscovery.Describe(all.First(c => c.Id == server.Id), all, Engine.Endpoint) with { ReportedVersion = version }).ConfigureAwait(false);
                }
            }
            catch (LettaException e)
            {
                await WriteErrorAsync(e, server).ConfigureAwait(false);
            }
        }
    });

    /// <summary>Starts or stops a server.</summary>
    /// <param name="server">The server.</param>
    /// <returns>The version that the server told; <see langword="null"/> where it was not waited for.</returns>
    private protected abstract Task<string?> ChangeAsync(LettaServerInfo server, CancellationToken cancellationToken);

    /// <summary>Starts a server, and waits where that was asked for.</summary>
    /// <param name="server">The server.</param>
    /// <param name="wait">How long to wait until it answers; <see langword="null"/> for not at all.</param>
    /// <returns>The version that it told; <see langword="null"/> where it was not waited for.</returns>
    private protected async Task<string?> StartAsync(LettaServerInfo server, TimeSpan? wait, CancellationToken cancellationToken)
    {
        if (server.Database is { Kind: LettaDatabaseKind.Container, Container: { } database }
            && await Engine.InspectAsync(database, cancellationToken).ConfigureAwait(false) is { IsRunning: false } stopped)
        {
            await WriteWarningAsync($"The container '{database}', which runs the database of '{server.Name}', is not running. {stopped.StartAdvice}").ConfigureAwait(false);
        }

        await Control.StartAsync(server.Id, cancellationToken).ConfigureAwait(false);
        if (wait is not { } limit)
        {
            return null;
        }

        var version = await Control.WaitAsync(server.Id, limit, reason => Progress.SetStatus($"waiting for {server.Name}: {reason}"), cancellationToken).ConfigureAwait(false);
        await WriteVerboseAsync($"{server.Name} answers as Letta {version}.").ConfigureAwait(false);
        return version;
    }
}
