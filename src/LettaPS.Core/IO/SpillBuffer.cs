using System.Buffers;

namespace LettaPS.Core.IO;

/// <summary>
/// Bytes that are written once and read back by position: in memory while they are few, in a nameless temporary file when they are many.
/// </summary>
/// <param name="folder">Where the file goes; beside the final file, so that private data never leaves the folder it belongs to.</param>
/// <param name="memoryLimit">How many bytes stay in memory.</param>
internal sealed class SpillBuffer(string folder, int memoryLimit = SpillBuffer.DefaultMemoryLimit) : IDisposable
{
    /// <summary>4 MiB: an ordinary agent never needs a file.</summary>
    public const int DefaultMemoryLimit = 4 << 20;

    private readonly PooledBuffer _memory = new();
    private FileStream? _file;
    private byte[] _read = [];

    /// <summary>How many bytes have been written.</summary>
    public long Length { get; private set; }

    /// <summary>Appends bytes.</summary>
    /// <param name="bytes">What to keep.</param>
    /// <returns>Where they begin.</returns>
    public long Append(ReadOnlySpan<byte> bytes)
    {
        if (_file is null && _memory.Length + bytes.Length > memoryLimit)
        {
            Spill();
        }

        var at = Length;
        if (_file is null)
        {
            _memory.Write(bytes);
        }
        else
        {
            _file.Write(bytes);
        }

        Length += bytes.Length;
        return at;
    }

    /// <summary>Reads bytes back.</summary>
    /// <param name="position">Where they begin.</param>
    /// <param name="length">How many.</param>
    /// <returns>The bytes, valid until the next call.</returns>
    public ReadOnlySpan<byte> Read(long position, int length)
    {
        if (_file is null)
        {
            return _memory.Written.Slice((int)position, length);
        }

        if (_read.Length < length)
        {
            _read = new byte[Math.Max(length, 2 * _read.Length)];
        }

        _file.Flush();
        for (var done = 0; done < length;)
        {
            var read = RandomAccess.Read(_file.SafeFileHandle, _read.AsSpan(done, length - done), position + done);
            if (read == 0)
            {
                throw new EndOfStreamException("A temporary file is shorter than what was written to it.");
            }

            done += read;
        }

        return _read.AsSpan(0, length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _memory.Dispose();
        _file?.Dispose();
    }

    private void Spill()
    {
        var path = Path.Combine(folder, $".spill-{Guid.NewGuid():N}.tmp");
        _file = new FileStream(path, PrivateFile.Options(FileMode.CreateNew, FileAccess.ReadWrite, FileOptions.DeleteOnClose));
        if (!OperatingSystem.IsWindows())
        {
            // Without a name the file vanishes with the process, whatever becomes of it; Windows does that by DeleteOnClose itself.
            File.Delete(path);
        }

        _file.Write(_memory.Written);
        _memory.Dispose();
    }
}
