namespace LettaPS.Core.IO;

/// <summary>Files and folders that only their owner may read, from the moment they exist.</summary>
internal static class PrivateFile
{
    /// <summary>Creates a folder that only its owner may enter; on Windows it has the rights of the one that it is in.</summary>
    /// <param name="path">The folder.</param>
    public static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>How to open one.</summary>
    /// <param name="mode">How to create it.</param>
    /// <param name="access">What to do with it.</param>
    /// <param name="options">Further options.</param>
    /// <param name="share">What others may do with it meanwhile.</param>
    public static FileStreamOptions Options(
        FileMode mode, FileAccess access, FileOptions options = FileOptions.None, FileShare share = FileShare.Read | FileShare.Delete)
    {
        var result = new FileStreamOptions { Mode = mode, Access = access, Share = share, Options = options, BufferSize = 64 << 10 };
        if (!OperatingSystem.IsWindows() && mode is not FileMode.Open)
        {
            result.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return result;
    }
}
