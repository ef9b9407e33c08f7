using LettaPS.Core.IO;

namespace LettaPS.Core.Backups;

/// <summary>
/// Keeps other runs away from a backup set while one run writes, replaces or deletes it. The lock is a file next to the set, so that the set can be renamed
/// while it is held. The system releases the lock of a process that was killed.
/// </summary>
internal sealed class SetLock : IDisposable
{
    private readonly FileStream _file;

    private SetLock(FileStream file) => _file = file;

    /// <summary>Takes the lock of a set.</summary>
    /// <param name="set">The set's folder, which need not exist.</param>
    /// <exception cref="LettaException"><c>BackupSetInUse</c>: another run holds it.</exception>
    public static SetLock Take(string set) => TryTake(set) ?? throw new LettaException(
        ErrorIds.BackupSetInUse, LettaErrorKind.Conflict, $"Another command is writing or replacing the backup set '{set}'.", "Wait until the other command has ended, then run this one again.", set);

    /// <summary>Takes the lock of a set, unless another run holds it.</summary>
    /// <param name="set">The set's folder, which need not exist.</param>
    /// <returns><see langword="null"/> if another run holds it.</returns>
    public static SetLock? TryTake(string set)
    {
        var path = Path.TrimEndingDirectorySeparator(set) + ".lock";
        while (true)
        {
            if (Open(path) is not { } file)
            {
                return null;
            }

            if (IsThere(file, path))
            {
                return new SetLock(file);
            }

            // The run before deleted the file after it was opened here: what was locked has no name any more.
            file.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static FileStream? Open(string path)
    {
        try
        {
            return new FileStream(path, PrivateFile.Options(FileMode.OpenOrCreate, FileAccess.ReadWrite, FileOptions.DeleteOnClose, FileShare.None));
        }
        catch (IOException e) when (e.GetType() == typeof(IOException) && File.Exists(path))
        {
            return null;
        }
        catch (UnauthorizedAccessException) when (OperatingSystem.IsWindows() && File.Exists(path))
        {
            // Windows refuses a file in this way while its deletion is pending.
            return null;
        }
    }

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
