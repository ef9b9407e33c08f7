using System.Diagnostics;
using System.Net.Sockets;
using LettaPS.Adapters;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Benchmarks;

/// <summary>Backup-LettaDatabase of a database of 1 GB in a container, beside docker exec pg_dump into a file; and what the tunnel carries.</summary>
internal sealed class DatabaseSpeed() : Measurement("database", "Backup-LettaDatabase of 1 GB over docker exec pg_dump > file; the tunnel through the engine")
{
    private const int Samples = 3;
    private const int TunnelMegabytes = 1024;

    public override async Task RunAsync()
    {
        await using var project = await LettaProject.StartAsync();
        await project.FillAsync(10);

        // Text that compresses like text, about 1 kB a message.
        await project.SqlAsync("INSERT INTO messages (id, agent_id, content) SELECT 'm-' || i, 'agent-1', json_build_object('text', (SELECT string_agg(md5((i * 31 + n)::text), ' ') FROM generate_series(1, 28) n)) FROM generate_series(1, 1000000) i");
        await project.SqlAsync("CHECKPOINT");
        Print($"database of {long.Parse(await project.SqlAsync("SELECT pg_database_size('letta')"), System.Globalization.CultureInfo.InvariantCulture) / 1e9:0.00} GB");

        using var folder = new TempFolder();
        using var shell = new Shell();
        foreach (var format in (string[])["Plain", "Custom"])
        {
            var ratios = new List<double>();
            for (var i = 0; i < Samples; i++)
            {
                var plain = await TimeAsync(() => ShellOutAsync($"docker exec {project.Postgres} pg_dump -U letta -d letta --format={format.ToLowerInvariant()} > '{folder["by-hand.dump"]}' && sync '{folder["by-hand.dump"]}'"));
                var backup = await TimeAsync(() => Task.FromResult(shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1] -Format $args[2] -Force", project.Letta, folder["letta.dump"], format).Succeed()));
                ratios.Add(backup / plain);
                Print($"{format}: pg_dump > file {plain:0.0} s, Backup-LettaDatabase {backup:0.0} s, ratio {backup / plain:0.00}");
            }

            Print($"{format}: median ratio {Median(ratios):0.00} (at most 1.10)");
        }

        // The module's own assemblies are not to meet those that this part uses.
        var rates = await ChildAsync(project.Neighbour);
        Print($"the tunnel carries {Median(rates):0} MB/s (median of {rates.Length}; at least 100)");
    }

    public override async Task<int> RunChildAsync(string[] arguments)
    {
        const int Port = 7000;
        await DockerEngine.DockerAsync(
            "exec", "--detach", arguments[0], "perl", "-MIO::Socket::INET", "-e",
            $"$SIG{{PIPE}} = 'IGNORE'; my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1:{Port}'); my $b = 'x' x 1048576; while (my $s = $l->accept) {{ for (1..{TunnelMegabytes}) {{ print $s $b or last }} close $s }}");
        await DockerEngine.DockerAsync("exec", arguments[0], "bash", "-c", $"until (exec 3<>/dev/tcp/127.0.0.1/{Port}) 2>/dev/null; do sleep 0.1; done");
        using var engine = new AdapterDoor().OpenEngine();
        await using var tunnel = await engine.OpenTunnelAsync(arguments[0], Port, CancellationToken.None);
        for (var i = 0; i < Samples; i++)
        {
            Console.WriteLine(((long)TunnelMegabytes << 20) / 1e6 / await TimeAsync(async () =>
            {
                using var client = new TcpClient();
                await client.ConnectAsync(tunnel.NearEnd);
                var counted = await CountAsync(client.GetStream());
                return counted == (long)TunnelMegabytes << 20 ? true : throw new InvalidOperationException($"{counted} bytes came.");
            }));
        }

        return 0;
    }

    private static async Task<long> CountAsync(Stream stream)
    {
        var buffer = new byte[1 << 17];
        long total = 0;
        while (await stream.ReadAsync(buffer) is > 0 and var read)
        {
            total += read;
        }

        return total;
    }

    private static async Task<bool> ShellOutAsync(string command)
    {
        var (exitCode, _, error) = await DockerEngine.RunAsync("bash", ["-c", command]);
        return exitCode == 0 ? true : throw new InvalidOperationException(error);
    }

    private static async Task<double> TimeAsync<T>(Func<Task<T>> work)
    {
        var begun = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }
}
