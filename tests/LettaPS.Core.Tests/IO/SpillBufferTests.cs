using CsCheck;
using LettaPS.Core.IO;
using LettaPS.TestKit;

namespace LettaPS.Core.Tests.IO;

public class SpillBufferTests
{
    [Fact]
    public void What_was_written_is_read_back_from_memory_or_file()
    {
        using var folder = new TempFolder();
        Gen.Byte.Array[0, 50].List[0, 40].Sample(parts =>
        {
            using var buffer = new SpillBuffer(folder.Path, memoryLimit: 200);
            var places = parts.Select(p => (Position: buffer.Append(p), Bytes: p)).ToList();

            Assert.All(places, p => Assert.Equal(p.Bytes, buffer.Read(p.Position, p.Bytes.Length).ToArray()));
            Assert.Equal(parts.Sum(p => (long)p.Length), buffer.Length);
            if (!OperatingSystem.IsWindows())
            {
                Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
            }
        },
        threads: 1);
    }
}
