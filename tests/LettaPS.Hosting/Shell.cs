using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;

namespace LettaPS.Hosting;

/// <summary>
/// A real PowerShell runspace with the built module imported. Microsoft.PowerShell.SDK hosts it, with all modules of PowerShell.
/// </summary>
public sealed class Shell : IDisposable
{
    private readonly Runspace _runspace;

    /// <summary>Opens the runspace: about a second for the first of a process, 20 ms for each further one.</summary>
    /// <param name="width">Columns of the console.</param>
    public Shell(int width = 120)
    {
        Host = new CapturingHost(width);
        var state = InitialSessionState.CreateDefault2();
        state.ImportPSModule([ModuleManifest]);

        _runspace = RunspaceFactory.CreateRunspace(Host, state);
        _runspace.Open();
    }

    /// <summary>The manifest of the module that the build laid out.</summary>
    public static string ModuleManifest { get; } = typeof(Shell).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "ModuleManifest").Value!;

    public CapturingHost Host { get; }

    public CapturedConsole Console => Host.Console;

    /// <summary>Runs a script and gives its objects and errors, also those that ended a statement; what ends the script itself is thrown.</summary>
    public ShellResult Run(string script, params object?[] arguments)
    {
        using var powershell = Create(script);
        foreach (var argument in arguments)
        {
            powershell.AddArgument(argument);
        }

        // The streams are empty once the pipeline is disposed.
        var output = powershell.Invoke();
        return new ShellResult([.. output], [.. powershell.Streams.Error]);
    }

    /// <summary>Runs a script as a console does: output is formatted and shown, and so are errors.</summary>
    /// <returns>Whether it ran without error.</returns>
    public bool Show(string script)
    {
        using var powershell = Create(script);
        powershell.AddCommand("Out-Default");
        powershell.Streams.Error.DataAdded += (_, e) => Show(powershell.Streams.Error[e.Index]);
        try
        {
            powershell.Invoke();
        }
        catch (RuntimeException e)
        {
            Show(e.ErrorRecord);
            return false;
        }

        return !powershell.HadErrors;
    }

    private void Show(ErrorRecord error)
    {
        var command = error.InvocationInfo?.MyCommand?.Name;
        Console.WriteErrorLine(command is null ? $"{error}" : $"{command}: {error}");
        if (error.ErrorDetails?.RecommendedAction is { Length: > 0 } advice)
        {
            // As PowerShell's own view of errors does from 7.5 on.
            Console.WriteErrorLine($"  Recommendation: {advice}");
        }
    }

    /// <summary>A script of this runspace that is not yet started, for tests that stop it.</summary>
    public PowerShell Create(string script)
    {
        var powershell = PowerShell.Create();
        powershell.Runspace = _runspace;
        powershell.AddScript(script);
        return powershell;
    }

    public void Dispose() => _runspace.Dispose();
}

/// <summary>What a script gave.</summary>
public sealed record ShellResult(IReadOnlyList<PSObject> Output, IReadOnlyList<ErrorRecord> Errors)
{
    /// <summary>The objects, or the first error as an exception.</summary>
    public IReadOnlyList<PSObject> Succeed() => Errors.Count == 0
        ? Output
        : throw new InvalidOperationException($"{Errors[0].FullyQualifiedErrorId}: {Errors[0]}", Errors[0].Exception);
}
