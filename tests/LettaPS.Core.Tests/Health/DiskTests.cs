using LettaPS.Core.Health;
using LettaPS.Core.Health.Layers;

namespace LettaPS.Core.Tests.Health;

public class DiskTests
{
    private const long Megabyte = 1 << 20;

    [Theory]
    [InlineData(100, 50_000, 100_000, LettaHealthStatus.Passed)]
    [InlineData(60_000, 50_000, 100_000, LettaHealthStatus.Warning)]
    [InlineData(100, 9_000, 100_000, LettaHealthStatus.Warning)]
    [InlineData(100, 200, 100_000, LettaHealthStatus.Failed)]
    public void Free_space_is_judged_by_the_size_of_the_database_and_of_the_disk(long size, long free, long total, LettaHealthStatus status) =>
        Assert.Equal(status, DatabaseLayer.JudgeDisk(size * Megabyte, new DiskSpace(free * Megabyte, total * Megabyte)).Status);

    [Fact]
    public void What_df_writes_is_read() => Assert.Equal(
        new DiskSpace(41_152_540L << 10, 61_255_492L << 10),
        DiskSpace.Parse("Filesystem     1024-blocks     Used Available Capacity Mounted on\noverlay           61255492 16958968  41152540      30% /\n"));

    [Theory]
    [InlineData("")]
    [InlineData("df: /nowhere: No such file or directory\n")]
    public void What_is_no_answer_of_df_is_none(string output) => Assert.Null(DiskSpace.Parse(output));
}
