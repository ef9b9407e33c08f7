using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.AgentTables;
using LettaPS.Core.Json;
using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Secrets;
using LettaPS.Core.Sources;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres;

/// <summary>Agents read from their database.</summary>
public class DatabaseExportTests
{
    [Theory]
    [InlineData(15, "0.11.3")]
    [InlineData(17, "0.16.2")]
    [InlineData(17, "0.16.8")]
    public async Task Every_row_of_a_recorded_fleet_is_in_its_files(int major, string release)
    {
        await using var database = await Fleets.RecordedAsync(major, release);
        await using var source = Fleets.Open(database);

        var agents = await Fleets.ListAsync(source);

        Assert.Equal(16, agents.Count);
        foreach (var agent in agents)
        {
            var file = await Fleets.ExportAsync(source, agent.Id);
            var expected = await database.ListAsync($"SELECT id FROM messages WHERE agent_id = '{agent.Id}' ORDER BY sequence_id");
            Assert.Equal(expected, file.GetProperty("lettaps").GetProperty("message_ids").EnumerateArray().Select(m => m.GetString()!));
            Assert.Equal(expected, Fleets.Rows(file, "messages").Select(r => r["id"]!));
            Assert.Empty(file.GetProperty("lettaps").GetProperty("missing").EnumerateArray());
        }
    }

    /// <summary>One release of each of the schemas that differ.</summary>
    public static TheoryData<int, string> Schemas
    {
        get
        {
            var data = new TheoryData<int, string>();
            foreach (var (schema, i) in Core.Schemas.Model.SchemaCatalogue.All.Select((s, i) => (s, i)))
            {
                data.Add(i % 2 == 0 ? 15 : 17, schema.Releases[0]);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Schemas))]
    public async Task Every_cell_of_every_table_comes_out_as_postgresql_prints_it(int major, string release)
    {
        var server = await PostgresServer.GetAsync(major);
        await using var database = await server.CreateLettaDatabaseAsync($"alembic/{release}", stamped: true);
        var model = Core.Schemas.Model.SchemaCatalogue.Of(release)!.Model;
        await FilledAgent.InsertAsync(database, model);
        await using var source = Fleets.Open(database);

        var file = await Fleets.ExportAsync(source, FilledAgent.Id, secrets: true);

        var part = file.GetProperty("lettaps").GetProperty("database");
        Assert.Contains(release, Core.Schemas.Model.SchemaCatalogue.Of(part.StringOrNull("nearest_release")!)!.Releases);

        // From 0.12.0 on runs have a table of their own, and jobs belong to no agent.
        var tables = AgentTables.All.Select(t => model.Table(t.Name)).OfType<SchemaTable>().Where(t => t.Name != "jobs" || model.Table("runs") is null).ToList();
        Assert.Equal(tables.Select(t => t.Name), part.GetProperty("tables").EnumerateObject().Select(t => t.Name));
        foreach (var table in tables)
        {
            Assert.Equal(table.Columns.Select(c => c.Name), part.GetProperty("tables").GetProperty(table.Name).Strings("columns"));
            var row = Assert.Single(Fleets.Rows(file, table.Name));
            var expected = await database.ListAsync(
                $"SET timezone = 'UTC'; SELECT unnest(ARRAY[{string.Join(", ", table.Columns.Select(c => $"{Sql.Id(c.Name)}::text"))}]) FROM {Sql.Id(table.Name)} ORDER BY {Sql.Id(table.Columns[0].Name)}");
            foreach (var (column, i) in table.Columns.Select((c, i) => (c, i)))
            {
                var of = Enumerable.Range(0, 2).Select(n => expected[(n * table.Columns.Count) + i]);
                Assert.Contains(column.Type.StartsWith("vector(", StringComparison.Ordinal) ? Printed(row[column.Name]!) : row[column.Name], of);
            }

            Assert.DoesNotContain(row.Values, v => v?.Contains("-bbbbbbbb-", StringComparison.Ordinal) == true || v?.Contains(" of b", StringComparison.Ordinal) == true);
        }
    }

