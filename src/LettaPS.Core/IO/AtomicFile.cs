using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LettaPS.Core.IO;

/// <summary>
/// A file that is whole or absent: written beside its final name, hashed on the way, flushed to the disk, then renamed. Disposed without
/// <see cref="Commit"/>, it leaves nothing behind, and what had the name before stays as it was.
/// </summary>
internal sealed partial class AtomicFile : IDisposable
{
    private const string Suffix = ".partial";

    private readonly string _path;
    private readonly string _temporary;
    private readonly FileStream _file;
    private readonly HashingStream _hashing;
    private (long Length, string Sha256)? _finished;
    private bool _done;

    /// <summary>Begins the file.</summary>
    /// <param name="path">Its final name.</param>
    /// <param name="written">Told of bytes as they are written.</param>
    /// <remarks>It can be read by its owner only, and until it is complete it bears another name.</remarks>
    public AtomicFile(string path, Action<long>? written = null)
    {
        _path = path;
        _temporary = $"{path}.{Guid.NewGuid():N}{Suffix}";
        _file = new FileStream(_temporary, PrivateFile.Options(FileMode.CreateNew, FileAccess.Write));
        _hashing = new HashingStream(_file, written);
    }

    /// <summary>Where the contents go.</summary>
    public Stream Stream => _hashing;

    /// <summary>Removes what runs that were killed left unfinished in a folder.</summary>
    public static void RemoveLeftovers(string folder)
    {
        foreach (var leftover in Directory.EnumerateFiles(folder, "*" + Suffix))
        {
            File.Delete(leftover);
        }
    }

    /// <summary>The name that it bears until it is complete.</summary>
    public string TemporaryPath => _temporary;

    /// <summary>Makes the contents durable. They can be read at <see cref="TemporaryPath"/> from then on, and nothing can be added.</summary>
    /// <returns>The file's length in bytes and its SHA-256 in lower-case hexadecimal digits.</returns>
    public (long Length, string Sha256) Finish()
    {
        if (_finished is null)
        {
            _hashing.Flush();
            _file.Flush(flushToDisk: true);
            _finished = (_file.Length, _hashing.GetHash());
            _file.Dispose();
        }

        return _finished.Value;
    }

    /// <summary>Makes the contents durable and gives them their final name.</summary>
    /// <param name="beforeRename">What to do with the complete file, by its temporary path, before it gets its name; what this throws is as if nothing was written.</param>
    /// <returns>The file's length in bytes and its SHA-256 in lower-case hexadecimal digits.</returns>
    public (long Length, string Sha256) Commit(Action<string>? beforeRename = null)
    {
        var finished = Finish();
        beforeRename?.Invoke(_temporary);
        Rename();
        FlushName();
        return finished;
    }

    /// <summary>Gives the contents, which are durable, their final name; <see cref="FlushName"/> makes that durable.</summary>
    public void Rename()
    {
        Finish();
        File.Move(_temporary, _path, overwrite: true);
        _done = true;
    }

    /// <summary>Makes the name durable. That waits for the disk, and several files of one folder can wait at once.</summary>
    public void FlushName() => FlushFolder(Path.GetDirectoryName(_path)!);

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            _file.Dispose();
        }
        catch (IOException) when (!_done)
        {
            // What could not be written any more, on a full disk, is not wanted. Whoever wrote has been told.
        }

        _hashing.Dispose();
        if (!_done)
        {
            File.Delete(_temporary);
        }
    }

    /// <summary>Makes the names in a folder durable. Windows keeps them so by itself and offers no call for it.</summary>
    private static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = Open(folder, 0);
        if (descriptor < 0)
        {
            throw new IOException($"Cannot open the folder '{folder}' to make its names durable (errno {Marshal.GetLastPInvokeError()}).");
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);

        // Some file systems (network shares, some FUSE ones) have no fsync for folders; the file itself is on disk by then.
        _ = FSync(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FSync(int descriptor);
}
