using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace LettaPS.Sandbox.Store;

/// <summary>The rows of a table by id, in the order in which they were added.</summary>
[SuppressMessage("Naming", "CA1710", Justification = "It is a table of a database.")]
public sealed class Table<T> : IReadOnlyCollection<T>
    where T : Row
{
    private readonly OrderedDictionary<string, T> _rows = [];

    public int Count => _rows.Count;

    public T this[string id] => _rows[id];

    public void Add(T row) => _rows.Add(row.Id, row);

    public bool Contains(string id) => _rows.ContainsKey(id);

    public bool Remove(string id) => _rows.Remove(id);

    public T? Find(string id) => _rows.GetValueOrDefault(id);

    public bool TryGet(string id, [MaybeNullWhen(false)] out T row) => _rows.TryGetValue(id, out row);

    /// <summary>Those rows that exist, in the order of the ids.</summary>
    public IEnumerable<T> Of(IEnumerable<string> ids)
    {
        foreach (var id in ids)
        {
            if (_rows.TryGetValue(id, out var row))
            {
                yield return row;
            }
        }
    }

    public IEnumerator<T> GetEnumerator() => _rows.Values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
