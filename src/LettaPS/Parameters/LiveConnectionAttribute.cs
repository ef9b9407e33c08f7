using System.Management.Automation;

namespace LettaPS.Parameters;

/// <summary>
/// Refuses what is left of a connection in an object that was read from a file or came from another session: such an object has lost its server, and another server
/// must not take its place unnoticed. Anything else is left to PowerShell.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class LiveConnectionAttribute : ArgumentTransformationAttribute
{
    private static readonly string s_deserialized = $"Deserialized.{typeof(LettaConnection).FullName}";

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) => inputData switch
    {
        PSObject { BaseObject: string text } => Check(text),
        PSObject wrapped when wrapped.TypeNames.Contains(s_deserialized) => throw Lost(wrapped.Properties["BaseUri"]?.Value as string ?? $"{wrapped.Properties["BaseUri"]?.Value}"),
        string text => Check(text),
        _ => inputData,
    };

    /// <summary>What serializing makes of a connection begins with its address; other texts, such as names of agents, are not meant.</summary>
    private static string Check(string text) => Uri.TryCreate(text.Split(' ')[0], UriKind.Absolute, out var address) && address.Host.Length > 0
        ? throw Lost(address.ToString())
        : text;

    private static ArgumentTransformationMetadataException Lost(string address) => new(
        $"The connection to '{address}' is not live: the object was read from a file or came from another session. Connect again and specify the connection: -Connection (Connect-Letta '{address}' -PassThru)");
}
