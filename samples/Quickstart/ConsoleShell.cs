using LettaPS.Hosting;

namespace Quickstart;

/// <summary>A PowerShell console: shows each command as it is typed, then its formatted output, warnings and errors.</summary>
internal sealed class ConsoleShell : IDisposable
{
    private readonly Shell _shell = new(width: Console.IsOutputRedirected ? 160 : Math.Max(80, Console.WindowWidth));
    private int _shown;
    private int _erred;
    private int _warned;

    /// <summary>Runs a command.</summary>
    /// <returns>Whether it ran without error.</returns>
    public bool Type(string command)
    {
        Console.WriteLine($"PS> {command}");
        var succeeded = _shell.Show(command);
        var text = _shell.Console.Text;
        Console.WriteLine(text[_shown..].TrimEnd());
        _shown = text.Length;
        foreach (var warning in _shell.Console.Warnings.Skip(_warned))
        {
            Console.WriteLine("WARNING: " + warning);
        }

        _warned = _shell.Console.Warnings.Count;
        var errors = _shell.Console.Errors;
        Console.Error.Write(errors[_erred..]);
        _erred = errors.Length;
        return succeeded;
    }

    /// <summary>Runs a command without showing it.</summary>
    /// <returns>Its objects.</returns>
    public IReadOnlyList<System.Management.Automation.PSObject> Get(string command) => _shell.Run(command).Succeed();

    public void Dispose() => _shell.Dispose();
}
