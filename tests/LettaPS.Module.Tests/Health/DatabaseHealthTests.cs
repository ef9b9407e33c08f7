using System.Security.Cryptography;
using System.Text;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Health;

public class DatabaseHealthTests
{
    [Fact]
    public async Task A_healthy_server_passes_whole_and_nothing_is_written()
    {
        await using var listening = await OtherServer.StartAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        await using var server = await HealthyServer.StartAsync();
        await server.Database.ExecuteAsync($"UPDATE agents SET llm_config = json_build_object('model_endpoint', '{listening.BaseUri}'), embedding_config = json_build_object('embedding_model', 'e')");
        server.Letta.Run("Export-LettaAgent -Path $args[0]", server.Letta.Folder.Path).Succeed();
        var before = (await server.Database.CountWritesAsync(), await FingerprintAsync(server.Database), server.Letta.Server.State.ContentHash());

        var checks = server.Examine($"-Deep -BackupPath {server.Letta.Path}");

        Assert.Equal(["Skipped Network/Tls"], checks.AllBut("Passed").Where(c => !c.Contains(" Container/", StringComparison.Ordinal)));
        Assert.Equal(before, (await server.Database.CountWritesAsync(), await FingerprintAsync(server.Database), server.Letta.Server.State.ContentHash()));
        Assert.DoesNotContain(PostgresServer.Password, checks.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_that_is_wrong_fails_at_the_database_and_nothing_below_it()
    {
        await using var server = await HealthyServer.StartAsync();

        var checks = server.Examine(uri: server.Database.Uri().Replace("//letta:", "//letta:x", StringComparison.Ordinal));

        Assert.Equal(["Failed Database/Reachable", "Warning Agents/Names"], checks.AllBut("Passed", "Skipped"));
        Assert.Equal("Skipped", checks.Status("Schema/Differences"));
        Assert.Contains("Database/Reachable", checks.Message("Secrets/Encryption"));
    }

    [Fact]
    public async Task A_database_that_is_down_fails_at_being_reached()
    {
        await using var server = await HealthyServer.StartAsync();

        var checks = server.Examine(uri: $"postgresql://letta:letta@127.0.0.1:{FreePort.Next()}/letta");

        Assert.Equal(["Failed Database/Reachable", "Warning Agents/Names"], checks.AllBut("Passed", "Skipped"));
    }

    [Theory]
    [InlineData("ALTER TABLE messages DROP COLUMN sequence_id", "Schema/Differences", "MissingColumn messages.sequence_id")]
    [InlineData("ALTER TABLE steps DROP COLUMN request_id", "Schema/Differences", "request_id")]
    [InlineData("ALTER TABLE messages ALTER COLUMN sequence_id DROP DEFAULT", "Schema/Sequence", "MissingDefault messages.sequence_id")]
    [InlineData("INSERT INTO messages (id, agent_id, role, tool_calls, organization_id, sequence_id) SELECT 'message-1', id, 'user', '[]', organization_id, 1000 FROM agents", "Schema/Sequence", "SequenceBehind")]
    [InlineData("UPDATE alembic_version SET version_num = 'abcdefabcdef'", "Schema/Revision", "RevisionUnknown")]
    public async Task What_breaks_requests_is_named(string damage, string check, string found)
    {
        await using var server = await HealthyServer.StartAsync();
        await server.Database.ExecuteAsync(damage);

        var checks = server.Examine();

        Assert.Equal([$"Failed {check}"], checks.AllBut("Passed", "Skipped", "Warning"));
        Assert.Contains(found, checks.Message(check));
    }

    /// <summary>Failure 1 of the fifteen, and 3 and 7 with it.</summary>
    [Fact]
    public async Task The_story_s_database_is_diagnosed()
    {
        await using var server = await HealthyServer.StartAsync("create_all/story-0.16.1-then-0.16.2", stamped: false, release: "0.16.2");

        var checks = server.Examine();

        Assert.Equal(["Failed Schema/Differences", "Failed Schema/Sequence"], checks.AllBut("Passed", "Skipped", "Warning"));
        Assert.Contains("messages.conversation_id", checks.Message("Schema/Differences"));
        Assert.Contains("409", checks.Detail("Schema/Sequence"));
        Assert.Contains("RevisionMissing", checks.Message("Schema/Revision"));
        Assert.Equal("The schema is nearest to 0.16.2, made by CreateAll.", checks.Message("Schema/Release"));
        Assert.Equal("Invoke-LettaSchemaFix", checks.Recommendation("Schema/Differences"));
    }

    [Fact]
    public async Task A_schema_of_another_release_than_the_server_is_told()
    {
        await using var server = await HealthyServer.StartAsync("alembic/0.16.2");

        var checks = server.Examine();

        Assert.Equal("The schema is nearest to 0.16.2, while the server is 0.16.8.", checks.Message("Schema/Release"));
        Assert.Contains("RevisionBehind", checks.Message("Schema/Revision"));
    }

    [Fact]
    public async Task A_collation_that_moved_is_warned_of()
    {
        await using var server = await HealthyServer.StartAsync();

        // The tests' own collation, C.UTF-8, never changes and has no version; ICU's do.
        var locale = server.Database.Server.Major >= 17 ? "datlocale" : "daticulocale";
        await server.Database.ExecuteAsync($"UPDATE pg_database SET datcollversion = '1.0', datlocprovider = 'i', {locale} = 'und' WHERE datname = '{server.Database.Name}'");

        var checks = server.Examine();

        Assert.Equal("Warning", checks.Status("Database/Collation"));
        Assert.Contains("collation version 1.0, the operating system now has", checks.Message("Database/Collation"));
        Assert.Contains("REINDEX", checks.Recommendation("Database/Collation"));
    }

    [Fact]
    public async Task A_search_path_that_does_not_lead_to_the_tables_fails()
    {
        await using var server = await HealthyServer.StartAsync("official_image/0.16.8");
        await server.Database.ExecuteAsync($"ALTER DATABASE {server.Database.Name} RESET search_path");

        // The role letta finds the schema of its own name even so.
        Assert.Equal("Passed", server.Examine().Status("Database/SearchPath"));
        var checks = server.Examine(uri: server.Database.Uri("postgres"));

        Assert.Equal("Failed", checks.Status("Database/SearchPath"));
        Assert.Contains("schema letta", checks.Message("Database/SearchPath"));
    }

    [Fact]
    public async Task An_extension_that_is_not_installed_fails()
    {
        await using var server = await HealthyServer.StartAsync();
        await server.Database.ExecuteAsync("DROP EXTENSION vector CASCADE");

        var checks = server.Examine();

        Assert.Equal("Failed", checks.Status("Database/Vector"));
        Assert.Contains("CREATE EXTENSION", checks.Recommendation("Database/Vector"));
    }

    [Fact]
    public async Task Connections_that_run_out_are_warned_of()
    {
        await using var server = await HealthyServer.StartAsync();
        await server.Database.ExecuteAsync($"ALTER DATABASE {server.Database.Name} CONNECTION LIMIT 1");

        Assert.Equal("Warning", server.Examine().Status("Database/Connections"));
    }

    [Fact]
    public async Task A_database_that_is_not_Letta_s_is_told()
    {
        await using var server = await HealthyServer.StartAsync();
        await using var other = await server.Database.Server.CreateDatabaseAsync();
        await other.ExecuteAsync("CREATE TABLE papers (title text)");

        var checks = server.Examine(uri: other.Uri());

        Assert.Equal(["Failed Database/SearchPath", "Warning Agents/Names"], checks.AllBut("Passed", "Skipped"));
        Assert.Contains("not Letta's", checks.Message("Database/SearchPath"));
    }

    /// <summary>Failure 15.</summary>
    [Theory]
    [InlineData("AI/ML Expert", true)]
    [InlineData("C.A.S.", true)]
    [InlineData("Tom & Jerry", true)]
    [InlineData("Zoë O'Neill 日本 3_4-5", false)]
    public async Task A_name_that_breaks_export_is_named(string name, bool bad)
    {
        await using var server = await HealthyServer.StartAsync();
        await server.AddAgentAsync("agent-22222222-2222-4222-8222-222222222222", name);

        var checks = server.Examine();

        Assert.Equal(bad ? "Warning" : "Passed", checks.Status("Agents/Names"));
        Assert.Equal(bad, checks.Message("Agents/Names").Contains(name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    public async Task An_agent_with_nothing_in_context_is_named(string messages)
    {
        await using var server = await HealthyServer.StartAsync();
        await server.AddAgentAsync("agent-22222222-2222-4222-8222-222222222222", "Empty", messages);

        Assert.Contains("'Empty' has nothing in context", server.Examine().Message("Agents/Context"));
    }

    [Fact]
    public async Task An_id_that_0_13_refuses_is_found_in_whatever_table()
    {
        await using var server = await HealthyServer.StartAsync();
        await server.AddAgentAsync("agent-22222222-2222-1222-8222-222222222222", "Old");
        await server.Database.ExecuteAsync("INSERT INTO block (id, value, \"limit\", label, read_only, is_template, organization_id, version) VALUES ('block-1', '', 1, 'human', false, false, 'org-00000000-0000-4000-8000-000000000000', 1)");

        var checks = server.Examine();

        Assert.Equal("agents agent-22222222-2222-1222-8222-222222222222\nblock block-1", checks.Detail("Agents/Ids"));
        Assert.Contains("422", checks.Message("Agents/Ids"));
    }

    /// <summary>Failure 12.</summary>
    [Fact]
    public async Task An_agent_without_embedding_model_is_named()
    {
        await using var server = await HealthyServer.StartAsync();
        await server.AddAgentAsync("agent-22222222-2222-4222-8222-222222222222", "Plain", embedding: null);

        Assert.Contains("'Plain' has no embedding model", server.Examine().Message("Agents/Embedding"));
    }

    /// <summary>Failure 11.</summary>
    [Fact]
    public async Task Model_endpoints_that_do_not_answer_are_named()
    {
        await using var server = await HealthyServer.StartAsync();
        var port = FreePort.Next();
        await server.Database.ExecuteAsync("TRUNCATE agents CASCADE");
        await server.AddAgentAsync("agent-22222222-2222-4222-8222-222222222222", "Dead", endpoint: $"http://127.0.0.1:{port}/v1?key=hush-hush");

        var checks = server.Examine("-Deep");

        Assert.Equal("Warning", checks.Status("Models/Endpoints"));
        Assert.Contains($"127.0.0.1:{port} (nothing listens there)", checks.Message("Models/Endpoints"));
        Assert.DoesNotContain("hush-hush", checks.Everything, StringComparison.Ordinal);
    }

    /// <summary>Failure 10.</summary>
    [Fact]
    public async Task Models_of_Letta_s_own_that_are_gone_are_named()
    {
        await using var server = await HealthyServer.StartAsync();
        await server.Database.ExecuteAsync("UPDATE agents SET llm_config = '{\"handle\": \"letta/letta-free\", \"model_endpoint\": \"https://inference.letta.com/v1/\"}'");

        var checks = server.Examine();

        Assert.Equal("Warning", checks.Status("Models/Retired"));
        Assert.Contains("letta/letta-free of 1 agents at https://inference.letta.com", checks.Message("Models/Retired"));
    }

    /// <summary>Failure 11: vectors of two models side by side, which no error ever shows.</summary>
    [Fact]
    public async Task An_archive_with_another_embedding_model_than_its_agent_is_named()
    {
        await using var server = await HealthyServer.StartAsync();
        await server.Database.ExecuteAsync(
            $$"""
            INSERT INTO archives (id, name, organization_id, is_deleted, vector_db_provider, embedding_config)
            VALUES ('archive-11111111-1111-4111-8111-111111111111', 'papers', 'org-00000000-0000-4000-8000-000000000000', false, 'NATIVE', '{"embedding_model": "nomic-embed-text"}');
            INSERT INTO archives_agents (agent_id, archive_id, is_owner) VALUES ('{{HealthyServer.Agent}}', 'archive-11111111-1111-4111-8111-111111111111', true)
            """);

        var checks = server.Examine();

        Assert.Equal("Warning", checks.Status("Models/Embeddings"));
        Assert.Contains("its archive 'papers' with nomic-embed-text", checks.Detail("Models/Embeddings"));
    }

    [Fact]
    public async Task A_secret_that_0_16_does_not_see_is_named_without_its_value()
    {
        await using var server = await HealthyServer.StartAsync();
        await AddProviderAsync(server.Database, "api_key", "sk-hush-hush");

        var checks = server.Examine();

        Assert.Equal("Warning", checks.Status("Secrets/Plaintext"));
        Assert.Contains("providers.api_key", checks.Message("Secrets/Plaintext"));
        Assert.DoesNotContain("hush-hush", checks.Everything, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("the right key", "Passed")]
    [InlineData("another key", "Failed")]
    public async Task Whether_the_key_opens_the_secrets_is_tried(string key, string status)
    {
        await using var server = await HealthyServer.StartAsync();
        await AddProviderAsync(server.Database, "api_key_enc", Encrypt("sk-hush-hush", "the right key"));

        var checks = Checks.Of(server.Letta.Run("$env:LETTA_ENCRYPTION_KEY = $args[1]; try { Test-LettaHealth -Deep -DatabaseUri $args[0] } finally { $env:LETTA_ENCRYPTION_KEY = $null }", server.Database.Uri(), key));

        Assert.Equal(status, checks.Status("Secrets/Encryption"));
        Assert.DoesNotContain("hush-hush", checks.Everything, StringComparison.Ordinal);
        Assert.DoesNotContain(key, checks.Everything, StringComparison.Ordinal);
    }

    private static Task AddProviderAsync(PostgresDatabase database, string column, string value) => database.ExecuteAsync(
        $"INSERT INTO providers (id, name, provider_type, provider_category, is_deleted, {column}) VALUES ('provider-11111111-1111-4111-8111-111111111111', 'openai', 'openai', 'byok', false, '{value}')");

    /// <summary>As Letta writes it (letta/helpers/crypto_utils.py), written here once more so that the module is held to it.</summary>
    private static string Encrypt(string text, string key)
    {
        var (salt, nonce, plain, tag) = (RandomNumberGenerator.GetBytes(16), RandomNumberGenerator.GetBytes(12), Encoding.UTF8.GetBytes(text), new byte[16]);
        var cipher = new byte[plain.Length];
        using var aes = new AesGcm(Rfc2898DeriveBytes.Pbkdf2(key, salt, 100_000, HashAlgorithmName.SHA256, 32), 16);
        aes.Encrypt(nonce, plain, cipher, tag);
        return Convert.ToBase64String([.. salt, .. nonce, .. cipher, .. tag]);
    }

    /// <summary>Every row and every definition, as text.</summary>
    private static async Task<string> FingerprintAsync(PostgresDatabase database)
    {
        var tables = await database.ListAsync("SELECT format('%I.%I', schemaname, relname) FROM pg_stat_user_tables ORDER BY 1");
        var parts = new List<string>(await database.ListAsync("SELECT attrelid::regclass || attname || format_type(atttypid, atttypmod) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid WHERE relkind IN ('r', 'i', 'S') AND relnamespace <> 11 ORDER BY 1"));
        foreach (var table in tables)
        {
            parts.Add(table + await database.QueryAsync<string>($"SELECT coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') FROM {table} t"));
        }

        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))));
    }
}
