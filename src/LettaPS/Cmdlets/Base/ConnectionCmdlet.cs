using System.Management.Automation;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets.Base;

/// <summary>Base of the cmdlets that speak to Letta servers: the ones given, else this runspace's, else the one that the environment names.</summary>
public abstract class ConnectionCmdlet : AsyncCmdlet
{
    /// <summary>The servers, as <c>Connect-Letta -PassThru</c> gives them, or those that agents in the pipeline were read from. Without it the one of <c>Connect-Letta</c>, else <c>LETTA_BASE_URL</c> and
    /// <c>LETTA_API_KEY</c>, else <c>http://localhost:8283</c>.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [LiveConnection]
    [ValidateNotNullOrEmpty]
    public LettaConnection[]? Connection { get; set; }

    /// <summary>The servers to speak to.</summary>
    private protected virtual IReadOnlyList<LettaConnection> Connections => Connection ?? [RunspaceState.Current.Connection ?? FromEnvironment()];

    /// <summary>Whether somebody said which server is meant, so that Letta's default address is not just the last resort.</summary>
    private protected virtual bool ServerIsNamed => Connection is not null || RunspaceState.Current.Connection is not null || EnvironmentConnection.IsNamed;

    private LettaConnection FromEnvironment()
    {
        try
        {
            return EnvironmentConnection.Create();
        }
        catch (LettaException e)
        {
            ThrowTerminatingError(e.ToErrorRecord());
            throw;
        }
    }
}