    [Fact]
    public void The_tables_are_in_an_order_in_which_they_can_be_inserted()
    {
        var places = AgentTables.All.Select((t, i) => (t.Name, i)).ToDictionary(t => t.Name, t => t.i);

        foreach (var table in Core.Schemas.Model.SchemaCatalogue.All.SelectMany(s => s.Model.Tables).Where(t => places.ContainsKey(t.Name)))
        {
            Assert.All(
                table.ForeignKeys.Where(k => !k.Columns.Contains("current_history_entry_id")),
                k => Assert.True(places[k.RefTable] < places[table.Name], $"{table.Name} refers to {k.RefTable}"));
        }
    }

    [Theory]
    [InlineData("create_all/story-0.16.1-then-0.16.2", null)]
    [InlineData("create_all/0.11.3", null)]
    [InlineData("alembic/0.16.2", "ALTER TABLE runs DROP COLUMN conversation_id; ALTER TABLE steps DROP COLUMN request_id; ALTER TABLE messages DROP COLUMN sequence_id")]
    [InlineData("alembic/0.16.2", "DROP TABLE conversation_messages, conversations CASCADE; ALTER TABLE agents DROP COLUMN compaction_settings")]
    [InlineData("official_image/0.16.8", null)]
    public async Task Agents_come_out_of_a_schema_that_drifted(string catalog, string? damage)
    {
        await using var database = await Fleets.RecordedAsync(17, catalog.Contains("0.11.3", StringComparison.Ordinal) ? "0.11.3" : "0.16.2", catalog);
        if (damage is not null)
        {
            await database.ExecuteAsync(damage);
        }

        await using var source = Fleets.Open(database);
        var agent = (await Fleets.ListAsync(source)).Single(a => a.Name == "AI/ML Expert");
        var file = await Fleets.ExportAsync(source, agent.Id);

        var expected = await database.ListAsync($"SELECT id FROM messages WHERE agent_id = '{agent.Id}' ORDER BY created_at, id");
        Assert.Equal(expected.Count, file.GetProperty("agents")[0].Items("messages").Count());
        Assert.Equal(expected, file.GetProperty("lettaps").Strings("message_ids").Order(Comparer<string>.Create((a, b) => expected.ToList().IndexOf(a) - expected.ToList().IndexOf(b))));
        Assert.Equal(damage?.StartsWith("DROP", StringComparison.Ordinal) == true ? ["conversation_messages", "conversations"] : [],
            file.GetProperty("lettaps").Strings("missing").Select(m => m.Split(' ')[3].TrimEnd(':')).Order());
        Assert.NotEmpty(file.GetProperty("agents")[0].Items("in_context_message_ids"));
    }

    [Fact]
    public async Task All_agents_are_from_one_instant_and_writers_are_not_kept_waiting()
    {
        await using var database = await Fleets.RecordedAsync(17, "0.16.8");
        await using var source = Fleets.Open(database);
        var agents = await Fleets.ListAsync(source);
        await Fleets.ExportAsync(source, agents[0].Id);

        await database.ExecuteAsync(
            $"""
            SET lock_timeout = '1s';
            INSERT INTO messages (id, agent_id, role, content, tool_calls, tool_returns, created_at, is_deleted, organization_id)
            SELECT 'message-' || gen_random_uuid(), id, 'user', '[]', '[]', '[]', now(), false, organization_id FROM agents;
            UPDATE block SET value = 'changed meanwhile';
            DELETE FROM agents_tags;
            DELETE FROM archives_agents;
            """);

        await using var after = Fleets.Open(database);
        foreach (var agent in agents)
        {
            var file = await Fleets.ExportAsync(source, agent.Id);
            Assert.Equal(agent.Tags, file.GetProperty("agents")[0].Strings("tags"));
            Assert.DoesNotContain("changed meanwhile", file.GetRawText(), StringComparison.Ordinal);
            Assert.Equal(file.GetProperty("agents")[0].Items("messages").Count() + 1, (await Fleets.ExportAsync(after, agent.Id)).GetProperty("agents")[0].Items("messages").Count());
        }
    }

