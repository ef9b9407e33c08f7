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
}
