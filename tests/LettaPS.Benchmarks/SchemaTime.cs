using System.Diagnostics;
using System.Globalization;
using LettaPS.Hosting;
using LettaPS.TestKit;
using Npgsql;

namespace LettaPS.Benchmarks;

/// <summary>Compare-LettaSchema on a whole 0.16.8 database, its own connection included, beside pg_dump reading the same schema.</summary>
internal sealed class SchemaTime() : Measurement("schema", "Compare-LettaSchema of a 0.16.8 database, beside pg_dump --schema-only")
{
    private const int Samples = 41;

    public override async Task RunAsync()
    {
        var server = await PostgresServer.GetAsync(15);
        await using var database = await server.CreateLettaDatabaseAsync("alembic/0.16.8", stamped: true);
        using var shell = new Shell();

        // As servers have it by default; the tests' servers are without.
        await database.ExecuteAsync($"ALTER DATABASE {database.Name} SET jit = on");

        var first = Time(() => Compare(shell, database));
        var (connect, compare, dump) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < Samples; i++)
        {
            connect.Add(Time(() => Connect(database)));
            compare.Add(Time(() => Compare(shell, database)));
            dump.Add(Time(() => Dump(server, database)));
        }

        Print($"no rows: {Median(compare):0.0} ms with a new connection (least {compare.Min():0.0}, the first of the process {first:0})");
        Print($"connecting alone: {Median(connect):0.0} ms, so {Median(compare) - Median(connect):0.0} ms after it (at most 100)");
        Print($"pg_dump --schema-only: {Median(dump):0.0} ms (medians of {Samples})");

        await database.LoadAsync("0.16.8", "messages");
        Print($"955 messages of a real fleet: {Median(Enumerable.Range(0, Samples).Select(_ => Time(() => Compare(shell, database)))):0.0} ms");

        await database.ExecuteAsync("""
            SET session_replication_role = replica;
            CREATE TEMP TABLE recorded AS SELECT m.*, row_number() OVER (ORDER BY sequence_id) AS position FROM messages m;
            INSERT INTO messages (id, agent_id, role, tool_calls, tool_call_id, tool_returns, content, organization_id, step_id, model, name, created_at, sequence_id)
            SELECT r.id || '-' || n, agent_id, role, tool_calls, tool_call_id, tool_returns, content, organization_id, step_id, model, name, created_at, n * 10000 + position
            FROM recorded r, generate_series(1, 320) AS n;
            SELECT setval('message_seq_id', max(sequence_id)) FROM messages;
            """);
        var rows = await database.QueryAsync<long>("SELECT count(*) FROM messages");
        Print($"{rows} messages: {Median(Enumerable.Range(0, 11).Select(_ => Time(() => Compare(shell, database)))):0.0} ms, with -SchemaOnly {Median(Enumerable.Range(0, 11).Select(_ => Time(() => Compare(shell, database, "-SchemaOnly")))):0.0} ms");
    }

    private static void Compare(Shell shell, PostgresDatabase database, string more = "") =>
        shell.Run($"Compare-LettaSchema 0.16.8 -DatabaseUri '{database.Uri()}' {more}").Succeed();

    private static void Connect(PostgresDatabase database)
    {
        var settings = new NpgsqlConnectionStringBuilder(database.Server.ConnectionString(database.Name)) { Username = "letta" };
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        using var source = builder.Build();
        using var connection = source.OpenConnection();
    }

    private static void Dump(PostgresServer server, PostgresDatabase database)
    {
        var start = new ProcessStartInfo(
            "pg_dump", ["--schema-only", "-h", "127.0.0.1", "-p", server.Port.ToString(CultureInfo.InvariantCulture), "-U", "letta", database.Name])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["PGPASSWORD"] = PostgresServer.Password;
        using var process = Process.Start(start)!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException("pg_dump failed.");
        }
    }
}
