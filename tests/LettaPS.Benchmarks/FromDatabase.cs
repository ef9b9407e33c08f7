using System.Diagnostics;
using System.Globalization;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Benchmarks;

/// <summary>
/// Export-LettaAgent -Source Database of 1,000 agents with 100 messages each, beside COPY of the same rows, pg_dump of the whole database and the API
/// source with as many agents and messages; and the memory that one agent with a million messages takes.
/// </summary>
internal sealed class FromDatabase() : Measurement("fromdatabase", "1,000 agents with 100 messages each from PostgreSQL; COPY, pg_dump, the API; memory of a million messages")
{
    private const int Agents = 1000;
    private const int Messages = 100;
    private const int Million = 1_000_000;
    private const int Rounds = 3;

    public override async Task RunAsync()
    {
        var server = await PostgresServer.GetAsync(15);
        await using var database = await server.CreateLettaDatabaseAsync("alembic/0.16.8", stamped: true);
        await FillAsync(database, Agents, Messages);
        var rows = await database.QueryAsync<long>("SELECT sum(length(m::text)) FROM messages m");
        Print($"{Agents} agents, {Agents * Messages} messages, {rows / 1e6:0} MB of rows");
        for (var round = 0; round < Rounds; round++)
        {
            var copy = await TimeAsync(server, $"psql -q -d {database.Name} -c 'COPY messages TO STDOUT'");
            var dump = await TimeAsync(server, $"pg_dump -d {database.Name} -Fp");
            var export = await ChildAsync("export", database.Uri(), $"{Agents}");
            Print($"Export-LettaAgent {export[1]:0.00} s (less than 5), COPY of the messages {copy:0.00} s, pg_dump {dump:0.00} s");
        }

        using (var sandbox = await SandboxProcess.StartAsync("--agents", $"{Agents}", "--messages", $"{Messages}"))
        {
            using var folder = new TempFolder();
            Print($"through the API {ExportThroughput.Export(sandbox.BaseUri, folder["set"], Agents):0.00} s");
        }

        await using var small = await server.CreateLettaDatabaseAsync("alembic/0.16.8", stamped: true);
        await FillAsync(small, 1, 10);
        var few = await ChildAsync("export", small.Uri(), "1");
        await FillAsync(small, 1, Million);
        var many = await ChildAsync("export", small.Uri(), "1");
        Print($"one agent: 10 messages {few[0] / 1048576:0} MiB, {Million} messages {many[0] / 1048576:0} MiB in {many[1]:0.0} s, difference {(many[0] - few[0]) / 1048576:0} MiB");
    }

    public override Task<int> RunChildAsync(string[] arguments)
    {
        using var folder = new TempFolder();
        using var shell = new Shell();
        var begun = Stopwatch.GetTimestamp();
        var backups = shell.Run("Export-LettaAgent -Path $args[0] -Source Database -DatabaseUri $args[1]", folder["set"], arguments[1]).Succeed();
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        if (backups.Count != int.Parse(arguments[2], CultureInfo.InvariantCulture) || !backups.All(b => (bool)b.Properties["IsComplete"].Value))
        {
            throw new InvalidOperationException($"{backups.Count} of {arguments[2]} agents, not all complete.");
        }

        using var self = Process.GetCurrentProcess();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{self.PeakWorkingSet64} {seconds}"));
        return Task.FromResult(0);
    }

