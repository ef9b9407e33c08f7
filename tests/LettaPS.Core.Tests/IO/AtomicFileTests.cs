using System.Diagnostics;
using LettaPS.Core.IO;
using LettaPS.TestKit;

namespace LettaPS.Core.Tests.IO;

public sealed class AtomicFileTests
{
    [Fact]
    public async Task A_full_disk_is_left_as_it_was()
    {
        using var folder = new TempFolder();
        var disk = Directory.CreateDirectory(folder["disk"]).FullName;
        if (!await RunAsync("mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", disk))
        {
            Needs.Missing("A small file system needs Linux and root.");
        }

        try
        {
            var file = new AtomicFile(Path.Combine(disk, "dump"));

            // More than the disk holds, the last of it in the buffer of the file: what disposing of it writes fails once more.
            await Assert.ThrowsAsync<IOException>(async () =>
            {
                while (true)
                {
                    await file.Stream.WriteAsync(new byte[1000], TestContext.Current.CancellationToken);
                }
            });
            file.Dispose();

            Assert.Empty(Directory.EnumerateFileSystemEntries(disk));
        }
        finally
        {
            Assert.True(await RunAsync("umount", disk));
        }
    }

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(program, arguments);
            await process.WaitForExitAsync();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
