using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.AgentFiles.Reading;
using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Text;

namespace LettaPS.Core.Restores.Database;

/// <summary>
/// Copies the rows of a file into temporary tables, as they stream by, and makes sure that they arrived: PostgreSQL's hash of what it holds must be that of the
/// file. Nothing of the file becomes part of a statement: names are the target's own, values go through COPY.
/// </summary>
/// <param name="target">The database.</param>
/// <param name="path">The file.</param>
internal sealed class RowStaging(RestoreTarget target, IDatabaseTransaction transaction, string path)
{
    /// <summary>pgvector's own limit of dimensions.</summary>
    private const int MaxDimensions = 16_000;

    private readonly Dictionary<string, StagedTable> _tables = new(StringComparer.Ordinal);

    /// <summary>What of the file the target has no place for.</summary>
    public List<string> Gaps { get; } = [];

    /// <summary>What of the records of work done the target has no place for.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>A table with rows, or <see langword="null"/>.</summary>
    public StagedTable? Find(string table) => _tables.GetValueOrDefault(table);

    /// <summary>Copies all tables.</summary>
    /// <param name="sha256">The hash that the file had when it was looked at.</param>
    public async Task ReadAsync(string sha256, CancellationToken cancellationToken)
    {
        var read = await DatabaseSectionReader.ReadFileAsync(path, (table, rows) => StageAsync(table, rows, cancellationToken), cancellationToken).ConfigureAwait(false);
        if (read != sha256)
        {
            throw AgentFileReader.Changed(path);
        }
    }

