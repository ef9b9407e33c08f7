using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using LettaPS.Core.IO;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Compose;

[UnsupportedOSPlatform("windows")]
public sealed partial class SafeFileReplaceTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public SafeFileReplaceTests() => File.WriteAllText(_folder["a.yml"], "old");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_file_is_replaced_and_nothing_else_is_left()
    {
        SafeFileReplace.Replace(Change("a.yml"), backup: false);

        Assert.Equal("new", File.ReadAllText(_folder["a.yml"]));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_backup_keeps_the_file_as_it_was_and_older_backups_stay()
    {
        File.WriteAllText(_folder["a.yml.bak"], "ancient");
        File.WriteAllText(_folder["a.yml.bak.1"], "older");

        Assert.Equal(_folder["a.yml.bak.2"], SafeFileReplace.Replace(Change("a.yml"), backup: true));

        Assert.Equal(
            ("new", "ancient", "older", "old"),
            (File.ReadAllText(_folder["a.yml"]), File.ReadAllText(_folder["a.yml.bak"]), File.ReadAllText(_folder["a.yml.bak.1"]), File.ReadAllText(_folder["a.yml.bak.2"])));
    }

    [Fact]
    public void The_same_content_is_kept_once()
    {
        File.WriteAllText(_folder["a.yml.bak"], "old");

        Assert.Equal(_folder["a.yml.bak"], SafeFileReplace.Replace(Change("a.yml"), backup: true));

        Assert.Equal(2, Directory.GetFileSystemEntries(_folder.Path).Length);
    }

    [Fact]
    public void A_file_that_was_changed_in_the_meantime_stays_as_it_is()
    {
        var change = Change("a.yml");
        File.WriteAllText(_folder["a.yml"], "theirs");

        Assert.Equal("FileChanged", Assert.Throws<LettaException>(() => SafeFileReplace.Replace(change, backup: true)).ErrorId);

        Assert.Equal("theirs", File.ReadAllText(_folder["a.yml"]));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_file_that_is_gone_does_not_come_back()
    {
        var change = Change("a.yml");
        File.Delete(_folder["a.yml"]);

        Assert.Equal("FileChanged", Assert.Throws<LettaException>(() => SafeFileReplace.Replace(change, backup: false)).ErrorId);

        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Of_files_that_belong_together_none_changes_if_one_cannot()
    {
        foreach (var name in (string[])["b.yml", "c.yml"])
        {
            File.WriteAllText(_folder[name], "old");
        }

        FileChange[] changes = [Change("a.yml"), Change("b.yml"), Change("c.yml")];
        File.WriteAllText(_folder["b.yml"], "theirs");
        var last = string.Empty;

        var failure = Assert.Throws<LettaException>(() => SafeFileReplace.ReplaceAll(changes, backup: false, c => last = c.Before.Path));

        Assert.Equal(("FileChanged", _folder["b.yml"]), (failure.ErrorId, last));
        Assert.Equal(["old", "theirs", "old"], changes.Select(c => File.ReadAllText(c.Before.Path)));
        Assert.Equal(3, Directory.GetFileSystemEntries(_folder.Path).Length);
    }

    [Fact]
    public void A_file_that_someone_else_changed_before_it_could_get_its_old_content_back_is_named()
    {
        File.WriteAllText(_folder["b.yml"], "old");
        FileChange[] changes = [Change("a.yml"), Change("b.yml")];

        var failure = Assert.Throws<LettaException>(() => SafeFileReplace.ReplaceAll(changes, backup: false, c =>
        {
            if (c == changes[1])
            {
                File.WriteAllText(_folder["a.yml"], "theirs");
                File.WriteAllText(_folder["b.yml"], "theirs");
            }
        }));

        Assert.Equal(("FileRollbackFailed", (object)_folder["a.yml"]), (failure.ErrorId, failure.Target));
        Assert.Equal(["theirs", "theirs"], changes.Select(c => File.ReadAllText(c.Before.Path)));
    }

    [Fact]
    public void A_symbolic_link_stays_one_and_the_file_it_leads_to_changes()
    {
        Unix();
        Directory.CreateDirectory(_folder["real"]);
        File.Move(_folder["a.yml"], _folder["real/b.yml"]);
        File.CreateSymbolicLink(_folder["hop.yml"], "real/b.yml");
        File.CreateSymbolicLink(_folder["a.yml"], "hop.yml");

        SafeFileReplace.Replace(Change("a.yml"), backup: true);

        Assert.Equal("hop.yml", new FileInfo(_folder["a.yml"]).LinkTarget);
        Assert.Equal(("new", "old"), (File.ReadAllText(_folder["real/b.yml"]), File.ReadAllText(_folder["real/b.yml.bak"])));
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.UserExecute)]
    public void The_mode_stays_and_the_backup_has_it_too(UnixFileMode mode)
    {
        Unix();
        File.SetUnixFileMode(_folder["a.yml"], mode);

        SafeFileReplace.Replace(Change("a.yml"), backup: true);

        Assert.Equal((mode, mode), (File.GetUnixFileMode(_folder["a.yml"]), File.GetUnixFileMode(_folder["a.yml.bak"])));
    }

    [Fact]
    public void The_owner_stays()
    {
        Root();
        Assert.Equal(0, ChOwn(_folder["a.yml"], 4711, 4712));

        SafeFileReplace.Replace(Change("a.yml"), backup: true);

        Assert.Equal(("4711:4712", "4711:4712"), (Owner("a.yml"), Owner("a.yml.bak")));
    }

    [Fact]
    public void Who_cannot_keep_the_owner_changes_nothing()
    {
        Root();
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0x1FF);
        File.SetUnixFileMode(_folder["a.yml"], (UnixFileMode)0x1B6);

        var e = AsNobody(() => SafeFileReplace.Replace(Change("a.yml"), backup: false));

        Assert.Equal("FileOwnerDenied", Assert.IsType<LettaException>(e).ErrorId);
        Assert.Equal("old", File.ReadAllText(_folder["a.yml"]));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData(0x1FF, 0x124)]
    [InlineData(0x16D, 0x1B6)]
    public void Without_the_right_to_write_the_file_or_its_folder_nothing_changes(int folderMode, int fileMode)
    {
        Root();
        File.SetUnixFileMode(_folder["a.yml"], (UnixFileMode)fileMode);
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)folderMode);

        Assert.IsType<UnauthorizedAccessException>(AsNobody(() => SafeFileReplace.Replace(Change("a.yml"), backup: true)));

        Assert.Equal("old", File.ReadAllText(_folder["a.yml"]));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Without_the_right_to_read_the_file_that_is_said()
    {
        Root();
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0x1FF);
        File.SetUnixFileMode(_folder["a.yml"], 0);

        Assert.IsType<UnauthorizedAccessException>(AsNobody(() => TextFile.Read(_folder["a.yml"])));
    }

    [Fact]
    public void A_folder_is_no_file() => Assert.Equal("InvalidFilePath", Assert.Throws<LettaException>(() => TextFile.Read(_folder.Path)).ErrorId);

    [Fact]
    public void A_file_that_is_not_there_is_named() => Assert.Equal("PathNotFound", Assert.Throws<LettaException>(() => TextFile.Read(_folder["b.yml"])).ErrorId);

    [Fact]
    public void A_hundred_megabytes_are_refused_before_they_are_read()
    {
        using (var file = File.Create(_folder["big.yml"]))
        {
            file.SetLength(100 << 20);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal("FileTooLarge", Assert.Throws<LettaException>(() => TextFile.Read(_folder["big.yml"])).ErrorId);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0x00, 0x01 })]
    [InlineData(new byte[] { 0x61, 0x00, 0x62 })]
    [InlineData(new byte[] { 0xC3, 0x28 })]
    public void What_is_no_text_is_refused(byte[] bytes)
    {
        File.WriteAllBytes(_folder["a.yml"], bytes);

        Assert.Equal("InvalidTextFile", Assert.Throws<LettaException>(() => TextFile.Read(_folder["a.yml"])).ErrorId);
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-32")]
    public void Every_encoding_with_a_mark_comes_back_as_it_was(string name)
    {
        var encoding = Encoding.GetEncoding(name);
        byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes("a: ü😀\r\n")];
        File.WriteAllBytes(_folder["a.yml"], bytes);

        var source = TextFile.Read(_folder["a.yml"]);

        Assert.Equal("a: ü😀\r\n", source.Text);
        Assert.Equal(bytes, source.WithText(source.Text).Bytes.ToArray());
    }

    private FileChange Change(string name)
    {
        var before = TextFile.Read(_folder[name]);
        return new(before, before.WithText("new"));
    }

    private string Owner(string name)
    {
        using var stat = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%u:%g", _folder[name]]) { RedirectStandardOutput = true })!;
        return stat.StandardOutput.ReadToEnd().Trim();
    }

    private static void Unix()
    {
        if (OperatingSystem.IsWindows())
        {
            Needs.Missing("Windows has no file modes, and links only for some users.");
        }
    }

    private static void Root()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            Needs.Missing("Only root on Linux can try what another user may do.");
        }
    }

    /// <summary>Does something with the rights of a user who owns nothing, on a thread of its own: Linux has file system users for threads.</summary>
    private static Exception? AsNobody(Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            _ = SetFsUid(65534);
            failure = Record.Exception(action);
        });
        thread.Start();
        thread.Join();
        return failure;
    }

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChOwn(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetFsUid(uint user);
}
