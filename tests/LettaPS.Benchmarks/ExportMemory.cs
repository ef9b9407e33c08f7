using System.Diagnostics;
using System.Globalization;
using LettaPS.TestKit;

namespace LettaPS.Benchmarks;

/// <summary>Peak working set of a process that backs up one agent: a small one, then one with a gigabyte of messages.</summary>
internal sealed class ExportMemory() : Measurement("memory", "peak working set for one agent with 1 GB of messages over that for a small one")
{
    public override async Task RunAsync()
    {
        var small = await PeakAsync(messages: 10, length: 100);
        var large = await PeakAsync(messages: 10_000, length: 100_000);
        Print($"small agent {small[0] / 1048576:0} MiB, 1 GB of messages {large[0] / 1048576:0} MiB in {large[1]:0.0} s, difference {(large[0] - small[0]) / 1048576:0} MiB (less than 100)");
    }

    public override Task<int> RunChildAsync(string[] arguments)
    {
        var seconds = ExportThroughput.Export(new Uri(arguments[0]), arguments[1], 1);
        using var self = Process.GetCurrentProcess();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{self.PeakWorkingSet64} {seconds}"));
        return Task.FromResult(0);
    }

    private async Task<double[]> PeakAsync(int messages, int length)
    {
        using var sandbox = await SandboxProcess.StartAsync("--agents", "1", "--messages", $"{messages}", "--message-length", $"{length}");
        using var folder = new TempFolder();
        return await ChildAsync(sandbox.BaseUri.ToString(), folder.Path);
    }
}
