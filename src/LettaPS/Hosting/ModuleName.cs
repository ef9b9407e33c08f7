using System.Reflection;

namespace LettaPS.Hosting;

/// <summary>How this module signs what it writes.</summary>
internal static class ModuleName
{
    /// <summary>Name and version: <c>LettaPS 1.2.3</c>.</summary>
    public static string WithVersion { get; } =
        "LettaPS " + typeof(ModuleName).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
