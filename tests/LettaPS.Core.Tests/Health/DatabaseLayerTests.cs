using LettaPS.Core.Health;
using LettaPS.Core.Health.Layers;
using LettaPS.Core.Tests.Schemas;

namespace LettaPS.Core.Tests.Health;

public class DatabaseLayerTests
{
    [Theory]
    [InlineData("0.16.2", 140_010, LettaHealthStatus.Failed)]
    [InlineData("0.16.2", 150_020, LettaHealthStatus.Passed)]
    [InlineData("0.16.8", 130_001, LettaHealthStatus.Failed)]
    public void A_release_that_needs_a_newer_PostgreSQL_fails(string release, int version, LettaHealthStatus status)
    {
        var snapshot = Snapshots.Of($"alembic/{release}", version, "27de0f58e076");

        var finding = DatabaseLayer.PostgreSql(new DatabaseReading(DatabaseAddress.Default, snapshot, snapshot.Diagnose(release), TimeSpan.Zero));

        Assert.Equal(status, finding.Status);
        Assert.Equal(status == LettaHealthStatus.Failed, finding.Message.Contains("needs PostgreSQL 15", StringComparison.Ordinal));
    }

    [Fact]
    public void An_extension_older_than_its_files_is_warned_of()
    {
        var snapshot = Snapshots.Of("alembic/0.16.8");
        snapshot = snapshot with { Server = snapshot.Server with { AvailableExtensions = [new() { Name = "vector", Version = "0.8.1" }] } };

        var finding = DatabaseLayer.Vector(new DatabaseReading(DatabaseAddress.Default, snapshot, snapshot.Diagnose(), TimeSpan.Zero));

        Assert.Equal((LettaHealthStatus.Warning, "ALTER EXTENSION vector UPDATE"), (finding.Status, finding.Recommendation));
    }
}
