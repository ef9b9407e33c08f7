using System.Collections;

namespace LettaPS.Sandbox.Store;

/// <summary>
/// The messages of one agent in sequence order. The beginning may be made on demand by a <see cref="IMessageSource"/>, so that a history of
/// any size costs no memory; <see cref="Materialize"/> turns such rows into rows that can be changed.
/// </summary>
public sealed class MessageList : IReadOnlyList<MessageRow>
{
    private readonly List<MessageRow> _rows = [];
    private readonly Dictionary<string, int> _positions = [];

    public MessageList()
    {
    }

    public MessageList(IMessageSource source) => Source = source;

    /// <summary>What makes the first rows, if they are not kept.</summary>
    public IMessageSource? Source { get; private set; }

    public int Count => Made + _rows.Count;

    private int Made => Source?.Count ?? 0;

    public MessageRow this[int index] => index < Made ? Source!.Make(index) : _rows[index - Made];

    public bool Contains(string id) => IndexOf(id) >= 0;

    /// <summary>The position of a message, or -1.</summary>
    public int IndexOf(string id) => _positions.TryGetValue(id, out var kept) ? Made + kept : Source?.IndexOf(id) ?? -1;

    public MessageRow? Find(string id) => IndexOf(id) is >= 0 and var index ? this[index] : null;

    /// <summary>Adds a row at the end; its sequence id must be above all others of the list.</summary>
    public void Add(MessageRow row)
    {
        _positions.Add(row.Id, _rows.Count);
        _rows.Add(row);
    }

    public void Remove(string id)
    {
        Materialize();
        if (_positions.TryGetValue(id, out var position))
        {
            _rows.RemoveAt(position);
            Index();
        }
    }

    /// <summary>Keeps every row from now on, so that changes to them last.</summary>
    public void Materialize()
    {
        if (Source is not { } source)
        {
            return;
        }

        Source = null;
        _rows.InsertRange(0, Enumerable.Range(0, source.Count).Select(source.Make));
        Index();
    }

    public IEnumerator<MessageRow> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private void Index()
    {
        _positions.Clear();
        for (var i = 0; i < _rows.Count; i++)
        {
            _positions.Add(_rows[i].Id, i);
        }
    }
}

/// <summary>Makes rows by position, the same each time.</summary>
public interface IMessageSource
{
    int Count { get; }

    MessageRow Make(int index);

    /// <summary>The position that an id stands for, or -1.</summary>
    int IndexOf(string id);
}
