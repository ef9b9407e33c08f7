using LettaPS.Core.IO;
using LettaPS.TestKit;

namespace LettaPS.Core.Tests.IO;

public sealed class FolderSwapTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public void The_new_folder_takes_the_place_of_the_old_one_which_is_kept_aside()
    {
        Make("old", "1");
        Make("new", "2");

        FolderSwap.Replace(_folder["old"], _folder["new"], _folder["aside"]);

        Assert.Equal(("2", "1", false), (File.ReadAllText(_folder["old/file"]), File.ReadAllText(_folder["aside/file"]), Directory.Exists(_folder["new"])));
    }

    [Fact]
    public void If_the_new_folder_cannot_be_moved_the_old_one_is_back_in_its_place()
    {
        Make("old", "1");

        Assert.ThrowsAny<IOException>(() => FolderSwap.Replace(_folder["old"], _folder["new"], _folder["aside"]));

        Assert.Equal("1", File.ReadAllText(_folder["old/file"]));
        Assert.False(Directory.Exists(_folder["aside"]));
    }

    public void Dispose() => _folder.Dispose();

    private void Make(string folder, string text)
    {
        Directory.CreateDirectory(_folder[folder]);
        File.WriteAllText(_folder[folder + "/file"], text);
    }
}
