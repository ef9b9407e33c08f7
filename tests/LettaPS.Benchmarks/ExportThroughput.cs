using System.Diagnostics;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Benchmarks;

/// <summary>A whole backup against the loop that only fetches the exports: one curl, one connection, one URL after the other.</summary>
internal sealed class ExportThroughput() : Measurement("export", "a whole backup of 1,000 agents over fetching their 1,000 exports with curl, 20 ms latency a request")
{
    private const int Agents = 1000;
    private const int Messages = 50;
    private const int Rounds = 3;

    public override async Task RunAsync()
    {
        using var sandbox = await SandboxProcess.StartAsync("--agents", $"{Agents}", "--messages", $"{Messages}", "--passages", "2", "--latency", "20");
        var ids = Ids(sandbox.BaseUri);
        var ratios = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            using var folder = new TempFolder();
            var curl = await CurlAsync(sandbox.BaseUri, ids, folder.Path);
            var export = Export(sandbox.BaseUri, folder["set"], Agents);
            ratios.Add(export / curl);
            Print($"curl {curl:0.00} s, Export-LettaAgent {export:0.00} s, ratio {export / curl:0.000}");
        }

        Print($"median ratio {Median(ratios):0.000} (at most 1.15)");
    }

    internal static double Export(Uri server, string folder, int agents)
    {
        using var shell = new Shell();
        shell.Run($"Connect-Letta '{server}'").Succeed();
        var begun = Stopwatch.GetTimestamp();
        var backups = shell.Run("Get-LettaAgent -IncludeHidden | Export-LettaAgent -Path $args[0]", folder).Succeed();
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        return backups.Count == agents && backups.All(b => (bool)b.Properties["IsComplete"].Value)
            ? seconds
            : throw new InvalidOperationException($"{backups.Count} of {agents} agents, not all complete.");
    }

    private static List<string> Ids(Uri server)
    {
        using var shell = new Shell();
        return [.. shell.Run($"Connect-Letta '{server}'; Get-LettaAgent -IncludeHidden").Succeed().Select(a => (string)a.Properties["Id"].Value)];
    }

    private static async Task<double> CurlAsync(Uri server, List<string> ids, string folder)
    {
        var config = Path.Combine(folder, "curl.txt");
        await File.WriteAllLinesAsync(config, ids.SelectMany(id => new[] { $"url = \"{server}v1/agents/{id}/export\"", $"output = \"{folder}/{id}.json\"" }));
        var begun = Stopwatch.GetTimestamp();
        using var curl = Process.Start("curl", ["--silent", "--fail", "--config", config]);
        await curl.WaitForExitAsync();
        return curl.ExitCode == 0 ? Stopwatch.GetElapsedTime(begun).TotalSeconds : throw new InvalidOperationException($"curl failed with {curl.ExitCode}.");
    }
}