    private async Task StageAsync(DatabaseSectionTable table, IAsyncEnumerable<string?[]> rows, CancellationToken cancellationToken)
    {
        var enumerator = rows.GetAsyncEnumerator(cancellationToken);
        await using (enumerator.ConfigureAwait(false))
        {
            if (!await enumerator.MoveNextAsync().ConfigureAwait(false))
            {
                return;
            }

            if (TableRule.Of(table.Name) is not { } rule || target.Table(table.Name) is not { } there)
            {
                while (await enumerator.MoveNextAsync().ConfigureAwait(false))
                {
                }

                Gaps.Add($"{table.Rows} rows of {UntrustedText.Shorten(table.Name)}: Letta {target.Release} has no such table, or none that belongs to an agent.");
                return;
            }

            await CopyAsync(table, new Layout(table, rule, there, target, path), enumerator, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CopyAsync(DatabaseSectionTable table, Layout layout, IAsyncEnumerator<string?[]> rows, CancellationToken cancellationToken)
    {
        var staged = layout.Staged;
        var names = Sql.Ids(staged.Columns.Select(c => c.Name));
        await transaction.ExecuteAsync(
            $"CREATE TEMPORARY TABLE {staged.Name} ON COMMIT DROP AS SELECT {names} FROM {target.Name(table.Name)} WITH NO DATA", cancellationToken).ConfigureAwait(false);
        var sum = UInt128.Zero;
        try
        {
            await transaction.CopyAsync(
                $"COPY {staged.Name} ({names}) FROM STDIN",
                async lines =>
                {
                    do
                    {
                        await lines.WriteAsync(layout.Line(rows.Current, table.Rows), cancellationToken).ConfigureAwait(false);
                        sum += layout.Hash();
                    }
                    while (await rows.MoveNextAsync().ConfigureAwait(false));
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (CopyException e)
        {
            throw AgentFileReader.Invalid(path, $"{table.Place}{(e.Line is { } line ? $".rows[{line - 1}]" : null)}{(e.Column is null ? null : $", {e.Column}")}: {e.Message}", e);
        }

        foreach (var (column, values) in layout.Left.Where(l => l.Value > 0))
        {
            (staged.Rule.IsRecord ? Warnings : Gaps).Add($"{table.Name}.{UntrustedText.Shorten(column)}: Letta {target.Release} has no such column ({values} values).");
        }

        foreach (var (column, values) in layout.UnknownValues)
        {
            Gaps.Add($"{table.Name}.{column}: Letta {target.Release} has no such value ({values} values).");
        }

        var held = await transaction.QueryAsync(
            $"SELECT count(*)::text, sum(('x' || left(encode(sha256(convert_to({StagedTable.RowText("s", staged.Columns)}, 'UTF8')), 'hex'), 15))::bit(60)::bigint)::text FROM {staged.Name} AS s",
            cancellationToken).ConfigureAwait(false);
        if (held[0][0] != table.Rows.ToString(CultureInfo.InvariantCulture) || held[0][1] != sum.ToString(CultureInfo.InvariantCulture))
        {
            throw AgentFileReader.Invalid(path, $"{table.Place} holds values that are not written as PostgreSQL writes them", null);
        }

        _tables.Add(table.Name, staged);
    }

    /// <summary>How the rows of a table of the file become lines of a COPY.</summary>
    private sealed class Layout
    {
        private const int HashDigits = 15;

        private readonly DatabaseSectionTable _table;
        private readonly string _path;
        private readonly List<(int Index, bool Vector, IReadOnlyList<string>? Values)> _kept = [];
        private readonly List<(int Index, string Column)> _left = [];
        private readonly StringBuilder _line = new();
        private readonly ArrayBufferWriter<byte> _row = new();

        public Layout(DatabaseSectionTable table, TableRule rule, SchemaTable there, RestoreTarget target, string path)
        {
            (_table, _path) = (table, path);
            var columns = new List<SchemaColumn>();
            for (var i = 0; i < table.Columns.Count; i++)
            {
                if (there.Column(table.Columns[i]) is not { } column)
                {
                    _left.Add((i, table.Columns[i]));
                    Left[table.Columns[i]] = 0;
                    continue;
                }

                var vector = PgVector.IsType(column.Type);
                if (vector != PgVector.IsType(table.Types[i]))
                {
                    throw AgentFileReader.Invalid(path, $"{table.Place}.types[{i}] is '{UntrustedText.Shorten(table.Types[i])}'; the target has {column.Type}", null);
                }

                columns.Add(column);
                _kept.Add((i, vector, target.ValuesOf(column.Type)));
            }

            Staged = columns.Count > 0
                ? new StagedTable(rule, there, columns)
                : throw AgentFileReader.Invalid(path, $"{table.Place} has no column that Letta has", null);
        }

        public StagedTable Staged { get; }

        /// <summary>Columns that the target lacks, and how many values they have.</summary>
        public Dictionary<string, long> Left { get; } = new(StringComparer.Ordinal);

        /// <summary>Columns of an enumerated type, and how many values they have that the target's type lacks.</summary>
        public Dictionary<string, long> UnknownValues { get; } = new(StringComparer.Ordinal);

        /// <summary>The row as a line; its hash is there next.</summary>
        public ReadOnlyMemory<char> Line(string?[] cells, long row)
        {
            _line.Clear();
            _row.Clear();
            foreach (var (index, vector, values) in _kept)
            {
                if (_line.Length > 0)
                {
                    _line.Append('\t');
                }

                var cell = cells[index];
                if (cell is not null && values?.Contains(cell) == false)
                {
                    UnknownValues[_table.Columns[index]] = UnknownValues.GetValueOrDefault(_table.Columns[index]) + 1;
                    cell = null;
                }

                if (cell is null)
                {
                    _line.Append("\\N");
                    _row.Write("-"u8);
                }
                else if (vector)
                {
                    AppendVector(cell, row, index);
                }
                else
                {
                    AppendEscaped(cell);
                    AppendValue(cell);
                }
            }

            foreach (var (index, column) in _left)
            {
                Left[column] += cells[index] is null ? 0 : 1;
            }

            _line.Append('\n');
            return _line.ToString().AsMemory();
        }

        /// <summary>The hash of the row that was written last: of 60 bits, so that PostgreSQL can count with it.</summary>
        public ulong Hash()
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(_row.WrittenSpan, hash);
            return BinaryPrimitives.ReadUInt64BigEndian(hash) >> (64 - (4 * HashDigits));
        }

        private void AppendValue(string value)
        {
            _row.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetByteCount(value)}:")));
            _row.Write(Encoding.UTF8.GetBytes(value));
        }

        /// <summary>PostgreSQL's text format: a backslash before what ends a value, a line or an escape.</summary>
        private void AppendEscaped(string cell)
        {
            foreach (var c in cell)
            {
                _ = c switch
                {
                    '\\' => _line.Append("\\\\"),
                    '\t' => _line.Append("\\t"),
                    '\n' => _line.Append("\\n"),
                    '\r' => _line.Append("\\r"),
                    _ => _line.Append(c),
                };
            }
        }

        private void AppendVector(string cell, long row, int index)
        {
            var bytes = new byte[cell.Length];
            if (!Convert.TryFromBase64String(cell, bytes, out var length) || length == 0 || length % sizeof(float) != 0 || length / sizeof(float) > MaxDimensions)
            {
                throw AgentFileReader.Invalid(_path, $"{_table.Place}.rows[{row}], {_table.Columns[index]}, is not a vector in base64", null);
            }

            var sent = PgVector.FromLittleEndian(bytes.AsSpan(0, length));
            _line.Append('[');
            foreach (var number in PgVector.ToFloats(sent))
            {
                _line.Append(CultureInfo.InvariantCulture, $"{number},");
            }

            // In place of the last comma: there is no vector without a number.
            _line[^1] = ']';
            AppendValue(Convert.ToHexString(sent).ToLowerInvariant());
        }
    }
}
