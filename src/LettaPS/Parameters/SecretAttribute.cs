using System.Management.Automation;

namespace LettaPS.Parameters;

/// <summary>Refuses a password in clear, with the way to give it; PowerShell itself would only say that it cannot convert. A table's empty column is no password.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SecretAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object inputData) => (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) switch
    {
        PSCredential credential => credential.Password,
        string { Length: 0 } => null,
        string => throw new ArgumentTransformationMetadataException(
            "A password is given as a secure string (Read-Host -AsSecureString) or, in a table of servers, as the name of an environment variable in the column KeyVariable."),
        var other => other,
    };
}
