using System.Net;
using System.Net.Sockets;
using LettaPS.Adapters;
using LettaPS.TestKit;

namespace LettaPS.Benchmarks;

/// <summary>What the tunnel through the engine carries, beside docker's own client on the same way.</summary>
internal sealed class TunnelSpeed() : Measurement("tunnel", "the tunnel through the engine, beside docker exec carrying the same")
{
    private const int Samples = 5;
    private const int Port = 7000;
    private const int Megabytes = 1024;

    public override async Task RunAsync()
    {
        await using var project = await LettaProject.StartAsync();
        await DockerEngine.DockerAsync(
            "exec", "--detach", project.Neighbour, "perl", "-MIO::Socket::INET", "-e",
            $"$SIG{{PIPE}} = 'IGNORE'; my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1:{Port}'); my $b = 'x' x 1048576; while (my $s = $l->accept) {{ for (1..{Megabytes}) {{ syswrite($s, $b) or last }} close $s }}");
        await DockerEngine.DockerAsync("exec", project.Neighbour, "bash", "-c", $"until (exec 3<>/dev/tcp/127.0.0.1/{Port}) 2>/dev/null; do sleep 0.1; done");

        // The module's own assemblies are not to meet those that this part uses.
        var rates = (await ChildAsync(project.Neighbour)).Select(seconds => ((long)Megabytes << 20) / 1e6 / seconds).Chunk(2).ToList();
        var (tunnel, byHand) = (rates.Select(r => r[0]).ToList(), rates.Select(r => r[1]).ToList());
        Print($"the tunnel: {Median(tunnel):0} MB/s (median of {Samples}, best {tunnel.Max():0}; at least 100)");
        Print($"docker exec: {Median(byHand):0} MB/s (best {byHand.Max():0})");
    }

    public override async Task<int> RunChildAsync(string[] arguments)
    {
        using var engine = new AdapterFactory().OpenEngine();
        await using var tunnel = await engine.OpenTunnelAsync(arguments[0], Port, CancellationToken.None);
        for (var i = 0; i < Samples; i++)
        {
            Console.WriteLine(await TimeAsync(() => ReceiveAsync(tunnel.NearEnd)));
            Console.WriteLine(await TimeAsync(() => RunShellAsync($"docker exec {arguments[0]} bash -c 'exec 3<>/dev/tcp/127.0.0.1/{Port}; cat <&3' > /dev/null")));
        }

        return 0;
    }

    private static async Task ReceiveAsync(IPEndPoint nearEnd)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(nearEnd);
        var buffer = new byte[1 << 17];
        long total = 0;
        while (await client.GetStream().ReadAsync(buffer) is > 0 and var read)
        {
            total += read;
        }

        if (total != (long)Megabytes << 20)
        {
            throw new InvalidOperationException($"{total} bytes came.");
        }
    }
}
