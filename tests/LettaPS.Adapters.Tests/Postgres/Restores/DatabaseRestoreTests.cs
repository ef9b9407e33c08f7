using LettaPS.Core.IdMaps;
using LettaPS.Core.Restores;
using LettaPS.Core.Secrets;
using LettaPS.KillChild;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres.Restores;

/// <summary>What is there already, what is refused, what is renamed, and what a restore that was broken off leaves: nothing.</summary>
public sealed class DatabaseRestoreTests
{
    private const string Catalog = "alembic/0.16.8";
    private static readonly RestoreOptions s_preserve = new() { PreserveId = true };

    [Fact]
    public async Task Without_their_identifiers_all_is_the_same_but_for_new_ones_that_fit_together()
    {
        await using var world = await World.CreateAsync();
        await world.Target.ExecuteAsync("INSERT INTO organizations (id, name, is_deleted, privileged_tools) VALUES ('org-00000000-0000-4000-8000-000000000000', 'default', false, false)");
        await world.Target.ExecuteAsync("INSERT INTO users (id, name, is_deleted, organization_id) VALUES ('user-00000000-0000-4000-8000-000000000000', 'default', false, 'org-00000000-0000-4000-8000-000000000000')");

        var results = await Restoring.RestoreAsync(world.Target, world.Folder, new RestoreOptions());

        Assert.All(results, r => Assert.Equal("", string.Join('\n', r.Missing.Concat(r.Warnings))));
        Assert.All(results, r => Assert.NotEqual(r.SourceAgentId, r.AgentId));
        await AssertRenamedAsync(world);
        Assert.Equal(0, await world.Target.QueryAsync<long>("SELECT count(*) FROM agents WHERE id LIKE '%0a0a0a0a%'"));

        var again = await Restoring.RestoreAsync(world.Target, world.Folder, new RestoreOptions());
        Assert.All(again, r => Assert.Equal(LettaRestoreStatus.Skipped, r.Status));
        File.Delete(Path.Combine(world.Folder, IdMap.FileName));
        var unmapped = await Restoring.RestoreAsync(world.Target, world.Folder, new RestoreOptions());
        Assert.All(unmapped, r => Assert.Equal((LettaRestoreStatus.Skipped, ""), (r.Status, string.Join('\n', r.Missing))));
        Assert.Equal(1, await world.Target.QueryAsync<long>("SELECT count(*) FROM groups"));
    }

    [Fact]
    public async Task Beside_the_old_one_an_agent_shares_nothing_that_only_it_had()
    {
        await using var world = await World.CreateAsync();
        await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve);

