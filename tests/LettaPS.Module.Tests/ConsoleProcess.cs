using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace LettaPS.Module.Tests;

/// <summary>A process of its own that runs one pipeline: <c>dotnet Quickstart.dll -Command</c>.</summary>
internal sealed class ConsoleProcess : IDisposable
{
    private static readonly string s_quickstart = typeof(ConsoleProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Quickstart").Value!;

    private readonly Process _process;

    private ConsoleProcess(Process process) => _process = process;

    public static ConsoleProcess Start(string command, Uri? server = null, string? apiKey = null, string? home = null)
    {
        var start = new ProcessStartInfo("dotnet") { ArgumentList = { s_quickstart, "-Command", command }, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LETTA_BASE_URL"] = server?.ToString();
        start.Environment["LETTA_API_KEY"] = apiKey;
        start.Environment["HOME"] = home ?? start.Environment["HOME"];
        return new ConsoleProcess(Process.Start(start)!);
    }

    /// <summary>Starts one as systemd does a unit that sets nothing: without any variable but the server's address.</summary>
    public static ConsoleProcess StartWithEmptyEnvironment(string command, Uri server)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet")))
        {
            ArgumentList = { s_quickstart, "-Command", command },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        start.Environment["LETTA_BASE_URL"] = server.ToString();
        return new ConsoleProcess(Process.Start(start)!);
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code and what was printed.</returns>
    public async Task<(int ExitCode, string Output)> FinishAsync(CancellationToken cancellationToken)
    {
        var output = _process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = _process.StandardError.ReadToEndAsync(cancellationToken);
        await _process.WaitForExitAsync(cancellationToken);
        return (_process.ExitCode, await output + await errors);
    }

    /// <summary>Ends the process as <c>kill -9</c> does.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        _process.Kill();
        await _process.WaitForExitAsync(cancellationToken);
    }

    public bool HasExited => _process.HasExited;

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
