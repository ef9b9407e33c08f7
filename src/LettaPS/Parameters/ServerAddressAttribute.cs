using System.Management.Automation;
using LettaPS.Core.Secrets;

namespace LettaPS.Parameters;

/// <summary>
/// Reads the address of a server as users type it: <c>host</c>, <c>host:8283</c>, <c>http://host:8283</c>. PowerShell's own conversion would refuse some of them
/// and repeat a password in its error message.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ServerAddressAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (value is not string { Length: > 0 } text)
        {
            return inputData;
        }

        return Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out var uri)
            ? uri
            : throw new ArgumentTransformationMetadataException($"'{SecretText.MaskAddress(text)}' is not the address of a Letta server. Specify an address like http://localhost:8283.");
    }
}
