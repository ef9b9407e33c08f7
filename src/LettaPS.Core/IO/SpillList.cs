using System.Collections;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LettaPS.Core.IO;

/// <summary>A list of small values of one size: in memory while they are few, in a nameless temporary file when they are many.</summary>
/// <typeparam name="T">What is in it.</typeparam>
/// <param name="folder">Where the file goes; see <see cref="SpillBuffer"/>.</param>
/// <param name="memoryLimit">How many bytes stay in memory.</param>
internal sealed class SpillList<T>(string folder, int memoryLimit = SpillBuffer.DefaultMemoryLimit) : IReadOnlyList<T>, IDisposable
    where T : unmanaged
{
    /// <summary>How many are read at once by who reads all.</summary>
    private const int BlockSize = 512;

    private readonly SpillBuffer _bytes = new(folder, memoryLimit);

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public T this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            return MemoryMarshal.Read<T>(Read(index, 1));
        }
    }

    /// <summary>Appends a value.</summary>
    public void Add(T value)
    {
        _bytes.Append(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));
        Count++;
    }

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator()
    {
        var block = new T[Math.Min(BlockSize, Count)];
        for (var at = 0; at < Count; at += block.Length)
        {
            var count = Math.Min(block.Length, Count - at);
            MemoryMarshal.Cast<byte, T>(Read(at, count)).CopyTo(block);
            for (var i = 0; i < count; i++)
            {
                yield return block[i];
            }
        }
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public void Dispose() => _bytes.Dispose();

    private ReadOnlySpan<byte> Read(int index, int count) => _bytes.Read((long)index * Unsafe.SizeOf<T>(), count * Unsafe.SizeOf<T>());
}
