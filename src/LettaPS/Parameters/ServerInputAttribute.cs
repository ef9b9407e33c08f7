using System.Management.Automation;

namespace LettaPS.Parameters;

/// <summary>Takes servers only, as <c>Get-LettaServer</c> gives them. Without it PowerShell would make an empty one of any custom object of the pipeline.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ServerInputAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) => (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) switch
    {
        LettaServerInfo or object[] or LettaServerInfo[] => inputData,

        // The cause tells PowerShell to try the other parameters.
        _ => throw new ArgumentTransformationMetadataException($"'{inputData}' is not a server of Get-LettaServer.", new PSInvalidCastException()),
    };
}
