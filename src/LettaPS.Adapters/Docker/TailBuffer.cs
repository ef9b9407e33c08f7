using System.Text;

namespace LettaPS.Adapters.Docker;

/// <summary>The end of a text that may be long.</summary>
/// <param name="capacity">How many bytes are kept.</param>
internal sealed class TailBuffer(int capacity)
{
    private readonly List<byte> _bytes = [];

    /// <summary>Adds bytes and forgets the oldest.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        if (_bytes.Count > capacity)
        {
            _bytes.RemoveRange(0, _bytes.Count - capacity);
        }
    }

    /// <summary>What is kept, as text.</summary>
    public override string ToString() => Encoding.UTF8.GetString([.. _bytes]);
}
