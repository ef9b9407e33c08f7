using System.Buffers;
using CsCheck;
using LettaPS.Core.IO;

namespace LettaPS.Core.Tests.IO;

public class BufferedOutputTests
{
    [Fact]
    public void What_was_written_arrives_once_and_in_order_however_long_the_parts_are()
    {
        Gen.OneOf(Gen.Int[0, 5_000], Gen.Int[100_000, 400_000]).List[0, 60].Sample(lengths =>
        {
            var parts = lengths.Select((length, i) => Enumerable.Repeat((byte)i, length).ToArray()).ToList();
            using var destination = new MemoryStream();
            using var output = new BufferedOutput(destination);
            parts.ForEach(p => output.Write(p));
            output.Flush();

            Assert.True(parts.SelectMany(p => p).SequenceEqual(destination.ToArray()));
        },
        iter: 30);
    }

    [Fact]
    public void What_was_not_flushed_is_not_written_when_it_is_let_go_of()
    {
        using var destination = new MemoryStream();
        using (var output = new BufferedOutput(destination))
        {
            output.Write("unfinished"u8);
        }

        Assert.Empty(destination.ToArray());
    }

    [Fact]
    public void More_than_there_is_room_for_cannot_be_said_to_be_written()
    {
        using var buffer = new PooledBuffer();
        var room = buffer.GetSpan().Length;

        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Advance(room + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Advance(-1));
    }
}
