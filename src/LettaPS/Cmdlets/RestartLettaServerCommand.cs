using System.Management.Automation;
using LettaPS.Cmdlets.Base;

namespace LettaPS.Cmdlets;

/// <summary>Stops and starts Letta servers in containers; their neighbours in the compose file are left alone. One that does not run is started.</summary>
[Cmdlet(VerbsLifecycle.Restart, "LettaServer", DefaultParameterSetName = ByName, SupportsShouldProcess = true)]
[OutputType(typeof(LettaServerInfo))]
public sealed class RestartLettaServerCommand : ServerStateCmdlet
{
    /// <summary>Wait until the server answers <c>/v1/health/</c> and then a read that touches its database. On failure the error says what its log means.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>How long to wait, in seconds, 1 to 86400; 180 where not given.</summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int TimeoutSec { get; set; } = DefaultTimeoutSec;

    private protected override string Activity => "Restarting Letta";

    private protected override string Verb => "Restart";

    private protected override async Task<string?> ChangeAsync(LettaServerInfo server, CancellationToken cancellationToken)
    {
        Progress.SetStatus($"waiting for {server.Name} to end");
        try
        {
            await Control.StopAsync(server.Id, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // Interrupted or not: whoever asks for a restart never wants a server that stays stopped.
            await Control.StartAsync(server.Id, CancellationToken.None).ConfigureAwait(false);
        }

        return await StartAsync(server, Wait ? TimeSpan.FromSeconds(TimeoutSec) : null, cancellationToken).ConfigureAwait(false);
    }
}
