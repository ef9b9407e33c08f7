using System.Buffers.Binary;
using System.Text;

namespace LettaPS.Core.AgentTables;

/// <summary>One row of a table: each cell nothing, or the text that PostgreSQL prints for it in UTF-8; vectors as pgvector sends them.</summary>
internal sealed class DatabaseRow
{
    private readonly byte[] _record;
    private readonly (int Position, int Length)[] _cells;

    /// <summary>Takes a row apart.</summary>
    /// <param name="shape">Its table.</param>
    /// <param name="record">The row as PostgreSQL sends a record: the number of columns, and for each its type, its length (-1 for NULL) and its bytes.</param>
    public DatabaseRow(TableShape shape, byte[] record)
    {
        Shape = shape;
        _record = record;
        _cells = new (int, int)[BinaryPrimitives.ReadInt32BigEndian(record)];
        var at = sizeof(int);
        for (var i = 0; i < _cells.Length; i++)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(record.AsSpan(at + sizeof(int)));
            at += 2 * sizeof(int);
            _cells[i] = (at, length);
            at += Math.Max(0, length);
        }
    }

    /// <summary>The table.</summary>
    public TableShape Shape { get; }

    /// <summary>How many bytes it takes.</summary>
    public int Size => _record.Length;

    /// <summary>Whether a cell is empty, or its column is not there.</summary>
    public bool IsNull(int ordinal) => ordinal < 0 || _cells[ordinal].Length < 0;

    /// <summary>The bytes of a cell; none where it is empty.</summary>
    public ReadOnlySpan<byte> Bytes(int ordinal) => IsNull(ordinal) ? [] : _record.AsSpan(_cells[ordinal].Position, _cells[ordinal].Length);

    /// <summary>The text of a cell, or <see langword="null"/>.</summary>
    public string? Text(string column) => Shape.Ordinal(column) is var ordinal && IsNull(ordinal) ? null : Encoding.UTF8.GetString(Bytes(ordinal));

    /// <summary>Whether a cell is true.</summary>
    public bool IsTrue(string column) => Bytes(Shape.Ordinal(column)).SequenceEqual("true"u8);

    /// <summary>Whether Letta's servers show the row: those that were deleted softly they do not.</summary>
    public bool IsShown => !IsTrue("is_deleted");
}
