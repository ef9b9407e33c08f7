using System.Reflection;

namespace LettaPS.Cmdlets.Base;

/// <summary>How this module signs what it writes.</summary>
internal static class ToolIdentity
{
    /// <summary>Name and version: <c>LettaPS 1.2.3</c>.</summary>
    public static string WithVersion { get; } =
        "LettaPS " + typeof(ToolIdentity).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
