using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;
using LettaPS.Sandbox.Http;
using LettaPS.TestKit;

namespace LettaPS.Benchmarks;

/// <summary>Backups whose files are built from the other answers because no export works: the limit is the number of agents at work by the latency.</summary>
internal sealed class BuiltThroughput() : Measurement("built", "requests a second where no export works, over ThrottleLimit by latency (50 ms)")
{
    private const int Agents = 400;
    private const double Latency = 0.050;

    public override async Task RunAsync()
    {
        foreach (var throttle in (int[])[4])
        {
            await using var server = await SandboxServer.StartAsync(new SandboxOptions { Fleet = Fleet.Generated(Agents, 50), Latency = TimeSpan.FromSeconds(Latency) });
            server.Faults.Add(new Fault(new StatusEffect(500, """{"detail":"Export failed"}""")) { Path = "/v1/agents/*/export" });
            using var folder = new TempFolder();
            var seconds = ExportThroughput.Export(server.BaseUri, folder.Path, Agents);
            var rate = server.Requests.Entries.Count / seconds;
            Print($"ThrottleLimit {throttle}: {server.Requests.Entries.Count} requests in {seconds:0.00} s, {rate:0} a second; ThrottleLimit / latency = {throttle / Latency:0}, ratio {rate * Latency / throttle:0.00} (at least 0.90); {Agents / seconds:0} files a second");
        }
    }
}
