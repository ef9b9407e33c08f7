namespace LettaPS.Core.IO;

/// <summary>
/// A lock that other processes see: a file that only its holder can open, and that is deleted when the lock is released. The system releases the lock of a process
/// that was killed.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private readonly string _path;
    private readonly FileStream _file;

    private FileLock(string path, FileStream file) => (_path, _file) = (path, file);

    /// <summary>Takes a lock, unless another run holds it.</summary>
    /// <param name="path">The file of the lock, in a folder that exists.</param>
    /// <returns><see langword="null"/> if another run holds it.</returns>
    /// <exception cref="IOException">The file system failed.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static FileLock? TryTake(string path)
    {
        while (true)
        {
            if (Open(path) is not { } file)
            {
                return null;
            }

            if (IsThere(file, path))
            {
                return new FileLock(path, file);
            }

            // The run before deleted the file after it was opened here: what was locked has no name any more.
            file.Dispose();
        }
    }

    /// <inheritdoc/>
    /// <remarks>The file is deleted while it is locked: afterwards, its name may be another run's.</remarks>
    public void Dispose()
    {
        try
        {
            if (!OperatingSystem.IsWindows() && !_file.SafeFileHandle.IsClosed)
            {
                File.Delete(_path);
            }
        }
        catch (DirectoryNotFoundException)
        {
            // Whoever deleted the folder deleted the lock.
        }
        finally
        {
            _file.Dispose();
        }
    }

    private static FileStream? Open(string path)
    {
        try
        {
            // Windows cannot delete an open file otherwise. Elsewhere a handle that lost the race would delete the file of the run that won.
            var options = OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None;
            return new FileStream(path, PrivateFile.Options(FileMode.OpenOrCreate, FileAccess.ReadWrite, options, FileShare.None));
        }
        catch (IOException e) when (IsShared(e))
        {
            return null;
        }
        catch (UnauthorizedAccessException) when (OperatingSystem.IsWindows() && File.Exists(path))
        {
            // Windows refuses a file in this way while its deletion is pending.
            return null;
        }
    }

    /// <summary>Whether another handle keeps this one out. By then its file may be deleted, so that the file system cannot be asked.</summary>
    private static bool IsShared(IOException e) => OperatingSystem.IsWindows()
        ? (e.HResult & 0xFFFF) is 32 or 33 // ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
        : e.HResult == (OperatingSystem.IsMacOS() ? 35 : 11); // EWOULDBLOCK

    private static bool IsThere(FileStream file, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return true;
        }

        // A time that only the locked file has tells it from another file of its name.
        var mark = DateTime.UnixEpoch.AddSeconds(Random.Shared.Next(1, int.MaxValue));
        File.SetLastWriteTimeUtc(file.SafeFileHandle, mark);
        return File.GetLastWriteTimeUtc(path) == mark;
    }
}
