using LettaPS.Hosting;
using LettaPS.Sandbox;
using LettaPS.TestKit;

namespace LettaPS.Benchmarks;

/// <summary>Test-LettaHealth on a server in which nothing is wrong, beside the two requests that a person would make by hand.</summary>
internal sealed class HealthTime() : Measurement("health", "Test-LettaHealth of a healthy 0.16.8 server with 20 ms a request, 1,000 agents and 300,000 messages in its database")
{
    private const int Samples = 21;

    public override async Task RunAsync()
    {
        await using var letta = await SandboxServer.StartAsync(new SandboxOptions { Latency = TimeSpan.FromMilliseconds(20) });
        await using var database = await (await PostgresServer.GetAsync(15)).CreateLettaDatabaseAsync("alembic/0.16.8", stamped: true);
        await FillAsync(database);
        using var backups = new TempFolder();
        using var shell = new Shell();
        shell.Run("Connect-Letta $args[0] -DatabaseUri $args[1]; Export-LettaAgent -Path $args[2]", letta.BaseUri, database.Uri(), backups.Path).Succeed();

        foreach (var depth in new[] { "-Quick", "", "-Deep" })
        {
            var script = $"Test-LettaHealth {depth} -BackupPath '{backups.Path}'";
            var first = Time(() => shell.Run(script).Succeed());
            var times = Enumerable.Range(0, Samples).Select(_ => Time(() => shell.Run(script).Succeed())).ToList();
            var checks = shell.Run(script).Succeed();
            Print($"{(depth.Length == 0 ? "normal" : depth),-7}: {Median(times):0} ms (least {times.Min():0}, most {times.Max():0}, the first {first:0}), {checks.Count} checks; medians of {Samples}; at most 3,000 ms");
        }

        using var http = new HttpClient();
        var byHand = Enumerable.Range(0, Samples).Select(_ => Time(() =>
        {
            http.GetStringAsync(new Uri(letta.BaseUri, "v1/health/")).GetAwaiter().GetResult();
            http.GetStringAsync(new Uri(letta.BaseUri, "v1/agents/?limit=1")).GetAwaiter().GetResult();
        })).ToList();
        Print($"by hand: {Median(byHand):0} ms for /v1/health/ and /v1/agents/?limit=1, which see none of it");
    }

    private static Task FillAsync(PostgresDatabase database) => database.ExecuteAsync(
        """
        INSERT INTO organizations (id, name, privileged_tools) VALUES ('org-00000000-0000-4000-8000-000000000000', 'default_org', false);
        INSERT INTO agents (id, name, organization_id, message_ids, llm_config, embedding_config, message_buffer_autoclear)
        SELECT 'agent-11111111-1111-4111-8111-' || lpad(i::text, 12, '0'), 'Agent ' || i, 'org-00000000-0000-4000-8000-000000000000', '["m"]', '{"model": "m"}', '{"embedding_model": "e"}', false
        FROM generate_series(1, 1000) AS i;
        INSERT INTO messages (id, agent_id, role, tool_calls, tool_returns, tool_call_id, content, organization_id)
        SELECT 'message-' || i, 'agent-11111111-1111-4111-8111-' || lpad((1 + i % 1000)::text, 12, '0'), CASE i % 3 WHEN 0 THEN 'tool' ELSE 'assistant' END, '[]',
            CASE i % 3 WHEN 0 THEN '[{"status": "success", "tool_call_id": "c"}]'::json END, 'c', json_build_array(json_build_object('type', 'text', 'text', repeat('x', 300))),
            'org-00000000-0000-4000-8000-000000000000'
        FROM generate_series(1, 300000) AS i;
        ANALYZE
        """);
}
