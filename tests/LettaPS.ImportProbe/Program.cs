// Imports modules one after another in a fresh process and prints how long each took, in milliseconds. The benchmarks publish it compiled ahead of time, since
// PowerShell ships its own assemblies so and their package does not: an import would otherwise be spent in the compiler.
using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Runspaces;

using var runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());
runspace.Open();
foreach (var path in args)
{
    using var powershell = PowerShell.Create();
    powershell.Runspace = runspace;
    powershell.AddCommand("Import-Module").AddParameter("Name", path);
    var begun = Stopwatch.GetTimestamp();
    powershell.Invoke();
    var time = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
    if (powershell.HadErrors)
    {
        throw powershell.Streams.Error[0].Exception;
    }

    Console.WriteLine(time.ToString(CultureInfo.InvariantCulture));
}
