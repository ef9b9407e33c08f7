using System.Management.Automation;
using LettaPS.Core.Connections;
using LettaPS.Hosting;

namespace LettaPS.Commands;

/// <summary>Gets the connection that <c>Connect-Letta</c> made the default of this runspace; nothing where there is none.</summary>
[Cmdlet(VerbsCommon.Get, "LettaConnection")]
[OutputType(typeof(LettaConnection))]
public sealed class GetLettaConnectionCommand : PSCmdlet
{
    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (RunspaceState.Current.Connection is { } connection)
        {
            WriteObject(connection);
        }
    }
}
