using LettaPS.Adapters.Postgres;
using LettaPS.Core.Schemas.Repair;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres;

public abstract class MessageRepairTests(int major)
{
    private const string OfOneReturn = "role = 'tool' AND json_array_length(tool_returns) = 1";

    private static readonly SchemaFixOptions s_repair = new() { Version = "0.16.8", Kinds = [LettaDriftKind.MessageData] };

    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task Messages_in_danger_are_found_and_put_out_of_it_and_nothing_else_changes(string recordedFrom)
    {
        await using var database = await LoadAsync(recordedFrom);
        await using var schema = Open(database);
        var doctor = new SchemaDoctor(schema);
        var before = await RowsAsync(database, "tool_returns::jsonb");

        var drift = Assert.Single((await doctor.CompareAsync("0.16.8", schemaOnly: false, default)).Drifts);
        Assert.Equal((LettaDriftKind.MessageData, true, false), (drift.Kind, drift.IsFixable, drift.IsAdditive));
        Assert.StartsWith("297 tool messages of 0.11 are in danger, 0 are damaged", drift.Effect, StringComparison.Ordinal);
        var result = Assert.Single(await doctor.FixAsync(s_repair));

        Assert.Equal(297, result.RowCount);
        Assert.Equal(297, await database.QueryAsync<long>($"SELECT count(*) FROM messages WHERE {OfOneReturn} AND tool_returns -> 0 ->> 'tool_call_id' = tool_call_id"));
        Assert.Equal(before, await RowsAsync(database, "(CASE WHEN json_array_length(tool_returns) = 1 THEN jsonb_build_array(tool_returns::jsonb -> 0 #- '{tool_call_id}') ELSE tool_returns::jsonb END)"));
        Assert.Empty((await doctor.CompareAsync("0.16.8", schemaOnly: false, default)).Drifts);
    }

    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task Every_id_that_a_server_destroyed_comes_back(string recordedFrom)
    {
        await using var database = await LoadAsync(recordedFrom);
        var before = await RowsAsync(database, "''");

        // What 0.13 to 0.16.8 do when they read such rows; some write the empty id into the return as well.
        await database.ExecuteAsync($"""
            SET session_replication_role = replica;
            UPDATE messages SET tool_call_id = NULL WHERE {OfOneReturn};
            UPDATE messages SET tool_returns = jsonb_set(tool_returns::jsonb, ARRAY['0', 'tool_call_id'], 'null')::json WHERE {OfOneReturn} AND sequence_id % 2 = 0;
            """);
        await using var schema = Open(database);
        var doctor = new SchemaDoctor(schema);

        var drift = Assert.Single((await doctor.CompareAsync("0.16.8", schemaOnly: false, default)).Drifts);
        Assert.StartsWith("0 tool messages of 0.11 are in danger, 297 are damaged", drift.Effect, StringComparison.Ordinal);
        var result = Assert.Single(await doctor.FixAsync(s_repair));

        Assert.Equal(297, result.RowCount);
        Assert.Equal(before, await RowsAsync(database, "''"));
        Assert.Equal(297, await database.QueryAsync<long>($"SELECT count(*) FROM messages WHERE {OfOneReturn} AND tool_returns -> 0 ->> 'tool_call_id' = tool_call_id"));
        Assert.Empty((await doctor.CompareAsync("0.16.8", schemaOnly: false, default)).Drifts);
    }