    /// <summary>Agents as servers have them: four blocks and eight tools each, and turns of four messages of some hundred characters.</summary>
    private static Task FillAsync(PostgresDatabase database, int agents, int messages) => database.ExecuteAsync(
        $$"""
        SET session_replication_role = replica;
        TRUNCATE organizations, users CASCADE;
        INSERT INTO organizations (id, name, is_deleted, privileged_tools) VALUES ('org-1', 'default', false, false);
        INSERT INTO users (id, name, is_deleted, organization_id) VALUES ('user-1', 'default', false, 'org-1');
        CREATE TEMP TABLE a AS SELECT i, 'agent-' || overlay(overlay(md5(i::text)::uuid::text PLACING '4' FROM 15) PLACING '8' FROM 20) AS id FROM generate_series(1, {{agents}}) i;
        INSERT INTO agents (id, name, created_at, updated_at, message_ids, system, agent_type, llm_config, embedding_config, tool_rules, is_deleted, organization_id, _created_by_id, message_buffer_autoclear)
        SELECT id, 'agent ' || i, now(), now(), '[]', repeat('You are an agent. ', 300), 'memgpt_v2_agent', '{"model": "gpt-4o-mini", "handle": "openai/gpt-4o-mini", "context_window": 128000}', '{"embedding_model": "x", "handle": "openai/x"}', '[]', false, 'org-1', 'user-1', false FROM a;
        INSERT INTO block (id, value, "limit", label, is_template, is_deleted, organization_id, read_only, preserve_on_migration, version)
        SELECT 'block-' || i || '-' || n, repeat('I remember this. ', 60), 20000, 'label' || n, false, false, 'org-1', false, false, 1 FROM a, generate_series(1, 4) n;
        INSERT INTO blocks_agents SELECT id, 'block-' || i || '-' || n, 'label' || n FROM a, generate_series(1, 4) n;
        INSERT INTO tools (id, name, source_type, json_schema, tags, is_deleted, organization_id, tool_type)
        SELECT 'tool-' || n, 'tool' || n, 'python', '{"name": "tool", "description": "Does something that takes a sentence or two to say."}', '[]', false, 'org-1', 'custom' FROM generate_series(1, 8) n;
        INSERT INTO tools_agents SELECT id, 'tool-' || n FROM a, generate_series(1, 8) n;
        INSERT INTO messages (id, agent_id, role, model, name, content, tool_calls, tool_call_id, tool_returns, created_at, updated_at, is_deleted, organization_id, _created_by_id, sequence_id)
        SELECT 'message-' || md5(i || '-' || n)::uuid, id, (ARRAY['user', 'assistant', 'tool', 'assistant'])[1 + n % 4], 'gpt-4o-mini', CASE WHEN n % 4 = 2 THEN 'search' END,
            json_build_array(json_build_object('type', 'text', 'text', repeat('Some words of message ' || n || '. ', 16))),
            CASE WHEN n % 4 = 1 THEN json_build_array(json_build_object('id', 'call-' || n, 'type', 'function', 'function', json_build_object('name', 'search', 'arguments', '{"q": "something"}'))) ELSE '[]' END,
            CASE WHEN n % 4 = 2 THEN 'call-' || n - 1 END,
            CASE WHEN n % 4 = 2 THEN json_build_array(json_build_object('tool_call_id', 'call-' || n - 1, 'status', 'success', 'func_response', '{"status": "OK", "message": "None"}')) ELSE '[]' END,
            now() + n * interval '1 second', now(), false, 'org-1', 'user-1', (i - 1) * {{messages}}::bigint + n
        FROM a, generate_series(1, {{messages}}) n;
        UPDATE agents SET message_ids = (SELECT json_agg(id ORDER BY sequence_id DESC) FROM (SELECT id, sequence_id FROM messages WHERE agent_id = agents.id ORDER BY sequence_id DESC LIMIT 20) AS m);
        ANALYZE;
        """);

    private static async Task<double> TimeAsync(PostgresServer server, string command)
    {
        var start = new ProcessStartInfo("bash", ["-c", $"{command} > /dev/null"]);
        foreach (var (name, value) in new[] { ("PGHOST", "127.0.0.1"), ("PGPORT", $"{server.Port}"), ("PGUSER", "postgres"), ("PGPASSWORD", PostgresServer.Password) })
        {
            start.Environment[name] = value;
        }

        var begun = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? Stopwatch.GetElapsedTime(begun).TotalSeconds : throw new InvalidOperationException($"{command} failed.");
    }
}
