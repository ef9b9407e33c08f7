using LettaPS.Core.IO;
using LettaPS.TestKit;

namespace LettaPS.Core.Tests.IO;

/// <summary>A lock that several runs want has one holder, also in the moment in which the run before deletes its file.</summary>
public sealed class FileLockTests
{
    [Fact]
    public async Task Of_many_runs_one_holds_the_lock()
    {
        using var folder = new TempFolder();
        var path = folder["set.lock"];
        var (holders, taken) = (0, 0);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 500; i++)
            {
                using var held = FileLock.TryTake(path);
                if (held is not null)
                {
                    Assert.Equal(1, Interlocked.Increment(ref holders));
                    Interlocked.Increment(ref taken);
                    Interlocked.Decrement(ref holders);
                }
            }
        })));

        Assert.True(taken > 8, $"{taken} of 4,000 runs got the lock.");
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_lock_is_free_again_when_its_holder_has_ended()
    {
        using var folder = new TempFolder();

        using (FileLock.TryTake(folder["set.lock"]))
        {
            Assert.Null(FileLock.TryTake(folder["set.lock"]));
        }

        using var next = FileLock.TryTake(folder["set.lock"]);
        Assert.NotNull(next);
    }
}
