using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Benchmarks;

/// <summary>Backup-LettaDatabase of a database of 1 GB in a container, beside docker exec pg_dump into a file.</summary>
internal sealed class DatabaseSpeed() : Measurement("database", "Backup-LettaDatabase of 1 GB over docker exec pg_dump > file")
{
    private const int Samples = 3;

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
                var plain = await TimeAsync(() => RunShellAsync($"docker exec {project.Postgres} pg_dump -U letta -d letta --format={format.ToLowerInvariant()} > '{folder["by-hand.dump"]}' && sync '{folder["by-hand.dump"]}'"));
                var backup = Time(() => shell.Run("Backup-LettaDatabase -Name $args[0] -Path $args[1] -Format $args[2] -Force", project.Letta, folder["letta.dump"], format).Succeed()) / 1000;
                ratios.Add(backup / plain);
                Print($"{format}: pg_dump > file {plain:0.0} s, Backup-LettaDatabase {backup:0.0} s, ratio {backup / plain:0.00}");
            }

            Print($"{format}: median ratio {Median(ratios):0.00} (at most 1.10)");
        }
    }
}
