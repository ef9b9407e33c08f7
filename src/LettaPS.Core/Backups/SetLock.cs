using LettaPS.Core.IO;

namespace LettaPS.Core.Backups;

/// <summary>
/// Keeps other runs away from a backup set while one run writes, replaces or deletes it. The lock is a file next to the set, so that the set can be renamed
/// while it is held.
/// </summary>
internal static class SetLock
{
    /// <summary>Takes the lock of a set.</summary>
    /// <param name="set">The set's folder, which need not exist.</param>
    /// <exception cref="LettaException"><c>BackupSetInUse</c>: another run holds it.</exception>
    public static FileLock Take(string set) => TryTake(set) ?? throw new LettaException(
        ErrorIds.BackupSetInUse, LettaErrorKind.Conflict, $"Another command is writing or replacing the backup set '{set}'.", "Wait until the other command has ended, then run this one again.", set);

    /// <summary>Takes the lock of a set, unless another run holds it.</summary>
    /// <param name="set">The set's folder, which need not exist.</param>
    /// <returns><see langword="null"/> if another run holds it.</returns>
    public static FileLock? TryTake(string set) => FileLock.TryTake(Path.TrimEndingDirectorySeparator(set) + ".lock");
}
