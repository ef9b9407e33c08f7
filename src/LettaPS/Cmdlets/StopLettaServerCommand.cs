using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Core.Servers;

namespace LettaPS.Cmdlets;

/// <summary>
/// Stops Letta servers in containers and waits until they have ended; their neighbours in the compose file are left alone. Nothing happens to one that does
/// not run.
/// </summary>
[Cmdlet(VerbsLifecycle.Stop, "LettaServer", DefaultParameterSetName = ByName, SupportsShouldProcess = true)]
[OutputType(typeof(LettaServerInfo))]
public sealed class StopLettaServerCommand : ServerStateCmdlet
{
    /// <summary>How long the server may take to end before it is killed, in seconds, 1 to 86400; 30 where not given.</summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int TimeoutSec { get; set; } = (int)ServerControl.StopGrace.TotalSeconds;

    private protected override string Activity => "Stopping Letta";

    private protected override string Verb => "Stop";

    private protected override async Task<string?> ChangeAsync(LettaServerInfo server, CancellationToken cancellationToken)
    {
        Progress.SetStatus($"waiting for {server.Name} to end");
        await Engine.StopAsync(server.Id, TimeSpan.FromSeconds(TimeoutSec), cancellationToken).ConfigureAwait(false);
        return null;
    }
}
