namespace LettaPS.Sandbox.Files;

/// <summary>
/// The numbers that entities get in an agent file. Letta keeps one such table for the whole process and clears it when an export begins, so
/// an export that begins while another is under way clears the other's numbers and then counts on from where that one is.
/// </summary>
internal sealed class FileIds
{
    private readonly Dictionary<string, string> _ids = [];
    private readonly Dictionary<string, int> _counters = [];

    /// <summary>How often the table was cleared.</summary>
    public int Generation { get; private set; }

    /// <summary>Clears the table, and says how often that was done.</summary>
    public int Clear()
    {
        lock (_ids)
        {
            _ids.Clear();
            _counters.Clear();
            return ++Generation;
        }
    }

    /// <summary>The id of an entity in the file: its kind and a number.</summary>
    public string Map(string kind, string id)
    {
        lock (_ids)
        {
            if (!_ids.TryGetValue(id, out var mapped))
            {
                var number = _counters.GetValueOrDefault(kind);
                _counters[kind] = number + 1;
                _ids.Add(id, mapped = $"{kind}-{number}");
            }

            return mapped;
        }
    }
}
