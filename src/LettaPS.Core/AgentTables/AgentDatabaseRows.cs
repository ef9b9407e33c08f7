using System.Buffers;
using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.IO;
using LettaPS.Core.Secrets;
using LettaPS.Core.Text;

namespace LettaPS.Core.AgentTables;

/// <summary>The rows of one agent as its database has them, kept outside of memory when they are many: the part <c>database</c> of an agent file.</summary>
internal sealed class AgentDatabaseRows : IDatabaseRows
{
    private const int ChunkSize = 64 << 10;

    private readonly AgentDatabaseFacts _facts;
    private readonly bool _withSecrets;
    private readonly SpillBuffer _bytes;
    private readonly Dictionary<string, Table> _tables = new(StringComparer.Ordinal);
    private readonly PooledBuffer _chunk = new(2 * ChunkSize);
    private readonly Utf8JsonWriter _json;
    private Table? _open;

    /// <summary>Begins without rows.</summary>
    /// <param name="facts">The database.</param>
    /// <param name="folder">Where the rows go when they are many.</param>
    /// <param name="withSecrets">Whether secrets that are in clear are kept.</param>
    internal AgentDatabaseRows(AgentDatabaseFacts facts, string folder, bool withSecrets)
    {
        _facts = facts;
        _withSecrets = withSecrets;
        _bytes = new SpillBuffer(folder);
        _json = new Utf8JsonWriter(_chunk, SnapshotFileWriter.WriterOptions with { SkipValidation = true });
    }

    /// <summary>Keeps a row.</summary>
    internal void Add(DatabaseRow row)
    {
        if (_open?.Shape != row.Shape)
        {
            Close();
            if (!_tables.TryGetValue(row.Shape.Name, out _open))
            {
                _tables[row.Shape.Name] = _open = new Table(row.Shape, []);
            }
        }

        var before = _chunk.Length;
        if (before > 0)
        {
            _chunk.Write(","u8);
        }

        try
        {
            WriteRow(row);
        }
        catch
        {
            // A row that cannot be written leaves nothing of itself between the others.
            _chunk.Truncate(before);
            throw;
        }

        if (_chunk.Length >= ChunkSize)
        {
            Close();
        }
    }

    /// <inheritdoc/>
    public void Write(Utf8JsonWriter json, CancellationToken cancellationToken)
    {
        Close();
        json.WriteStartObject();
        json.WriteString("server_version"u8, _facts.ServerVersion);
        json.WriteString("schema"u8, _facts.Schema);
        json.WriteString("revision"u8, _facts.Revision);
        json.WriteString("nearest_release"u8, _facts.NearestRelease);
        json.WriteString("read_at"u8, _facts.ReadAt);
        json.WriteString("encryption_key_fingerprint"u8, _facts.KeyFingerprint);
        json.WriteStartObject("tables"u8);
        foreach (var name in AgentTables.All.Select(t => t.Name))
        {
            if (_tables.TryGetValue(name, out var table))
            {
                WriteTable(json, table, cancellationToken);
            }
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _json.Dispose();
        _chunk.Dispose();
        _bytes.Dispose();
    }

    private void WriteTable(Utf8JsonWriter json, Table table, CancellationToken cancellationToken)
    {
        json.WriteStartObject(table.Shape.Name);
        json.WriteTexts("columns", table.Shape.Columns.Select(c => c.Name));
        json.WriteTexts("types", table.Shape.Columns.Select(c => c.Type));
        json.WriteStartArray("rows"u8);
        foreach (var (position, length) in table.Chunks)
        {
            cancellationToken.ThrowIfCancellationRequested();

            // A chunk is several rows with commas between them, which the writer takes for one value.
            json.WriteRawValue(_bytes.Read(position, length), skipInputValidation: true);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void Close()
    {
        if (_chunk.Length > 0)
        {
            _open!.Chunks.Add((_bytes.Append(_chunk.Written), _chunk.Length));
            _chunk.Clear();
        }
    }

    private void WriteRow(DatabaseRow row)
    {
        _json.Reset();
        _json.WriteStartArray();
        for (var i = 0; i < row.Shape.Columns.Count; i++)
        {
            if (row.IsNull(i) || (!_withSecrets && IsInClear(row.Shape.Secrets[i], row.Bytes(i))))
            {
                _json.WriteNullValue();
            }
            else if (row.Shape.Kinds[i] == ColumnKind.Vector)
            {
                _json.WriteBase64StringValue(PgVector.ToLittleEndian(row.Bytes(i)));
            }
            else if (!_withSecrets && row.Shape.Secrets[i] == ColumnSensitivity.Environment)
            {
                _json.WriteStringValue(McpEnvironment.Without(row.Bytes(i)));
            }
            else
            {
                _json.WriteStringValue(row.Bytes(i));
            }
        }

        _json.WriteEndArray();
        _json.Flush();
    }

    private static bool IsInClear(ColumnSensitivity secrecy, ReadOnlySpan<byte> value) =>
        secrecy == ColumnSensitivity.Plain || (secrecy == ColumnSensitivity.Encrypted && !SecretCipher.LooksEncrypted(value));

    private sealed record Table(TableShape Shape, List<(long Position, int Length)> Chunks);
}
