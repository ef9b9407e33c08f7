using System.Diagnostics;
using System.Globalization;

namespace LettaPS.Benchmarks;

/// <summary>Times a piece of work many times over and says what is typical.</summary>
internal static class Measure
{
    /// <summary>Runs work a few times unmeasured and then measured, and prints minimum, median and 95th percentile.</summary>
    /// <returns>The median.</returns>
    public static async Task<TimeSpan> RunAsync(string what, int warmUp, int times, Func<Task> work)
    {
        for (var i = 0; i < warmUp; i++)
        {
            await work();
        }

        var samples = new List<TimeSpan>(times);
        for (var i = 0; i < times; i++)
        {
            var watch = Stopwatch.StartNew();
            await work();
            samples.Add(watch.Elapsed);
        }

        samples.Sort();
        var median = samples[times / 2];
        Print(what, $"min {Ms(samples[0])}, median {Ms(median)}, p95 {Ms(samples[times * 95 / 100])} ({times} runs)");
        return median;
    }

    public static void Print(string what, string figure) => Console.WriteLine($"{what,-60} {figure}");

    public static string Ms(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.0} ms");
}
