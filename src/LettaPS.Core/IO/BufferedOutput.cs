using System.Buffers;

namespace LettaPS.Core.IO;

/// <summary>What a <see cref="System.Text.Json.Utf8JsonWriter"/> writes into on the way to a stream: gathered, and sent on whenever it is much.</summary>
/// <param name="destination">Where to. It stays open.</param>
internal sealed class BufferedOutput(Stream destination) : IBufferWriter<byte>, IDisposable
{
    /// <summary>More than the buffer of a file, which then passes the bytes on without a copy.</summary>
    private const int Size = 128 << 10;

    private readonly PooledBuffer _pending = new(Size);

    /// <inheritdoc/>
    public void Advance(int count) => _pending.Advance(count);

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_pending.Length + Math.Max(1, sizeHint) > Size)
        {
            Flush();
        }

        return _pending.GetMemory(sizeHint);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Sends on what is left.</summary>
    public void Flush()
    {
        destination.Write(_pending.Written);
        _pending.Clear();
    }

    /// <summary>Gives the memory back. What was not flushed is lost.</summary>
    public void Dispose() => _pending.Dispose();
}