    [Fact]
    public async Task A_return_with_anything_in_it_keeps_it()
    {
        await using var database = await LoadAsync("0.11.3");
        await database.ExecuteAsync($$$"""
            DELETE FROM messages WHERE NOT ({{{OfOneReturn}}});
            UPDATE messages SET tool_call_id = 'call "\ \'' || n, tool_returns = r::json FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM messages) AS m,
                (VALUES (1, '[{}]'), (2, '[ { "status" : "ok", "stdout" : ["\u0000", "\"tool_call_id\": null}"] } ]'), (3, '[{"tool_call_id" : null, "a": {"b": []}}]'),
                    (4, '[{"tool_call_id": "its own"}]'), (5, '[]'), (6, 'null'), (7, '[{"a": 1}, {"b": 2}]'), (8, '["text"]')) AS v (k, r)
            WHERE m.id = messages.id AND n = k;
            DELETE FROM messages WHERE tool_call_id NOT LIKE 'call "%';
            """.Replace("\\'", "''", StringComparison.Ordinal));
        await using var schema = Open(database);

        var result = Assert.Single(await new SchemaDoctor(schema).FixAsync(s_repair));

        Assert.Equal(3, result.RowCount);
        Assert.Equal(
            [
                """[{"tool_call_id": "call \"\\ '1"}]""",
                """[{ "status" : "ok", "stdout" : ["\u0000", "\"tool_call_id\": null}"], "tool_call_id": "call \"\\ '2"}]""",
                """[{"tool_call_id": "call \"\\ '3", "a": {"b": []}}]""",
                """[{"tool_call_id": "its own"}]""",
                "[]",
                "null",
                """[{"a": 1}, {"b": 2}]""",
                """["text"]""",
            ],
            await database.ListAsync("SELECT tool_returns::text FROM messages ORDER BY tool_call_id"));
    }

    [Fact]
    public async Task An_id_that_is_nowhere_is_said_to_be_lost()
    {
        await using var database = await LoadAsync("0.11.3");
        await database.ExecuteAsync($"UPDATE messages SET tool_call_id = NULL WHERE {OfOneReturn}; DELETE FROM messages WHERE role = 'assistant' AND sequence_id % 2 = 0");
        var lost = await database.QueryAsync<long>($"SELECT count(*) FROM messages m WHERE {OfOneReturn} AND NOT EXISTS (SELECT FROM messages a WHERE a.sequence_id = m.sequence_id - 1 AND a.role = 'assistant')");
        await using var schema = Open(database);
        var doctor = new SchemaDoctor(schema);

        var result = Assert.Single(await doctor.FixAsync(s_repair));

        Assert.InRange(lost, 1, 296);
        Assert.Equal(297 - lost, result.RowCount);
        Assert.Contains($"The ids of {lost} messages are lost", result.Message, StringComparison.Ordinal);
        Assert.Equal(lost, await database.QueryAsync<long>($"SELECT count(*) FROM messages WHERE {OfOneReturn} AND tool_call_id IS NULL"));
        Assert.False(Assert.Single((await doctor.CompareAsync("0.16.8", schemaOnly: false, default)).Drifts).IsFixable);
    }

    [Fact]
    public async Task Rows_are_not_touched_unless_the_kind_is_named_and_not_for_a_release_that_does_no_harm()
    {
        await using var database = await LoadAsync("0.11.3");
        await using var schema = Open(database);
        var doctor = new SchemaDoctor(schema);

        var skipped = Assert.Single(await doctor.FixAsync(s_repair with { Kinds = null }));

        Assert.Equal((LettaSchemaFixStatus.Skipped, LettaDriftKind.MessageData), (skipped.Status, skipped.Kind));
        Assert.Contains("-Kind MessageData", skipped.Message, StringComparison.Ordinal);
        Assert.Equal(0, await database.QueryAsync<long>("SELECT count(*) FROM messages WHERE tool_returns::text LIKE '%tool_call_id%'"));
        Assert.DoesNotContain((await doctor.CompareAsync("0.12.1", schemaOnly: false, default)).Drifts, d => d.Kind == LettaDriftKind.MessageData);
    }

    private async Task<PostgresDatabase> LoadAsync(string recordedFrom)
    {
        var database = await (await PostgresServer.GetAsync(major)).CreateLettaDatabaseAsync("alembic/0.16.8", stamped: true);
        await database.LoadAsync(recordedFrom, "messages");
        return database;
    }

    private static SchemaDatabase Open(PostgresDatabase database) => new(DatabaseAddress.Parse(database.Uri()));

    /// <summary>Every column of every message but the returns, which come in the form wanted.</summary>
    private static Task<IReadOnlyList<string>> RowsAsync(PostgresDatabase database, string returns) => database.ListAsync(
        $"SELECT (to_jsonb(m) - 'tool_returns')::text || ({returns})::text FROM messages m ORDER BY sequence_id");
}

public class MessageRepairTests15() : MessageRepairTests(15);

public class MessageRepairTests17() : MessageRepairTests(17);
