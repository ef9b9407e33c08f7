using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Connections;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets;

/// <summary>
/// Gets the connection that <c>Connect-Letta</c> made the default of this runspace, nothing where there is none; or the connections that were saved.
/// </summary>
[Cmdlet(VerbsCommon.Get, "LettaConnection", DefaultParameterSetName = Current)]
[OutputType(typeof(LettaConnection), ParameterSetName = [Current])]
[OutputType(typeof(LettaSavedConnection), ParameterSetName = [ByName, All])]
public sealed class GetLettaConnectionCommand : PSCmdlet
{
    private const string Current = "Current";
    private const string ByName = "Name";
    private const string All = "ListSaved";

    /// <summary>Names of saved connections, with wildcards. A name without wildcards that none has is an error.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [SupportsWildcards]
    [ValidateWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Name { get; set; }

    /// <summary>All saved connections.</summary>
    [Parameter(Mandatory = true, ParameterSetName = All)]
    public SwitchParameter ListSaved { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        try
        {
            if (Name is not null || ListSaved)
            {
                SavedConnections.Find(ConnectionStore.OfUser, Name ?? ["*"], WriteObject, (e, name) => WriteError(e.ToErrorRecord(name)));
            }
            else if (RunspaceState.Current.Connection is { } connection)
            {
                WriteObject(connection);
            }
        }
        catch (LettaException e)
        {
            ThrowTerminatingError(e.ToErrorRecord());
        }
    }
}
