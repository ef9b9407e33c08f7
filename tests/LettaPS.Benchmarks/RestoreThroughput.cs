using System.Diagnostics;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Benchmarks;

/// <summary>A whole restore, each agent read back and compared, against the loop that only imports the same files: one curl, one after the other.</summary>
internal sealed class RestoreThroughput() : Measurement("restore", "a verified restore of 16 agents with 500 messages over importing their 16 files with curl")
{
    private const int Agents = 16;
    private const int Messages = 500;
    private const int Rounds = 5;

    /// <summary>Times of an answer as the real 0.16.2 was recorded: the medians of its reads and changes, and of imports 0.35 s and a quarter of a second for a thousand messages.</summary>
    private static readonly string[] s_asRecorded =
    [
        "--latency", "85",
        "--fault", "delay=365,method=POST,path=/v1/agents/import",
        "--fault", "delay=110,method=GET,path=/v1/agents/*/messages",
        "--fault", "delay=75,method=PATCH",
    ];

    /// <summary>A server that does everything at once, the import too: what remains is the network and this machine.</summary>
    private static readonly string[] s_allAlike = ["--latency", "20"];

    public override async Task RunAsync()
    {
        using var source = await SandboxProcess.StartAsync("--agents", $"{Agents}", "--messages", $"{Messages}", "--passages", "0");
        using var folder = new TempFolder();
        ExportThroughput.Export(source.BaseUri, folder["sets"], Agents);
        var set = Directory.GetDirectories(folder["sets"]).Single();
        await CompareAsync("answers take what they took the real 0.16.2", s_asRecorded, set, folder.Path);
        await CompareAsync("every answer takes 20 ms, imports too", s_allAlike, set, folder.Path);
    }

    private static async Task CompareAsync(string what, string[] latency, string set, string folder)
    {
        var ratios = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            File.Delete(Path.Combine(set, "id-map.json"));
            var curl = await WithServerAsync(latency, server => CurlAsync(server, set, folder));
            var restore = await WithServerAsync(latency, server => Task.FromResult(Restore(server, set)));
            ratios.Add(restore / curl);
            Print($"curl {curl:0.00} s, Restore-LettaAgent {restore:0.00} s, ratio {restore / curl:0.000}");
        }

        Print($"{what}: median ratio {Median(ratios):0.000} (at most 1.00)");
    }

    private static async Task<double> WithServerAsync(string[] latency, Func<Uri, Task<double>> measure)
    {
        using var server = await SandboxProcess.StartAsync(["--fleet", "empty", .. latency]);

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
