using System.Globalization;
using System.Runtime.InteropServices;

namespace LettaPS.Core.IO;

/// <summary>Puts changed files in the place of old ones: whole or not at all, with their mode and owner, and never over someone else's change.</summary>
internal static partial class SafeFileReplace
{
    /// <summary>Replaces a file.</summary>
    /// <param name="backup">Keep the old file next to it, as <c>.bak</c>, or <c>.bak.1</c> and so on if there is a file of that name with other content.</param>
    /// <returns>The file that keeps the old content; <see langword="null"/> without <paramref name="backup"/>.</returns>
    /// <exception cref="LettaException"><c>FileChanged</c>: the file is not as it was read; it stays as it is. <c>FileOwnerDenied</c>: this user may not give the file its owner.</exception>
    /// <exception cref="IOException">The file system failed; the file is as it was.</exception>
    /// <exception cref="UnauthorizedAccessException">The file or its folder may not be written to; the file is as it was.</exception>
    /// <remarks>A symbolic link stays one: the file it leads to is replaced.</remarks>
    public static string? Replace(FileChange change, bool backup)
    {
        ArgumentNullException.ThrowIfNull(change);
        var path = change.Before.RealPath;

        // Whoever may write to the folder could replace a file that is not theirs to write; that it can be done does not make it wanted.
        try
        {
            File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete).Dispose();
        }
        catch (FileNotFoundException)
        {
            throw Changed(change.Before);
        }

        var kept = backup ? Keep(change.Before) : null;
        Write(path, change.After.Bytes, change.Before);
        return kept;
    }

    /// <summary>Replaces files that belong together: all of them or none. If one cannot be replaced, those before it get their old content back.</summary>
    /// <param name="backup">Keep the old files, as for <see cref="Replace"/>.</param>
    /// <param name="replacing">Told of each file before it is replaced.</param>
    /// <exception cref="LettaException">Those of <see cref="Replace"/>; <c>FileRollbackFailed</c>: a file before the one that failed could not get its old content back.</exception>
    public static void ReplaceAll(IReadOnlyList<FileChange> changes, bool backup, Action<FileChange> replacing)
    {
        ArgumentNullException.ThrowIfNull(changes);
        ArgumentNullException.ThrowIfNull(replacing);
        var made = new Stack<FileChange>();
        try
        {
            foreach (var change in changes)
            {
                replacing(change);
                Replace(change, backup);
                made.Push(change);
            }
        }
        catch (Exception failure)
        {
            foreach (var change in made)
            {
                Restore(change, failure);
            }

            throw;
        }
    }

    private static void Restore(FileChange change, Exception failure)
    {
        try
        {
            Replace(new FileChange(change.After, change.Before), backup: false);
        }
        catch (Exception e) when (e is LettaException or IOException or UnauthorizedAccessException)
        {
            throw new LettaException(
                ErrorIds.FileRollbackFailed,
                LettaErrorKind.Storage,
                $"'{change.Before.Path}' was changed, but a file that belongs to it could not be: {failure.Message} It could not get its old content back: {e.Message}",
                $"Compare it with what it should be: Get-LettaImagePin '{change.Before.Path}'",
                change.Before.Path,
                failure);
        }
    }

    /// <summary>Keeps the content of a file next to it. What an earlier run kept stays.</summary>
    private static string Keep(TextFile original)
    {
        for (var number = 0; ; number++)
        {
            var path = $"{original.RealPath}.bak{(number == 0 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $".{number}"))}";
            if (!File.Exists(path))
            {
                Write(path, original.Bytes, original);
                return path;
            }

            if (File.ReadAllBytes(path).AsSpan().SequenceEqual(original.Bytes.Span))
            {
                return path;
            }
        }
    }

    private static void Write(string path, ReadOnlyMemory<byte> bytes, TextFile original)
    {
        using var file = new AtomicFile(path);
        file.Stream.Write(bytes.Span);
        file.Commit(temporary =>
        {
            TakeOver(original.RealPath, temporary);
            if (!IsUnchanged(original))
            {
                throw Changed(original);
            }
        });
    }

    private static LettaException Changed(TextFile original) => new(
        ErrorIds.FileChanged,
        LettaErrorKind.Refused,
        $"'{original.Path}' was changed by another program after LettaPS read it. LettaPS left it unchanged.",
        "Check the file, then run the command again.",
        original.Path);

    private static bool IsUnchanged(TextFile original)
    {
        try
        {
            return File.ReadAllBytes(original.RealPath).AsSpan().SequenceEqual(original.Bytes.Span);
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Gives a file the owner and mode that another has.</summary>
    private static void TakeOver(string from, string to)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // First the owner: giving a file away takes the special bits of its mode.
        if (OperatingSystem.IsLinux() && UnixOwner.Of(from) is var owner && owner != UnixOwner.Of(to) && !UnixOwner.Set(to, owner))
        {
            throw new LettaException(
                ErrorIds.FileOwnerDenied,
                LettaErrorKind.Denied,
                $"'{from}' belongs to another user, and only that user or root can replace it. LettaPS left it unchanged.",
                "Run the command as the owner of the file or as root.",
                from);
        }

        File.SetUnixFileMode(to, File.GetUnixFileMode(from));
    }

    /// <summary>Owner and group of files on Linux, which .NET does not tell.</summary>
    private static partial class UnixOwner
    {
        private const int CurrentFolder = -100;
        private const uint OwnerAndGroup = 0x18;

        // struct statx of linux/stat.h, the same on every architecture: user at byte 20, group at byte 24.
        private const int Size = 256;
        private const int UserAt = 20;
        private const int GroupAt = 24;

        public static (uint User, uint Group) Of(string path)
        {
            var buffer = new byte[Size];
            if (StatX(CurrentFolder, path, 0, OwnerAndGroup, buffer) != 0)
            {
                throw new IOException($"The owner of '{path}' could not be read: {Marshal.GetLastPInvokeErrorMessage()}.");
            }

            return (BitConverter.ToUInt32(buffer, UserAt), BitConverter.ToUInt32(buffer, GroupAt));
        }

        public static bool Set(string path, (uint User, uint Group) owner) => ChOwn(path, owner.User, owner.Group) == 0;

        [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial int StatX(int folder, string path, int flags, uint mask, byte[] buffer);

        [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial int ChOwn(string path, uint user, uint group);
    }
}
