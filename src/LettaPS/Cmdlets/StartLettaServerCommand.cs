using System.Management.Automation;
using LettaPS.Cmdlets.Base;

namespace LettaPS.Cmdlets;

/// <summary>Starts Letta servers in containers, and lets paused ones go on; their neighbours in the compose file are left alone. Nothing happens to one that runs.</summary>
[Cmdlet(VerbsLifecycle.Start, "LettaServer", DefaultParameterSetName = ByName, SupportsShouldProcess = true)]
[OutputType(typeof(LettaServerInfo))]
public sealed class StartLettaServerCommand : ServerStateCmdlet
{
    /// <summary>Wait until the server answers <c>/v1/health/</c> and then a read that touches its database. On failure the error says what its log means.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>How long to wait, in seconds, 1 to 86400; 180 where not given. The first start of a new release migrates the database, which may take minutes.</summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int TimeoutSec { get; set; } = DefaultTimeoutSec;

    private protected override string Activity => "Starting Letta";

    private protected override string Verb => "Start";

    private protected override Task<string?> ChangeAsync(LettaServerInfo server, CancellationToken cancellationToken) =>
        StartAsync(server, Wait ? TimeSpan.FromSeconds(TimeoutSec) : null, cancellationToken);
}
