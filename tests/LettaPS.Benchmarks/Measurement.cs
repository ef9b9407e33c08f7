using System.Diagnostics;
using System.Globalization;

namespace LettaPS.Benchmarks;

/// <summary>One thing that is measured.</summary>
/// <param name="name">What it is called on the command line.</param>
/// <param name="description">What it measures, in a line.</param>
internal abstract class Measurement(string name, string description)
{
    public string Name => name;

    public string Description => description;

    /// <summary>Measures and prints.</summary>
    public abstract Task RunAsync();

    /// <summary>Does the part that needs a process of its own, and prints its figures for <see cref="ChildAsync"/>.</summary>
    public virtual Task<int> RunChildAsync(string[] arguments) => throw new NotSupportedException();

    /// <summary>Runs this measurement's child in a fresh process.</summary>
    /// <returns>The numbers that it printed.</returns>
    protected Task<double[]> ChildAsync(params string[] arguments) => RunProgramAsync([typeof(Measurement).Assembly.Location, "--child", Name, .. arguments]);

    /// <summary>Runs a .NET program.</summary>
    /// <returns>The numbers that it printed.</returns>
    protected static async Task<double[]> RunProgramAsync(string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? [.. output.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).Select(n => double.Parse(n, CultureInfo.InvariantCulture))]
            : throw new InvalidOperationException($"The child failed: {output}");
    }

    /// <summary>Milliseconds that some work takes.</summary>
    protected static double Time(Action work)
    {
        var begun = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
    }

    /// <summary>Seconds that some work takes.</summary>
    protected static async Task<double> TimeAsync(Func<Task> work)
    {
        var begun = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    /// <summary>Runs a line of bash.</summary>
    protected static async Task RunShellAsync(string line)
    {
        using var process = Process.Start("bash", ["-c", line]);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{line}: {process.ExitCode}");
        }
    }

    protected static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    protected static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
