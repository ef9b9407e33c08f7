using System.Text.Json;
using LettaPS.Core.IO;

namespace LettaPS.Adapters.Http;

/// <summary>The body of an answer: each part that arrives restarts the time limit and is counted; one that never ends is an error.</summary>
/// <param name="inner">The body.</param>
/// <param name="limit">The time limit.</param>
/// <param name="received">Told of bytes.</param>
internal sealed class IdleTimeoutStream(Stream inner, IdleTimeout limit, Action<long>? received) : DelegatingReadStream(inner)
{
    /// <summary>Largest body that is read: 4 GiB. Everything that can be longer is asked for page by page.</summary>
    private const long MaxLength = 4L << 30;

    private long _read;

    protected override void OnRead(ReadOnlySpan<byte> bytes)
    {
        limit.Restart();
        received?.Invoke(bytes.Length);
        _read += bytes.Length;
        if (_read > MaxLength)
        {
            throw new JsonException($"The answer is longer than {MaxLength} bytes.");
        }
    }
}
