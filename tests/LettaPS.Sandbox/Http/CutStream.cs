namespace LettaPS.Sandbox.Http;

/// <summary>Lets so many bytes of an answer through, then something happens.</summary>
internal sealed class CutStream(Stream inner, long length, Func<Task> then) : Stream
{
    private long _left = length;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var passing = (int)Math.Min(_left, buffer.Length);
        await inner.WriteAsync(buffer[..passing], cancellationToken);
        _left -= passing;
        if (passing < buffer.Length)
        {
            await inner.FlushAsync(cancellationToken);
            await then();
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
