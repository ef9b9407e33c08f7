using System.Text.Json.Nodes;
using LettaPS.Core.Restores;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres.Restores;

/// <summary>Files come from strangers: what is not as it must be is an error that names the place, and nothing is written.</summary>
public sealed class HostileFileTests
{
    private const string Catalog = "alembic/0.16.8";
    private const string Victim = "agent-0b0b0b0b-0000-4000-8000-00000000000a";

    public static TheoryData<string, string> Cases => new()
    {
        { "a column that is a statement", "lettaps.database.tables.agents has no column id" },
        { "a table that is a statement", "" },
        { "a number that is a word", "lettaps.database.tables.block.rows[1], limit" },
        { "a vector that is none", "lettaps.database.tables.archival_passages.rows[0], embedding, is not a vector in base64" },
        { "a vector where there is none", "lettaps.database.tables.archival_passages.types" },
        { "a short row", "lettaps.database.tables.messages.rows[2] has 3 cells" },
        { "a row that is no list", "lettaps.database.tables.messages.rows[2] is not a list" },
        { "a cell that is no text", "lettaps.database.tables.messages.rows[0], id, is neither a text nor null" },
        { "U+0000", "lettaps.database.tables.messages.rows[0], role, holds U+0000" },
        { "a million columns", "lettaps.database.tables.messages has 1000000 columns" },
        { "a column twice", "lettaps.database.tables.messages has the column id twice" },
        { "a time not as PostgreSQL writes it", "lettaps.database.tables.agents holds values that are not written as PostgreSQL writes them" },
        { "another agent's message", "lettaps.database.tables.messages holds 1 rows that are not those of the agent" },
        { "another agent", "lettaps.database.tables.agents holds 1 rows that are not those of the agent" },
        { "two agents", "lettaps.database.tables.agents has the row agent-0a0a0a0a" },
        { "a message twice", "lettaps.database.tables.messages has the row message-0a0a0a0a" },
        { "a passage of another archive", "lettaps.database.tables.archival_passages holds 2 rows that are not those of the agent" },
        { "a block that the agent has not", "lettaps.database.tables.block holds 1 rows that are not those of the agent" },
        { "another agent's group", "lettaps.database.tables.groups holds 1 rows that are not those of the agent" },
        { "a message of the victim's identifier", "The identifier 'message-0b0b0b0b" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Nothing_is_written_and_the_place_is_named(string what, string message)
    {
        var server = await PostgresServer.GetAsync();
        await using var source = await server.CreateLettaDatabaseAsync(Catalog, stamped: true);
        await using var target = await server.CreateLettaDatabaseAsync(Catalog, stamped: true);
        await DatabaseFleet.FillAsync(source, Catalog, messages: 3);
        await DatabaseFleet.FillAsync(target, Catalog, messages: 3);
        foreach (var table in DatabaseFleet.Tables.Reverse())
        {
            await RenameAsync(target, table);
        }

        using var folder = new TempFolder();
        var file = await RowsFile.ReadAsync(source, DatabaseFleet.Agent);
        Spoil(file["lettaps"]!["database"]!["tables"]!.AsObject(), what);
        RowsFile.Write(file, folder.Path, DatabaseFleet.Agent);
        var before = await AllAsync(target);

        if (message.Length == 0)
        {
            var results = await Restoring.RestoreAsync(target, folder.Path, new RestoreOptions { PreserveId = true });
            Assert.Contains(results[0].Missing, g => g.StartsWith("1 rows of agents\"; DROP TABLE", StringComparison.Ordinal));
            Assert.Equal(1, await target.QueryAsync<long>($"SELECT count(*) FROM agents WHERE id = '{Victim}'"));
            return;
        }

        var error = await Assert.ThrowsAsync<LettaException>(() => Restoring.RestoreAsync(target, folder.Path, new RestoreOptions { PreserveId = true }));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Equal(before, await AllAsync(target));
    }

    private static void Spoil(JsonObject tables, string what)
    {
        switch (what)
        {
            case "a column that is a statement":
                tables["agents"]!["columns"]![0] = "id\" text); DROP TABLE messages; --";
                break;
            case "a table that is a statement":
                tables["agents\"; DROP TABLE agents; --"] = tables["agents"]!.DeepClone();
                break;
            case "a number that is a word":
                Cells(tables, "block", 1, "limit", "many");
                break;
            case "a vector that is none":
                Cells(tables, "archival_passages", 0, "embedding", "AAA=");
                break;
            case "a vector where there is none":
                var types = tables["archival_passages"]!["types"]!.AsArray();
                types[Index(tables, "archival_passages", "embedding")] = "text";
                break;
            case "a short row":
                tables["messages"]!["rows"]![2] = new JsonArray("a", "b", "c");
                break;
            case "a row that is no list":
                tables["messages"]!["rows"]![2] = "x";
                break;
            case "a cell that is no text":
                tables["messages"]!["rows"]![0]![0] = 1;
                break;
            case "U+0000":
                Cells(tables, "messages", 0, "role", "a\0b");
                break;
            case "a million columns":
                tables["messages"]!["columns"] = new JsonArray([.. Enumerable.Range(0, 1_000_000).Select(i => (JsonNode)$"c{i}")]);
                tables["messages"]!["types"] = tables["messages"]!["columns"]!.DeepClone();
                break;
            case "a column twice":
                tables["messages"]!["columns"]![1] = "id";
                break;
            case "a time not as PostgreSQL writes it":
                Cells(tables, "agents", 0, "created_at", "2025-01-02T03:04:05Z");
                break;
            case "another agent's message":
                Cells(tables, "messages", 1, "agent_id", Victim);
                break;
            case "another agent":
                Cells(tables, "agents", 0, "id", Victim);
                break;
            case "two agents":
                var second = tables["agents"]!["rows"]![0]!.DeepClone();
                tables["agents"]!["rows"]!.AsArray().Add(second);
                break;
            case "a message twice":
                tables["messages"]!["rows"]!.AsArray().Add(tables["messages"]!["rows"]![0]!.DeepClone());
                break;
            case "a passage of another archive":
                tables.Remove("archives");
                break;
            case "a block that the agent has not":
                Cells(tables, "block", 1, "id", "block-0b0b0b0b-0000-4000-8000-000000000013");
                break;
            case "another agent's group":
                Cells(tables, "groups", 0, "manager_agent_id", Victim);
                break;
            case "a message of the victim's identifier":
                Cells(tables, "messages", 2, "id", "message-0b0b0b0b-0000-4000-8000-00000000001f");
                break;
            default:
                throw new ArgumentException(what);
        }
    }

    private static int Index(JsonObject tables, string table, string column) => tables[table]!["columns"]!.AsArray().Select(c => (string)c!).ToList().IndexOf(column);

    private static void Cells(JsonObject tables, string table, int row, string column, string value) => tables[table]!["rows"]![row]![Index(tables, table, column)] = value;

    /// <summary>Makes the fleet another one, of another organization's agents.</summary>
    private static async Task RenameAsync(PostgresDatabase database, string table)
    {
        var columns = DatabaseFleet.Columns(Catalog, table).Where(c => LettaFixtures.Catalog(Catalog)["tables"]![table]!["columns"]!.AsArray().Any(f => (string)f!["name"]! == c && ((string)f["type"]!).StartsWith("character", StringComparison.Ordinal)));
        await database.ExecuteAsync(
            $"SET session_replication_role = replica; UPDATE \"{table}\" SET {string.Join(", ", columns.Select(c => $"\"{c}\" = replace(\"{c}\", '0a0a0a0a', '0b0b0b0b')"))}");
    }

    private static async Task<string> AllAsync(PostgresDatabase database) => string.Join(
        '\n', await Task.WhenAll(DatabaseFleet.Tables.Select(t => database.QueryAsync<string>($"SELECT '{t}' || count(*) || coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') FROM \"{t}\" AS t"))));
}
