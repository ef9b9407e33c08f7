using System.Diagnostics;
using System.Globalization;
using LettaPS.Adapters;
using LettaPS.Core.Connections;
using LettaPS.Core.Schemas;
using LettaPS.TestKit;

namespace LettaPS.Benchmarks;

/// <summary>Comparing a whole 0.16.8 database: at most 100 ms once there has been a connection. Beside it, what pg_dump takes to read the same schema.</summary>
internal static class SchemaBenchmark
{
    public static async Task RunAsync()
    {
        var server = await PostgresServer.GetAsync(15);
        await using var database = await server.CreateLettaDatabaseAsync("alembic/0.16.8", stamped: true);
        var address = DatabaseAddress.Parse(database.Uri());

        var first = Stopwatch.StartNew();
        await using (var cold = new AdapterDoor().OpenSchemaDatabase(address))
        {
            await new SchemaDoctor(cold).CompareAsync("0.16.8", schemaOnly: false, default);
            Measure.Print("first comparison of the process, connection included", Measure.Ms(first.Elapsed));
        }

        await using var schema = new AdapterDoor().OpenSchemaDatabase(address);
        var doctor = new SchemaDoctor(schema);
        var dump = await Measure.RunAsync("pg_dump --schema-only, process start included", 1, 10, () => DumpAsync(database, server));
        var compare = await Measure.RunAsync("comparison, no rows", 5, 100, () => doctor.CompareAsync("0.16.8", schemaOnly: false, default));
        Measure.Print("ratio to pg_dump", (compare / dump).ToString("0.00", CultureInfo.InvariantCulture));

        await database.LoadAsync("0.16.8", "messages");
        await Measure.RunAsync("comparison, 955 messages of a real fleet", 5, 100, () => doctor.CompareAsync("0.16.8", schemaOnly: false, default));

        await database.ExecuteAsync("""
            SET session_replication_role = replica;
            CREATE TEMP TABLE recorded AS SELECT m.*, row_number() OVER (ORDER BY sequence_id) AS position FROM messages m;
            INSERT INTO messages (id, agent_id, role, tool_calls, tool_call_id, tool_returns, content, organization_id, step_id, model, name, created_at, sequence_id)
            SELECT r.id || '-' || n, agent_id, role, tool_calls, tool_call_id, tool_returns, content, organization_id, step_id, model, name, created_at, n * 10000 + position
            FROM recorded r, generate_series(1, 320) AS n;
            SELECT setval('message_seq_id', max(sequence_id)) FROM messages;
            """);
        await database.ExecuteAsync("VACUUM ANALYZE messages");
        var rows = await database.QueryAsync<long>("SELECT count(*) FROM messages");
        await Measure.RunAsync($"comparison, {rows} messages", 2, 20, () => doctor.CompareAsync("0.16.8", schemaOnly: false, default));
        await Measure.RunAsync($"comparison, {rows} messages, -SchemaOnly", 2, 20, () => doctor.CompareAsync("0.16.8", schemaOnly: true, default));
    }

    private static async Task DumpAsync(PostgresDatabase database, PostgresServer server)
    {
        var start = new ProcessStartInfo(
            "pg_dump",
            ["--schema-only", "-h", "127.0.0.1", "-p", server.Port.ToString(CultureInfo.InvariantCulture), "-U", "letta", "-f", "/dev/stdout", database.Name])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["PGPASSWORD"] = PostgresServer.Password;
        using var process = Process.Start(start)!;
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException("pg_dump failed.");
        }
    }
}
