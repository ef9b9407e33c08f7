using CsCheck;
using LettaPS.Core.IO;
using LettaPS.TestKit;

namespace LettaPS.Core.Tests.IO;

public class SpillListTests
{
    [Fact]
    public void Values_come_back_in_their_order_and_by_their_place_from_memory_or_file()
    {
        using var folder = new TempFolder();

        // Of 24 bytes each, so that the limit is within a value; more than who reads all reads at once.
        Gen.Guid.List[0, 1500].Sample(ids =>
        {
            using var list = new SpillList<(Guid Id, int Number)>(folder.Path, memoryLimit: 10_000);
            foreach (var (id, i) in ids.Select((id, i) => (id, i)))
            {
                list.Add((id, i));
            }

            Assert.Equal(ids.Select((id, i) => (id, i)), list);
            Assert.Equal(ids, Enumerable.Range(0, list.Count).Select(i => list[i].Id));
            Assert.Throws<ArgumentOutOfRangeException>(() => list[ids.Count]);
        },
        iter: 30,
        threads: 1);
    }
}
