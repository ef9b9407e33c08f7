using System.Text.Json;

namespace LettaPS.Adapters.Http;

/// <summary>The body of an answer: each part that arrives restarts the time limit and is counted; one that never ends is an error.</summary>
/// <param name="inner">The body.</param>
/// <param name="limit">The time limit.</param>
/// <param name="received">Told of bytes.</param>
internal sealed class LimitedStream(Stream inner, TimeLimit limit, Action<long>? received) : Stream
{
    /// <summary>Largest body that is read: 4 GiB. Everything that can be longer is asked for page by page.</summary>
    private const long MaxLength = 4L << 30;

    private long _read;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        limit.Restart();
        received?.Invoke(read);
        _read += read;
        return _read <= MaxLength ? read : throw new JsonException($"The answer is longer than {MaxLength} bytes.");
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
