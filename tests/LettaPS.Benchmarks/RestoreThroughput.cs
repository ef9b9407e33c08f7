using System.Diagnostics;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Benchmarks;

/// <summary>A whole restore, each agent read back and compared, against the loop that only imports the same files: one curl, one after the other.</summary>
internal sealed class RestoreThroughput() : Measurement("restore", "a verified restore of 16 agents with 500 messages over importing their 16 files with curl, 20 ms latency a request")
{
    private const int Agents = 16;
    private const int Messages = 500;
    private const int Rounds = 5;

    public override async Task RunAsync()
    {
        using var source = await SandboxProcess.StartAsync("--agents", $"{Agents}", "--messages", $"{Messages}", "--passages", "0");
        using var folder = new TempFolder();
        ExportThroughput.Export(source.BaseUri, folder["sets"], Agents);
        var set = Directory.GetDirectories(folder["sets"]).Single();
        var ratios = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            File.Delete(Path.Combine(set, "id-map.json"));
            var curl = await WithServerAsync(server => CurlAsync(server, set, folder.Path));
            var restore = await WithServerAsync(server => Task.FromResult(Restore(server, set)));
            ratios.Add(restore / curl);
            Print($"curl {curl:0.00} s, Restore-LettaAgent {restore:0.00} s, ratio {restore / curl:0.000}");
        }

        Print($"median ratio {Median(ratios):0.000} (at most 1.00)");
    }

    private static async Task<double> WithServerAsync(Func<Uri, Task<double>> measure)
    {
        using var server = await SandboxProcess.StartAsync("--fleet", "empty", "--latency", "20");

        // Both begin with a server that has answered before.
        using var http = new HttpClient();
        await http.GetStringAsync(new Uri(server.BaseUri, "v1/agents/"));
        return await measure(server.BaseUri);
    }

    private static double Restore(Uri server, string set)
    {
        using var shell = new Shell();
        shell.Run($"Connect-Letta '{server}'").Succeed();
        var begun = Stopwatch.GetTimestamp();
        var results = shell.Run("Restore-LettaAgent $args[0]", set).Succeed();
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        return results.Count == Agents && results.All(r => r.Properties["Status"].Value.ToString() == "Restored")
            ? seconds
            : throw new InvalidOperationException($"{results.Count} of {Agents} agents, not all whole.");
    }

    private static async Task<double> CurlAsync(Uri server, string set, string folder)
    {
        var config = Path.Combine(folder, "curl.txt");
        var imports = Directory.GetFiles(set, "*.af").Select(f => $"url = \"{server}v1/agents/import\"\nform = \"file=@{f}\"\nform = \"append_copy_suffix=false\"\noutput = \"/dev/null\"\nfail");
        await File.WriteAllTextAsync(config, string.Join("\nnext\n", imports));
        var begun = Stopwatch.GetTimestamp();
        using var curl = Process.Start("curl", ["--silent", "--config", config]);
        await curl.WaitForExitAsync();
        return curl.ExitCode == 0 ? Stopwatch.GetElapsedTime(begun).TotalSeconds : throw new InvalidOperationException($"curl failed with {curl.ExitCode}.");
    }
}
