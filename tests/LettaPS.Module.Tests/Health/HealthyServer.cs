using LettaPS.Hosting;
using LettaPS.Sandbox;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Health;

/// <summary>A server of 0.16.8 with a real database in which nothing is wrong, and a console.</summary>
internal sealed class HealthyServer : IAsyncDisposable
{
    public const string Agent = "agent-11111111-1111-4111-8111-111111111111";

    private HealthyServer(Connected letta, PostgresDatabase database) => (Letta, Database) = (letta, database);

    public Connected Letta { get; }

    public PostgresDatabase Database { get; }

    public Shell Shell => Letta.Shell;

    /// <param name="catalog">The schema; that of 0.16.8 where not given.</param>
    /// <param name="stamped">Whether alembic knows it.</param>
    /// <param name="release">The release of the server.</param>
    /// <param name="postgres">Major version of PostgreSQL; the newest that is there where not given.</param>
    public static async Task<HealthyServer> StartAsync(string catalog = "alembic/0.16.8", bool stamped = true, string release = "0.16.8", int? postgres = null)
    {
        var database = await (postgres is { } major ? await PostgresServer.GetAsync(major) : await PostgresServer.GetAsync()).CreateLettaDatabaseAsync(catalog, stamped);
        var server = new HealthyServer(await Connected.ToAsync(new SandboxOptions { Release = release }), database);
        await server.AddAgentAsync(Agent, "Memo");
        return server;
    }

    /// <summary>An agent as Letta stores it, as far as health looks.</summary>
    public Task AddAgentAsync(string id, string name, string messages = "[\"message-1\"]", string endpoint = "http://127.0.0.1:1/v1", string? embedding = "text-embedding-3-small") => Database.ExecuteAsync(
        $$"""
        INSERT INTO organizations (id, name, is_deleted, privileged_tools) VALUES ('org-00000000-0000-4000-8000-000000000000', 'default_org', false, false) ON CONFLICT DO NOTHING;
        INSERT INTO agents (id, name, organization_id, is_deleted, message_ids, llm_config, embedding_config, message_buffer_autoclear)
        VALUES ('{{id}}', '{{name.Replace("'", "''", StringComparison.Ordinal)}}', 'org-00000000-0000-4000-8000-000000000000', false, '{{messages}}',
            '{"model": "gpt-4o-mini", "handle": "openai/gpt-4o-mini", "model_endpoint": "{{endpoint}}"}',
            {{(embedding is null ? "NULL" : $$"""'{"embedding_model": "{{embedding}}", "embedding_endpoint": "{{endpoint}}"}'""")}}, false)
        """);

    /// <summary>Examines it.</summary>
    public Checks Examine(string parameters = "", string? uri = null) => Checks.Of(Letta.Run($"Test-LettaHealth {parameters} -DatabaseUri $args[0]", uri ?? Database.Uri()));

    public async ValueTask DisposeAsync()
    {
        await Letta.DisposeAsync();
        await Database.DisposeAsync();
    }
}