        var results = await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve with { Conflict = RestoreConflict.Rename });

        Assert.All(results, r => Assert.NotEqual(r.SourceAgentId, r.AgentId));
        Assert.Contains(results[0].Warnings, w => w.Contains("new identifiers", StringComparison.Ordinal));
        Assert.Equal(["AI/ML Expert", "AI/ML Expert (2)", "Other", "Other (2)"], await world.Target.ListAsync("SELECT name FROM agents ORDER BY 1"));
        Assert.Equal(3, await world.Target.QueryAsync<long>("SELECT count(*) FROM block"));
        Assert.Equal(1, await world.Target.QueryAsync<long>("SELECT count(*) FROM tools"));
        Assert.Equal(2 * (World.Messages + 1), await world.Target.QueryAsync<long>("SELECT count(DISTINCT sequence_id) FROM messages"));
    }

    [Fact]
    public async Task An_agent_that_is_replaced_is_again_as_in_the_file_and_stays_in_its_groups()
    {
        await using var world = await World.CreateAsync();
        await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve);
        await world.Target.ExecuteAsync("UPDATE agents SET name = 'spoilt'; UPDATE block SET value = 'spoilt'; DELETE FROM messages; DELETE FROM archival_passages");

        var refused = await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve with { Conflict = RestoreConflict.Replace });
        Assert.All(refused, r => Assert.Equal(LettaRestoreStatus.Skipped, r.Status));
        Assert.All(refused, r => Assert.NotEmpty(r.Missing));
        Assert.Equal(2, await world.Target.QueryAsync<long>("SELECT count(*) FROM agents WHERE name = 'spoilt'"));

        await world.Target.ExecuteAsync($"DELETE FROM blocks_agents WHERE agent_id = '{DatabaseFleet.OtherAgent}'; DELETE FROM archives_agents WHERE agent_id = '{DatabaseFleet.OtherAgent}'; DELETE FROM groups_blocks; DELETE FROM identities_blocks");
        File.Delete(Path.Combine(world.Folder, $"{DatabaseFleet.OtherAgent}.af"));
        var results = await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve with { Conflict = RestoreConflict.Replace });

        Assert.Equal([], results.Single().Missing);
        Assert.Equal("AI/ML Expert", await world.Target.QueryAsync<string>($"SELECT name FROM agents WHERE id = '{DatabaseFleet.Agent}'"));
        foreach (var table in (string[])["messages", "block", "archival_passages", "groups", "groups_agents", "steps", "runs"])
        {
            var columns = DatabaseFleet.Columns(Catalog, table);
            var was = (await DatabaseFleet.ReadAsync(world.Source, table, columns)).Where(r => !r.Contains($"agent_id={DatabaseFleet.OtherAgent}", StringComparison.Ordinal) || table.StartsWith("groups", StringComparison.Ordinal));
            Assert.Equal(was, await DatabaseFleet.ReadAsync(world.Target, table, columns));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task With_a_replaced_agent_goes_what_only_it_had_and_nothing_else(bool preserve)
    {
        await using var world = await World.CreateAsync();
        await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve);
        const string Foreign = "block-0c0c0c0c-0000-4000-8000-000000000001";
        await world.Target.ExecuteAsync(
            $"""
            INSERT INTO block SELECT (jsonb_populate_record(b, '{"{"}"id": "{Foreign}", "value": "of the user", "current_history_entry_id": null{"}"}')).* FROM block AS b LIMIT 1;
            INSERT INTO block SELECT (jsonb_populate_record(b, '{"{"}"id": "block-0c0c0c0c-0000-4000-8000-000000000002", "label": "own", "current_history_entry_id": null{"}"}')).* FROM block AS b LIMIT 1;
            INSERT INTO blocks_agents (agent_id, block_id, block_label) VALUES ('{DatabaseFleet.Agent}', 'block-0c0c0c0c-0000-4000-8000-000000000002', 'own');
            """);
        File.Delete(Path.Combine(world.Folder, $"{DatabaseFleet.OtherAgent}.af"));
        await world.Target.ExecuteAsync("DELETE FROM groups_blocks; DELETE FROM identities_blocks; DELETE FROM groups");
        var blocks = await world.Target.QueryAsync<long>("SELECT count(*) FROM block");

        var results = await Restoring.RestoreAsync(world.Target, world.Folder, new RestoreOptions { PreserveId = preserve, Conflict = RestoreConflict.Replace });

        Assert.DoesNotContain(results.Single().Missing, g => !g.StartsWith("The group", StringComparison.Ordinal));
        Assert.Contains(results.Single().Warnings, w => w.Contains("was deleted", StringComparison.Ordinal));
        Assert.Equal("of the user", await world.Target.QueryAsync<string>($"SELECT value FROM block WHERE id = '{Foreign}'"));
        Assert.Empty(await world.Target.ListAsync($"SELECT id FROM block WHERE id <> '{Foreign}' AND id NOT IN (SELECT block_id FROM blocks_agents)"));
        Assert.Empty(await world.Target.ListAsync("SELECT id FROM archives WHERE id NOT IN (SELECT archive_id FROM archives_agents)"));
        Assert.Empty(await world.Target.ListAsync("SELECT id FROM archival_passages WHERE archive_id NOT IN (SELECT archive_id FROM archives_agents)"));
        Assert.Empty(await world.Target.ListAsync("SELECT id FROM sources WHERE id NOT IN (SELECT source_id FROM sources_agents)"));
        Assert.Equal(blocks - 1, await world.Target.QueryAsync<long>("SELECT count(*) FROM block"));
    }

    [Fact]
    public async Task An_agent_that_replaces_one_of_another_organization_is_said_to_be_in_another()
    {
        await using var world = await World.CreateAsync();
        await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve);
        File.Delete(Path.Combine(world.Folder, $"{DatabaseFleet.OtherAgent}.af"));
        await world.Target.ExecuteAsync(
            $"""
            DELETE FROM groups_blocks; DELETE FROM identities_blocks; DELETE FROM groups;
            INSERT INTO organizations (id, name, is_deleted, privileged_tools) VALUES ('org-0c0c0c0c-0000-4000-8000-000000000001', 'other', false, false);
            UPDATE agents SET organization_id = 'org-0c0c0c0c-0000-4000-8000-000000000001' WHERE id = '{DatabaseFleet.Agent}';
            """);

        var result = (await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve with { Conflict = RestoreConflict.Replace })).Single();

        Assert.Equal(DatabaseFleet.Organization, await world.Target.QueryAsync<string>($"SELECT organization_id FROM agents WHERE id = '{DatabaseFleet.Agent}'"));
        Assert.Contains(result.Warnings, w => w.Contains($"in the organization '{DatabaseFleet.Organization}' of the file", StringComparison.Ordinal)
            && w.Contains("was in 'org-0c0c0c0c-0000-4000-8000-000000000001'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_block_of_the_file_that_the_replaced_agent_had_not_stays_and_keeps_it_from_being_replaced()
    {
        await using var world = await World.CreateAsync();
        await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve);
        File.Delete(Path.Combine(world.Folder, $"{DatabaseFleet.OtherAgent}.af"));
        await world.Target.ExecuteAsync(
            $"DELETE FROM groups_blocks; DELETE FROM identities_blocks; DELETE FROM groups; DELETE FROM blocks_conversations; DELETE FROM blocks_agents; UPDATE block SET value = 'of the user'");

        var results = await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve with { Conflict = RestoreConflict.Replace });

        Assert.Equal(LettaRestoreStatus.Skipped, results.Single().Status);
        Assert.Contains(results.Single().Missing, g => g.Contains("it was there already", StringComparison.Ordinal));
        Assert.Equal(["of the user"], await world.Target.ListAsync("SELECT DISTINCT value FROM block"));
    }

    [Theory]
    [InlineData("9223372036854775807")]
    [InlineData("-1")]
    public async Task Numbers_that_letta_never_gives_do_not_move_the_sequence_to_its_end(string number)
    {
        await using var world = await World.CreateAsync();
        await world.Source.ExecuteAsync($"UPDATE messages SET sequence_id = {number} WHERE sequence_id = (SELECT max(sequence_id) FROM messages WHERE agent_id = '{DatabaseFleet.Agent}')");
        await RowsFile.WriteAsync(world.Source, world.Folder);

        var results = await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve);

        Assert.Contains(results[0].Warnings, w => w.Contains("1 of theirs are none that Letta gives", StringComparison.Ordinal));
        var order = $"SELECT id FROM messages WHERE agent_id = '{DatabaseFleet.Agent}' ORDER BY sequence_id";
        Assert.Equal(await world.Source.ListAsync(order), await world.Target.ListAsync(order));
        Assert.InRange(await world.Target.QueryAsync<long>("SELECT nextval('message_seq_id')"), 1, 1000);
    }

    [Fact]
    public async Task The_agent_of_the_same_identifier_is_the_one_to_replace_and_not_its_copy()
    {
        await using var world = await World.CreateAsync();
        File.Delete(Path.Combine(world.Folder, $"{DatabaseFleet.OtherAgent}.af"));
        await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve);
        await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve with { Conflict = RestoreConflict.Rename });
        await world.Target.ExecuteAsync($"DELETE FROM groups; UPDATE agents SET description = 'spoilt' WHERE id = '{DatabaseFleet.Agent}'; DELETE FROM identities_blocks");

        var results = await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve with { Conflict = RestoreConflict.Replace });

        Assert.Equal(DatabaseFleet.Agent, results.Single().AgentId);
        Assert.Equal(2, await world.Target.QueryAsync<long>("SELECT count(*) FROM agents"));
        Assert.Equal(0, await world.Target.QueryAsync<long>("SELECT count(*) FROM agents WHERE description = 'spoilt'"));
    }

    [Fact]
    public async Task Rows_of_a_file_in_UTF_16_are_read_as_the_rest_of_it_is()
    {
        await using var world = await World.CreateAsync();
        foreach (var path in Directory.GetFiles(world.Folder, "*.af"))
        {
            await File.WriteAllTextAsync(path, await File.ReadAllTextAsync(path), System.Text.Encoding.Unicode);
        }

        var results = await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve);

        Assert.All(results, r => Assert.Equal((LettaRestoreStatus.Restored, ""), (r.Status, string.Join('\n', r.Missing))));
        Assert.Equal(await world.Source.ListAsync("SELECT id FROM messages ORDER BY 1"), await world.Target.ListAsync("SELECT id FROM messages ORDER BY 1"));
    }

    [Fact]
    public async Task A_schema_with_differences_that_matter_is_refused()
    {
        await using var world = await World.CreateAsync();
        await world.Target.ExecuteAsync("ALTER TABLE messages DROP COLUMN otid");

        var error = await Assert.ThrowsAsync<LettaException>(() => Restoring.RestoreAsync(world.Target, world.Folder, s_preserve));

        Assert.Equal("SchemaMismatch", error.ErrorId);
        Assert.Contains("Invoke-LettaSchemaFix", error.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_organization_only_identifiers_that_stay_are_taken()
    {
        await using var world = await World.CreateAsync();

        var error = await Assert.ThrowsAsync<LettaException>(() => Restoring.RestoreAsync(world.Target, world.Folder, new RestoreOptions()));

        Assert.Equal("OrganizationNotFound", error.ErrorId);
        Assert.Contains("has no organization to restore agents into", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, await world.Target.QueryAsync<long>("SELECT count(*) FROM agents"));
    }

    [Fact]
    public async Task Messages_whose_numbers_are_taken_get_new_ones_in_their_order()
    {
        await using var world = await World.CreateAsync();
        await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve);
        await world.Target.ExecuteAsync("SET session_replication_role = replica; UPDATE messages SET id = 'message-' || gen_random_uuid(), agent_id = 'agent-x'; DELETE FROM agents; DELETE FROM steps; DELETE FROM runs; DELETE FROM conversations; DELETE FROM conversation_messages; DELETE FROM agents_tags; DELETE FROM agent_environment_variables; DELETE FROM blocks_agents; DELETE FROM files_agents; DELETE FROM tools_agents; DELETE FROM archives_agents; DELETE FROM sources_agents; DELETE FROM identities_agents; DELETE FROM groups_agents; DELETE FROM groups; DELETE FROM jobs; DELETE FROM run_metrics; DELETE FROM step_metrics; DELETE FROM blocks_conversations; DELETE FROM groups_blocks");

        var results = await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve);

        Assert.Contains(results[0].Warnings, w => w.Contains("new numbers", StringComparison.Ordinal));
        var order = $"SELECT id FROM messages WHERE agent_id = '{DatabaseFleet.Agent}' ORDER BY sequence_id";
        Assert.Equal(await world.Source.ListAsync(order), await world.Target.ListAsync(order));
    }

    [Fact]
    public async Task Secrets_of_another_key_are_told()
    {
        await using var world = await World.CreateAsync();
        const string Encrypted = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz0123456789";
        await world.Source.ExecuteAsync($"UPDATE agent_environment_variables SET value_enc = '{Encrypted}'");
        await RowsFile.WriteAsync(world.Source, world.Folder);

        var results = await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve with { EncryptionKey = "another key" });

        Assert.Equal(["1 secrets of agent_environment_variables are encrypted with another key than the target's: its server cannot open them."], results[0].Missing);
        Assert.Equal(16, SecretCipher.Fingerprint("another key").Length);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(90)]
    [InlineData(150)]
    public async Task A_restore_that_is_cancelled_leaves_nothing_and_the_next_one_completes_it(int statement)
    {
        await using var world = await World.CreateAsync();
        using var cancel = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Restoring.RestoreAsync(world.Target, world.Folder, s_preserve, database => new InterruptedDatabase(database, statement, cancel.Cancel), cancel.Token));

        Assert.True(await world.Target.QueryAsync<bool>("SELECT count(*) = (SELECT count(DISTINCT agent_id) FROM messages) FROM agents"));
        await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve);
        await LosslessTests.AssertSameAsync(world.Source, world.Target, Catalog, Catalog);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(60)]
    [InlineData(120)]
    [InlineData(180)]
    [InlineData(400)]
    public async Task A_restore_that_is_killed_leaves_nothing_and_the_next_one_completes_it(int statement)
    {
        await using var world = await World.CreateAsync();

        await world.KilledAsync(statement);

        Assert.True(await world.Target.QueryAsync<bool>("SELECT count(*) = (SELECT count(DISTINCT agent_id) FROM messages) FROM agents"));
        await Restoring.RestoreAsync(world.Target, world.Folder, s_preserve);
        await LosslessTests.AssertSameAsync(world.Source, world.Target, Catalog, Catalog);
    }

    /// <summary>Each row with its identifiers replaced by numbers in the order of what is known to be the same.</summary>
    private static async Task AssertRenamedAsync(World world)
    {
        var map = await PairsAsync(world);
        foreach (var table in DatabaseFleet.Tables.Except(["organizations", "users", "agents"]))
        {
            var columns = DatabaseFleet.Columns(Catalog, table).Except(table == "tools" ? ["metadata_"] : ["sequence_id"]).ToList();
            var was = (await DatabaseFleet.ReadAsync(world.Source, table, columns)).Select(r => Renamed(r, map)).Order(StringComparer.Ordinal);
            var now = (await DatabaseFleet.ReadAsync(world.Target, table, columns)).Order(StringComparer.Ordinal);
            Assert.Equal(was, now);
        }

        Assert.True(await world.Target.QueryAsync<bool>("SELECT metadata_ #>> '{mcp,server_id}' = (SELECT id FROM mcp_server) FROM tools"));
        var agents = DatabaseFleet.Columns(Catalog, "agents").Except(["metadata_"]).ToList();
        Assert.Equal(
            (await DatabaseFleet.ReadAsync(world.Source, "agents", agents)).Select(r => Renamed(r, map)).Order(StringComparer.Ordinal),
            (await DatabaseFleet.ReadAsync(world.Target, "agents", agents)).Order(StringComparer.Ordinal));
    }

    private static string Renamed(string row, List<(string Old, string New)> map) => map.Aggregate(row, (text, pair) => text.Replace(pair.Old, pair.New, StringComparison.Ordinal));

    /// <summary>Old and new identifiers: of each table, in an order that has nothing to do with them.</summary>
    private static async Task<List<(string Old, string New)>> PairsAsync(World world)
    {
        var map = new List<(string, string)>
        {
            (DatabaseFleet.Organization, "org-00000000-0000-4000-8000-000000000000"),
            (DatabaseFleet.User, "user-00000000-0000-4000-8000-000000000000"),
        };
        foreach (var (table, order) in ((string, string)[])[
            ("agents", "name"), ("block", "label"), ("messages", "sequence_id"), ("block_history", "1"), ("tools", "1"), ("mcp_server", "1"), ("mcp_tools", "1"), ("identities", "1"), ("sources", "1"),
            ("files", "1"), ("file_contents", "1"), ("source_passages", "1"), ("archives", "1"), ("archival_passages", "text"), ("passage_tags", "1"), ("groups", "1"), ("conversations", "1"),
            ("conversation_messages", "1"), ("runs", "1"), ("steps", "1"), ("jobs", "1"), ("agent_environment_variables", "key"), ("files_agents", "file_name")])
        {
            var of = table == "messages" ? " ORDER BY (SELECT name FROM agents AS a WHERE a.id = agent_id), sequence_id" : $" ORDER BY {order}";
            map.AddRange((await world.Source.ListAsync($"SELECT id FROM \"{table}\"{of}")).Zip(await world.Target.ListAsync($"SELECT id FROM \"{table}\"{of}")));
        }

        return map;
    }
}
