using LettaPS.Core.IO;

namespace LettaPS.Core.Tests.IO;

public class ItemBoundaryTests
{
    [Fact]
    public void A_cancellation_ends_a_run() => Assert.True(ItemBoundary.EndsRun(new OperationCanceledException()));

    [Fact]
    public void A_server_that_does_not_answer_in_time_does_not_end_a_run() =>
        Assert.False(ItemBoundary.EndsRun(new LettaException("ServerTimeout", LettaErrorKind.Timeout, "It is slow.", "Wait.", innerException: new TaskCanceledException())));

    [Fact]
    public void A_full_disk_ends_a_run_also_as_the_cause_of_a_failure()
    {
        var full = new IOException("No space left on device", OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28);

        Assert.True(ItemBoundary.EndsRun(full));
        Assert.True(ItemBoundary.EndsRun(new LettaException("StorageFailed", LettaErrorKind.Storage, "The disk is full.", "Make room.", innerException: full)));
    }
}
