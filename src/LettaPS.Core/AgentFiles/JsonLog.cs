using System.Text.Json;
using LettaPS.Core.IO;
using LettaPS.Core.Json;

namespace LettaPS.Core.AgentFiles;

/// <summary>JSON values that are written once and read back in order, kept outside of memory when they are many.</summary>
/// <param name="folder">Where they go when they are many.</param>
internal sealed class JsonLog(string folder) : IDisposable
{
    private readonly SpillBuffer _bytes = new(folder);
    private readonly SpillList<(long Position, int Length)> _values = new(folder);

    /// <summary>How many values there are.</summary>
    public int Count => _values.Count;

    /// <summary>Appends a value.</summary>
    /// <param name="json">Its text in UTF-8.</param>
    public void Append(ReadOnlySpan<byte> json) => _values.Add((_bytes.Append(json), json.Length));

    /// <summary>Reads the values back, one at a time. Each is valid until the next is read.</summary>
    public IEnumerable<JsonElement> Read()
    {
        foreach (var (position, length) in _values)
        {
            yield return JsonValues.Parse(_bytes.Read(position, length));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _bytes.Dispose();
        _values.Dispose();
    }
}
