using System.IO.Compression;
using LettaPS.Core.Releases;
using LettaPS.Core.Upgrades;
using LettaPS.SchemaCatalogue;

namespace LettaPS.Core.Tests.Upgrades;

public class MigrationFactsTests
{
    [Fact]
    public void Every_migration_since_0_11_3_was_recorded() => Assert.Equal(
        ReleaseCatalogue.Migrations.Where(m => m.Changes is not null).Select(m => m.Revision).Order(),
        MigrationFacts.All.Keys.Order());

    [Fact]
    public void The_data_is_what_the_tool_makes_of_the_recording()
    {
        using var recorded = new GZipStream(File.OpenRead(Path.Combine(Root(), "tools/SchemaCatalogue/migrations.json.gz")), CompressionMode.Decompress);

        Assert.Equal(MigrationJson.Write(MigrationWriter.Condense(recorded)), File.ReadAllText(Path.Combine(Root(), "src/LettaPS.Core/Upgrades/migrations.json")));
    }

    [Fact]
    public void A_step_takes_as_many_times_as_long_as_its_largest_table_has_more_rows()
    {
        var rows = new Dictionary<string, long> { ["messages"] = 6_120_000, ["runs"] = 1 };

        var steps = UpgradePath.Steps(ReleaseCatalogue.PositionOf("ee2b43eea55e"), ReleaseCatalogue.PositionOf("45402909a46b"), rows);

        Assert.Equal(TimeSpan.FromSeconds(5.3), steps.Single(s => s.Revision == "27de0f58e076").Estimate);
        Assert.Equal(["27de0f58e076", "45402909a46b"], steps.Where(s => s.IsSlow).Select(s => s.Revision));
    }

    [Fact]
    public void Where_the_rows_are_not_known_there_is_no_estimate() =>
        Assert.All(UpgradePath.Steps(-1, ReleaseCatalogue.Migrations.Count - 1, rows: null), s => Assert.Null(s.Estimate));

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "LettaPS.sln")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }
}
