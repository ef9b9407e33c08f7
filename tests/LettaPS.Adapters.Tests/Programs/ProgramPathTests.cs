using LettaPS.Adapters.Programs;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Programs;

public sealed class ProgramPathTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("bin")]
    [InlineData("./bin")]
    public void Only_absolute_folders_of_the_path_are_searched(string entry)
    {
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, Make("letta"));

        Assert.Null(ProgramPath.Find(relative, entry, isWindows: false));
        Assert.Null(ProgramPath.Find("letta", $"{entry}{Path.PathSeparator}{Path.GetRelativePath(Environment.CurrentDirectory, _folder.Path)}", isWindows: false));
        Assert.Equal(_folder["letta"], ProgramPath.Find("letta", $"{entry}{Path.PathSeparator}{_folder.Path}", isWindows: false));
    }

    [Fact]
    public void A_program_of_Windows_may_be_a_command_file()
    {
        Make("letta");
        Assert.Null(ProgramPath.Find("letta", _folder.Path, isWindows: true));

        Make("letta.cmd");
        Assert.Equal(_folder["letta.cmd"], ProgramPath.Find("letta", _folder.Path, isWindows: true));

        Make("letta.exe");
        Assert.Equal(_folder["letta.exe"], ProgramPath.Find("letta", _folder.Path, isWindows: true));
    }

    [Fact]
    public void A_file_that_nobody_may_run_is_no_program()
    {
        if (OperatingSystem.IsWindows())
        {
            Needs.Missing("A system on which files have modes.");
            return;
        }

        File.SetUnixFileMode(Make("letta"), UnixFileMode.UserRead);

        Assert.Null(ProgramPath.Find("letta", _folder.Path, isWindows: false));
    }

    [Fact]
    public void Without_a_path_nothing_is_found() => Assert.Null(ProgramPath.Find("letta", null, isWindows: false));

    private string Make(string name)
    {
        var path = _folder[name];
        File.WriteAllText(path, string.Empty);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        return path;
    }
}
