using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Connections;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets;

/// <summary>Forgets connections that <c>Save-LettaConnection</c> keeps. The server and the place of its password are left alone.</summary>
[Cmdlet(VerbsCommon.Remove, "LettaConnection", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class RemoveLettaConnectionCommand : AsyncCmdlet
{
    /// <summary>Names of saved connections, with wildcards. A name without wildcards that none has is an error.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [SupportsWildcards]
    [ValidateWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var store = ConnectionStore.OfUser;
        try
        {
            SavedConnections.Find(store, Name!, Remove, (e, name) => WriteError(e.ToErrorRecord(name)));
        }
        catch (LettaException e)
        {
            ThrowTerminatingError(e.ToErrorRecord());
        }

        void Remove(LettaSavedConnection connection)
        {
            if (ShouldProcess(connection.ToString(), "Remove saved connection"))
            {
                store.Remove(connection.Name);
            }
        }
    }
}
