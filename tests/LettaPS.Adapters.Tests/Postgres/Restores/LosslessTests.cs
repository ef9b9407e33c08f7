using LettaPS.Core.Restores;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres.Restores;

/// <summary>From a database to a file to an empty database: every row, column by column.</summary>
public sealed class LosslessTests
{
    private static readonly RestoreOptions s_preserve = new() { PreserveId = true };

    [Theory]
    [InlineData(15, "0.11.3")]
    [InlineData(15, "0.16.2")]
    [InlineData(15, "0.16.8")]
    [InlineData(17, "0.16.2")]
    [InlineData(17, "0.16.8")]
    public async Task With_their_identifiers_all_rows_are_the_same(int postgres, string release)
    {
        var catalog = $"alembic/{release}";
        var server = await PostgresServer.GetAsync(postgres);
        await using var source = await server.CreateLettaDatabaseAsync(catalog, stamped: true);
        await using var target = await server.CreateLettaDatabaseAsync(catalog, stamped: true);
        await DatabaseFleet.FillAsync(source, catalog, messages: 10_000);
        using var folder = new TempFolder();
        await RowsFile.WriteAsync(source, folder.Path);

        var results = await Restoring.RestoreAsync(target, folder.Path, s_preserve);

        Assert.All(results, r => Assert.Equal((LettaRestoreStatus.Restored, ""), (r.Status, string.Join('\n', r.Missing.Concat(r.Warnings)))));
        Assert.Equal((10_000, 2, 2, 2, 1), results.Where(r => r.SourceAgentId == DatabaseFleet.Agent).Select(r => (r.MessageCount, r.InContextMessageCount, r.PassageCount, r.BlockCount, r.ToolCount)).Single());
        await AssertSameAsync(source, target, catalog, catalog);
        Assert.True(await target.QueryAsync<long>("SELECT nextval('message_seq_id')") > await target.QueryAsync<long>("SELECT max(sequence_id) FROM messages"));

        var again = await Restoring.RestoreAsync(target, folder.Path, s_preserve);
        Assert.All(again, r => Assert.Equal(LettaRestoreStatus.Skipped, r.Status));
        await AssertSameAsync(source, target, catalog, catalog);
    }

    public static TheoryData<string> Earlier => [.. Core.Schemas.Model.SchemaCatalogue.All.SkipLast(1).Select(s => s.Releases[^1])];

    [Theory]
    [MemberData(nameof(Earlier))]
    public async Task To_every_later_schema_all_is_the_same_that_both_have(string release)
    {
        var from = $"alembic/{release}";
        var server = await PostgresServer.GetAsync();
        await using var source = await server.CreateLettaDatabaseAsync(from, stamped: true);
        await DatabaseFleet.FillAsync(source, from, messages: 5);
        using var folder = new TempFolder();
        await RowsFile.WriteAsync(source, folder.Path);

        foreach (var later in Core.Schemas.Model.SchemaCatalogue.All.Select(s => s.Releases[^1]).SkipWhile(r => r != release).Skip(1))
        {
            var to = $"alembic/{later}";
            await using var target = await server.CreateLettaDatabaseAsync(to, stamped: true);

            var results = await Restoring.RestoreAsync(target, folder.Path, s_preserve);

            Assert.All(results, r => Assert.All(r.Missing, g => Assert.Contains($"Letta {later} has no such", g, StringComparison.Ordinal)));
            await AssertSameAsync(source, target, from, to);
        }
    }

    [Fact]
    public async Task To_an_earlier_release_what_it_has_no_place_for_is_counted()
    {
        const string From = "alembic/0.16.8", To = "alembic/0.11.3";
        var server = await PostgresServer.GetAsync();
        await using var source = await server.CreateLettaDatabaseAsync(From, stamped: true);
        await using var target = await server.CreateLettaDatabaseAsync(To, stamped: true);
        await DatabaseFleet.FillAsync(source, From, messages: 5);
        using var folder = new TempFolder();
        await RowsFile.WriteAsync(source, folder.Path);

        var results = await Restoring.RestoreAsync(target, folder.Path, s_preserve);

        var gaps = results.Single(r => r.SourceAgentId == DatabaseFleet.Agent).Missing;
        Assert.Contains("1 rows of conversations: Letta 0.11.3 has no such table, or none that belongs to an agent.", gaps);
        Assert.Contains("messages.run_id: Letta 0.11.3 has no such column (5 values).", gaps);
        await AssertSameAsync(source, target, From, To, except: [("steps", "stop_reason")]);
    }

    internal static async Task AssertSameAsync(PostgresDatabase source, PostgresDatabase target, string from, string to, params (string, string)[] except)
    {
        foreach (var table in DatabaseFleet.Tables)
        {
            var columns = DatabaseFleet.Columns(from, table).Intersect(DatabaseFleet.Columns(to, table)).Where(c => !except.Contains((table, c))).ToList();
            if (columns.Count > 0)
            {
                var (was, now) = (await DatabaseFleet.ReadAsync(source, table, columns), await DatabaseFleet.ReadAsync(target, table, columns));
                Assert.Equal((to, table, was.Count), (to, table, now.Count));
                Assert.Equal(was, now);
            }
        }
    }
}
