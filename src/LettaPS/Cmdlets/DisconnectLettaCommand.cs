using System.Management.Automation;
using LettaPS.Cmdlets.Base;

namespace LettaPS.Cmdlets;

/// <summary>Forgets the connection of this runspace, and with it the password. Nothing is told to the server: no connection is held open.</summary>
[Cmdlet(VerbsCommunications.Disconnect, "Letta")]
[OutputType(typeof(void))]
public sealed class DisconnectLettaCommand : PSCmdlet
{
    /// <inheritdoc/>
    protected override void EndProcessing() => RunspaceState.Current.Connection = null;
}
