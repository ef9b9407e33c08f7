using System.Management.Automation;

namespace LettaPS.Paths;

/// <summary>Paths of the session that asks for completion.</summary>
internal static class CurrentPaths
{
    /// <summary>The full path of a file or folder, as the session's current location makes it.</summary>
    /// <param name="path">The path as it was typed.</param>
    public static string Resolve(string path)
    {
        // The runspace's own proxy refuses while a pipeline runs, and completion is one.
        using var powershell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        return (string)powershell.AddScript("$ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($args[0])", useLocalScope: true).AddArgument(path).Invoke()[0].BaseObject;
    }
}
