using LettaPS.Core.Backups;
using LettaPS.Core.Health;
using LettaPS.Core.Health.Layers;
using LettaPS.Core.Tests.Backups;

namespace LettaPS.Core.Tests.Health;

public class BackupsLayerTests
{
    [Theory]
    [InlineData(0, LettaHealthStatus.Passed, "0 minutes old")]
    [InlineData(23, LettaHealthStatus.Passed, "23 hours old")]
    [InlineData(25, LettaHealthStatus.Warning, "25 hours old. More than 24 hours is too old")]
    [InlineData(24 * 40, LettaHealthStatus.Warning, "40 days old")]
    public async Task A_backup_grows_old(int hours, LettaHealthStatus status, string message)
    {
        using var set = new SmallSet(BackupScope.All, new Guid(7, 0, 0, new byte[8]));
        var options = new HealthOptions(HealthDepth.Deep) { BackupPath = set.Folder };
        var server = new BackedUpServer([SmallSet.Connection.BaseUri], "letta", null, null);

        var findings = await BackupsLayer.ExamineAsync(set.Folder, server, options, new Later(TimeSpan.FromHours(hours)), TestContext.Current.CancellationToken);

        Assert.Equal(status, findings[0].Status);
        Assert.Contains(message, findings[0].Message);
        Assert.Equal(LettaHealthStatus.Passed, findings[1].Status);
    }

    private sealed class Later(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }
}
