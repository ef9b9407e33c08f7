namespace LettaPS.Core.IO;

/// <summary>Shows the bytes that are read through it to somebody else.</summary>
/// <param name="inner">Where the bytes come from; closed together with this stream.</param>
/// <param name="observe">Shown every part, once.</param>
internal sealed class ProgressStream(Stream inner, ProgressStream.Observer observe) : DelegatingReadStream(inner)
{
    /// <summary>Sees a part of the stream.</summary>
    public delegate void Observer(ReadOnlySpan<byte> bytes);

    protected override void OnRead(ReadOnlySpan<byte> bytes) => observe(bytes);
}
