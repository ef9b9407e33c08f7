using System.Runtime.CompilerServices;

namespace LettaPS.Module.Tests;

/// <summary>The configuration folder of this process: no test reads or writes that of whoever runs it.</summary>
internal static class UserFolder
{
    public static string Path { get; } = Directory.CreateTempSubdirectory("lettaps-config-").FullName;

    public static string Connections => System.IO.Path.Combine(Path, "letta-ps", "connections.json");

    [ModuleInitializer]
    internal static void Use()
    {
        Environment.SetEnvironmentVariable("XDG_CONFIG_HOME", Path);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Path, recursive: true);
    }
}