    [Fact]
    public async Task One_message_whose_identifier_is_none_costs_only_itself()
    {
        await using var database = await Fleets.RecordedAsync(17, "0.16.8");
        await using var before = Fleets.Open(database);
        var agent = (await Fleets.ListAsync(before)).First(a => a.Name == "Memo").Id;
        var whole = (await Fleets.ExportAsync(before, agent)).GetProperty("agents")[0].Items("messages").Count();
        await database.ExecuteAsync(
            $"""
            INSERT INTO messages (id, agent_id, role, content, tool_calls, tool_returns, created_at, is_deleted, organization_id)
            SELECT 'message-of-mine', id, 'user', '[]', '[]', '[]', now(), false, organization_id FROM agents WHERE id = '{agent}';
            """);

        await using var source = Fleets.Open(database);
        var file = await Fleets.ExportAsync(source, agent);

        Assert.Equal(whole, file.GetProperty("agents")[0].Items("messages").Count());
        Assert.Contains(file.GetProperty("lettaps").Strings("missing"), m => m.StartsWith("The message 'message-of-mine'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Agents_are_listed_as_the_api_lists_them()
    {
        await using var database = await Fleets.RecordedAsync(17, "0.16.8");
        await database.ExecuteAsync("UPDATE agents SET hidden = true WHERE name = 'Memo'; UPDATE agents SET is_deleted = true WHERE name = 'Incognito'");
        await using var source = Fleets.Open(database);

        var visible = await Fleets.ListAsync(source, new AgentQuery([]));

        Assert.Equal(await database.ListAsync("SELECT id FROM agents WHERE name NOT IN ('Memo', 'Incognito') ORDER BY created_at DESC"), visible.Select(a => a.Id));
        Assert.Contains("Memo", (await Fleets.ListAsync(source)).Select(a => a.Name));
        Assert.Equal(await database.ListAsync("SELECT id FROM agents WHERE name = 'Lead Engineer' ORDER BY created_at DESC"), (await Fleets.ListAsync(source, new AgentQuery([], "Lead Engineer"))).Select(a => a.Id));
        var tag = visible.First(a => a.Tags.Count > 0).Tags[0];
        Assert.Equal(visible.Where(a => a.Tags.Contains(tag)).Select(a => a.Id), (await Fleets.ListAsync(source, new AgentQuery([tag]))).Select(a => a.Id));
        Assert.All(visible, a => Assert.Equal("openai/gpt-4o-mini", a.Model));
        Assert.Equal("AgentNotFound", (await Assert.ThrowsAsync<LettaException>(() => source.GetAsync("agent-00000000-0000-4000-8000-000000000000", default))).ErrorId);
    }

    [Fact]
    public async Task An_agent_that_cannot_be_read_does_not_keep_the_others_from_it()
    {
        await using var database = await Fleets.RecordedAsync(17, "0.16.8");
        await using var source = Fleets.Open(database);
        var ids = await database.ListAsync("SELECT id FROM agents ORDER BY id");
        await database.ExecuteAsync(
            $"""
            CREATE FUNCTION broken(agent text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN IF agent = '{ids[0]}' THEN RAISE 'could not read block 7'; END IF; RETURN true; END $$;
            CREATE POLICY broken ON messages USING (broken(agent_id));
            ALTER TABLE messages ENABLE ROW LEVEL SECURITY;
            ALTER TABLE messages FORCE ROW LEVEL SECURITY;
            """);

        var failure = await Assert.ThrowsAsync<LettaException>(() => Fleets.ExportAsync(source, ids[0]));

        Assert.Equal("DatabaseStatementFailed", failure.ErrorId);
        Assert.Contains("could not read block 7", failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty((await Fleets.ExportAsync(source, ids[1])).GetProperty("agents")[0].Items("messages"));
    }

    [Fact]
    public async Task A_reading_that_waits_is_given_up_at_once_and_leaves_no_session()
    {
        await using var database = await Fleets.RecordedAsync(17, "0.16.8");

        // Not the agent of the first row, which is looked at when the source is opened.
        var agent = (await database.ListAsync("SELECT agent_id FROM messages WHERE agent_id <> (SELECT agent_id FROM messages LIMIT 1) ORDER BY sequence_id DESC LIMIT 1"))[0];
        await database.ExecuteAsync(
            $"""
            CREATE FUNCTION wait(agent text) RETURNS boolean LANGUAGE sql AS $$ SELECT CASE WHEN agent = '{agent}' THEN pg_advisory_xact_lock_shared(1) IS NOT NULL ELSE true END $$;
            CREATE POLICY slow ON messages USING (wait(agent_id));
            ALTER TABLE messages ENABLE ROW LEVEL SECURITY;
            ALTER TABLE messages FORCE ROW LEVEL SECURITY;
            """);
        await using var rival = await Rival.BeginAsync(database, "SELECT pg_advisory_xact_lock(1)");
        using var stop = new CancellationTokenSource();
        using var folder = new TempFolder();
        await using (var source = Fleets.Open(database))
        {
            await Fleets.ListAsync(source);
            var reading = source.ReadAsync(agent, new SnapshotOptions(folder.Path), stop.Token);
            await rival.UntilMetAsync(reading);
            await stop.CancelAsync();

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        }

        Assert.Empty(Directory.GetFiles(folder.Path));
        Assert.Equal(0L, await database.QueryAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'LettaPS' AND datname = current_database() AND state <> 'idle'"));
    }

    [Fact]
    public async Task Secrets_in_clear_are_left_out_unless_they_are_asked_for()
    {
        await using var database = await Fleets.RecordedAsync(17, "0.16.8");
        const string Key = "a key that is long enough";
        var sealedSecret = Sealed("sealed-secret", Key);
        var agent = (await database.ListAsync("SELECT agent_id FROM agent_environment_variables LIMIT 1"))[0];
        await database.ExecuteAsync(
            $$$"""
            UPDATE agent_environment_variables SET value_enc = '{{{sealedSecret}}}', value = '' WHERE key = 'GRAPH_PASSWORD';
            INSERT INTO mcp_server (id, server_name, server_type, stdio_config, token, custom_headers, token_enc, is_deleted, organization_id)
            SELECT 'mcp_server-1', 'files', 'stdio', '{"command": "mcp", "env": {"KEY": "env-secret"}}', 'token-secret', '{"X": "header-secret"}', 'sk-clear-secret', false, organization_id FROM agents WHERE id = '{{{agent}}}';
            UPDATE tools SET metadata_ = '{"mcp": {"server_id": "mcp_server-1"}}' WHERE id = (SELECT tool_id FROM tools_agents WHERE agent_id = '{{{agent}}}' LIMIT 1);
            """);
        await using var keyless = Fleets.Open(database);
        await using var source = Fleets.Open(database, Key);

        var without = await Fleets.ExportAsync(source, agent);
        var with = await Fleets.ExportAsync(source, agent, secrets: true);
        var closed = await Fleets.ExportAsync(keyless, agent, secrets: true);

        string[] secrets = ["secret-arxiv-123", "env-secret", "token-secret", "header-secret", "sk-clear-secret"];
        Assert.DoesNotContain(secrets.Append("sealed-secret"), s => without.GetRawText().Contains(s, StringComparison.Ordinal));
        Assert.Contains(sealedSecret, Fleets.Rows(without, "agent_environment_variables").Select(r => r["value_enc"]));
        Assert.All(secrets, s => Assert.Contains(s, with.GetRawText(), StringComparison.Ordinal));
        Assert.Equal("sealed-secret", with.GetProperty("agents")[0].GetProperty("tool_exec_environment_variables").StringOrNull("GRAPH_PASSWORD"));
        Assert.StartsWith("The value of the environment variable GRAPH_PASSWORD:", Assert.Single(closed.GetProperty("lettaps").Strings("missing")), StringComparison.Ordinal);
        Assert.Equal(SecretCipher.Fingerprint(Key), with.GetProperty("lettaps").GetProperty("database").StringOrNull("encryption_key_fingerprint"));
        Assert.DoesNotContain(Key, with.GetRawText(), StringComparison.Ordinal);
        Assert.Null(closed.GetProperty("lettaps").GetProperty("database").StringOrNull("encryption_key_fingerprint"));
    }

    [Fact]
    public async Task Without_history_and_archive_only_what_is_in_context_is_read()
    {
        await using var database = await Fleets.RecordedAsync(17, "0.16.8");
        await using var source = Fleets.Open(database);
        var agent = (await database.ListAsync("SELECT a.id FROM agents a JOIN messages m ON m.agent_id = a.id GROUP BY a.id ORDER BY count(*) DESC LIMIT 1"))[0];

        var file = await Fleets.ExportAsync(source, agent, history: false, archive: false);

        var inContext = await database.ListAsync($"SELECT json_array_elements_text(message_ids) FROM agents WHERE id = '{agent}'");
        Assert.Equal(inContext.Order(), Fleets.Rows(file, "messages").Select(r => r["id"]!).Order());
        Assert.Equal(inContext.Count, file.GetProperty("agents")[0].Items("messages").Count());
        Assert.Empty(file.GetProperty("lettaps").Items("passages"));
        Assert.DoesNotContain(file.GetProperty("lettaps").GetProperty("database").GetProperty("tables").EnumerateObject().Select(t => t.Name), AgentTables.OfArchive.Contains);
    }

    [Fact]
    public async Task Entries_of_the_context_that_are_no_identifiers_are_said_to_be_missing_and_stay_in_the_row()
    {
        await using var database = await Fleets.RecordedAsync(17, "0.16.8");
        var agent = (await database.ListAsync("SELECT agent_id FROM messages ORDER BY sequence_id DESC LIMIT 1"))[0];
        const string Strange = """[1, null, {}, [], "x", "\u0000", "\ud800"]""";
        await database.ExecuteAsync($"UPDATE agents SET message_ids = '{Strange}' WHERE id = '{agent}'");
        await using var source = Fleets.Open(database);

        var file = await Fleets.ExportAsync(source, agent);

        Assert.StartsWith("7 entries of the context", Assert.Single(file.GetProperty("lettaps").Strings("missing")), StringComparison.Ordinal);
        Assert.Equal(Strange, Assert.Single(Fleets.Rows(file, "agents"))["message_ids"]);
        Assert.NotEmpty(file.GetProperty("agents")[0].Items("messages"));
    }

    [Fact]
    public async Task Messages_that_were_deleted_softly_stay_in_the_rows_alone()
    {
        await using var database = await Fleets.RecordedAsync(17, "0.16.8");
        var agent = (await database.ListAsync("SELECT agent_id FROM messages ORDER BY sequence_id DESC LIMIT 1"))[0];
        await database.ExecuteAsync($"UPDATE messages SET is_deleted = true WHERE id = (SELECT id FROM messages WHERE agent_id = '{agent}' ORDER BY sequence_id LIMIT 1)");
        await using var source = Fleets.Open(database);

        var file = await Fleets.ExportAsync(source, agent);

        Assert.Equal(Fleets.Rows(file, "messages").Count - 1, file.GetProperty("agents")[0].Items("messages").Count());
        Assert.Contains("messages in context", Assert.Single(file.GetProperty("lettaps").Strings("missing")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tool_message_that_lost_its_call_gets_it_back_in_the_message_and_not_in_the_row()
    {
        await using var database = await Fleets.RecordedAsync(17, "0.16.8");
        await database.ExecuteAsync("UPDATE messages SET tool_call_id = NULL WHERE role = 'tool'");
        var agent = (await database.ListAsync("SELECT agent_id FROM messages WHERE role = 'tool' LIMIT 1"))[0];
        await using var source = Fleets.Open(database);

        var file = await Fleets.ExportAsync(source, agent);

        var messages = file.GetProperty("agents")[0].Items("messages").ToList();
        var tools = messages.Select((m, i) => (Message: m, Before: i > 0 ? messages[i - 1] : default)).Where(m => m.Message.StringOrNull("role") == "tool").ToList();
        Assert.NotEmpty(tools);
        Assert.All(tools, t => Assert.Equal(t.Before.GetProperty("tool_calls")[0].StringOrNull("id"), t.Message.StringOrNull("tool_call_id")));
        Assert.All(Fleets.Rows(file, "messages").Where(r => r["role"] == "tool"), r => Assert.Null(r["tool_call_id"]));
    }

    [Fact]
    public async Task An_agent_with_more_rows_than_wait_at_once_loses_none_and_keeps_their_order()
    {
        await using var database = await Fleets.RecordedAsync(17, "0.16.8");
        var agent = (await database.ListAsync("SELECT agent_id FROM messages ORDER BY sequence_id DESC LIMIT 1"))[0];

        // 9 MB of rows: they are taken in several parts, and the lists of them spill to the disk.
        await database.ExecuteAsync(
            $$"""
            INSERT INTO messages (id, agent_id, role, content, tool_calls, tool_returns, created_at, is_deleted, organization_id)
            SELECT 'message-' || md5(n::text)::uuid, id, 'user', json_build_array(json_build_object('type', 'text', 'text', repeat('message ' || n || ' ', 40))), '[]', '[]', now() + n * interval '1 second', false, organization_id
            FROM agents, generate_series(1, 12000) n WHERE id = '{{agent}}'
            """);
        await using var source = Fleets.Open(database);

        var file = await Fleets.ExportAsync(source, agent);

        var expected = await database.ListAsync($"SELECT id FROM messages WHERE agent_id = '{agent}' ORDER BY sequence_id");
        var texts = await database.ListAsync($"SELECT content::json -> 0 ->> 'text' FROM messages WHERE agent_id = '{agent}' AND id LIKE 'message-%' ORDER BY sequence_id DESC LIMIT 12000");
        Assert.Equal(expected, file.GetProperty("lettaps").Strings("message_ids"));
        Assert.Equal(expected, Fleets.Rows(file, "messages").Select(r => r["id"]!));
        Assert.Equal(texts.Reverse(), file.GetProperty("agents")[0].Items("messages").TakeLast(12000).Select(m => m.GetProperty("content")[0].StringOrNull("text")!));
    }

    [Fact]
    public async Task Agents_that_are_read_side_by_side_are_the_same_as_one_after_the_other()
    {
        await using var database = await Fleets.RecordedAsync(17, "0.16.8");
        await using var source = Fleets.Open(database);
        var ids = (await Fleets.ListAsync(source)).Select(a => a.Id).ToList();

        var together = await Task.WhenAll(ids.Select(id => Task.Run(() => Fleets.ExportAsync(source, id))));

        await using var after = Fleets.Open(database);
        foreach (var (id, file) in ids.Zip(together))
        {
            var alone = await Fleets.ExportAsync(after, id);
            Assert.Equal(WithoutTime(alone), WithoutTime(file));
            Assert.NotEmpty(Fleets.Rows(file, "organizations"));
            Assert.NotEmpty(Fleets.Rows(file, "users"));
        }
    }

    [Fact]
    public async Task A_database_that_is_not_lettas_is_refused()
    {
        var server = await PostgresServer.GetAsync();
        await using var database = await server.CreateDatabaseAsync();
        await using var source = Fleets.Open(database);

        Assert.Equal("InvalidDatabase", (await Assert.ThrowsAsync<LettaException>(() => Fleets.ListAsync(source))).ErrorId);
    }

    /// <summary>The file but for when the database was read.</summary>
    private static string WithoutTime(JsonElement file)
    {
        var copy = JsonObject.Create(file)!;
        Assert.True(copy["lettaps"]!["database"]!.AsObject().Remove("read_at"));
        return copy.ToJsonString();
    }

    private static string Printed(string base64)
    {
        var bytes = Convert.FromBase64String(base64);
        return $"[{string.Join(',', Enumerable.Range(0, bytes.Length / 4).Select(i => BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * 4)).ToString(CultureInfo.InvariantCulture)))}]";
    }

    /// <summary>A secret as a server with a key keeps it.</summary>
    private static string Sealed(string text, string key)
    {
        var salt = System.Security.Cryptography.RandomNumberGenerator.GetBytes(16);
        var nonce = System.Security.Cryptography.RandomNumberGenerator.GetBytes(12);
        var plain = System.Text.Encoding.UTF8.GetBytes(text);
        var (cipher, tag) = (new byte[plain.Length], new byte[16]);
        using var aes = new System.Security.Cryptography.AesGcm(
            System.Security.Cryptography.Rfc2898DeriveBytes.Pbkdf2(key, salt, 100_000, System.Security.Cryptography.HashAlgorithmName.SHA256, 32), 16);
        aes.Encrypt(nonce, plain, cipher, tag);
        return Convert.ToBase64String([.. salt, .. nonce, .. cipher, .. tag]);
    }
}
