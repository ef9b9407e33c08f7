using System.Text;

namespace LettaPS.Core.AgentTables;

/// <summary>The organizations and users that rows name.</summary>
internal sealed class RowReferences
{
    private static readonly string[] s_columns = ["organization_id", "user_id", "_created_by_id", "_last_updated_by_id"];

    private readonly byte[][] _last = [.. s_columns.Select(_ => Array.Empty<byte>())];
    private TableShape? _table;
    private int[] _ordinals = [];

    /// <summary>Identifiers of organizations.</summary>
    public HashSet<string> Organizations { get; } = new(StringComparer.Ordinal);

    /// <summary>Identifiers of users.</summary>
    public HashSet<string> Users { get; } = new(StringComparer.Ordinal);

    /// <summary>Notes what a row names.</summary>
    public void Note(DatabaseRow row)
    {
        if (_table != row.Shape)
        {
            _table = row.Shape;
            _ordinals = [.. s_columns.Select(row.Shape.Ordinal)];
        }

        for (var i = 0; i < _ordinals.Length; i++)
        {
            // Nearly always the same as in the row before.
            if (!row.IsNull(_ordinals[i]) && row.Bytes(_ordinals[i]) is var id && !id.SequenceEqual(_last[i]))
            {
                _last[i] = id.ToArray();
                (i == 0 ? Organizations : Users).Add(Encoding.UTF8.GetString(id));
            }
        }
    }
}
