using System.Runtime.CompilerServices;
using System.Text.Json;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Json;
using LettaPS.Core.Text;

namespace LettaPS.Core.AgentFiles.Reading;

/// <summary>Reads the database part of an agent file row by row. Files come from strangers: whatever is not as it must be is an error that names the place.</summary>
/// <param name="json">The document, after the name of the property.</param>
/// <param name="path">The file.</param>
internal sealed class DatabaseSectionReader(JsonStreamReader json, string path)
{
    /// <summary>PostgreSQL's own limit (MaxHeapAttributeNumber).</summary>
    private const int MaxColumns = 1600;

    /// <summary>Several times what Letta has.</summary>
    private const int MaxTables = 1000;

    /// <summary>What to do with the rows of a table.</summary>
    /// <param name="rows">Its rows; each is as long as there are columns.</param>
    public delegate Task RowsHandler(DatabaseSectionTable table, IAsyncEnumerable<string?[]> rows);

    /// <summary>Reads the database part of a file, and tells whether the file is still the one that was read before.</summary>
    /// <param name="path">The file.</param>
    /// <param name="onRows">Takes the rows, table by table.</param>
    /// <returns>SHA-256 of the file, in lower-case hexadecimal digits.</returns>
    public static async Task<string> ReadFileAsync(string path, RowsHandler onRows, CancellationToken cancellationToken)
    {
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        using var stream = AgentFileReader.OpenText(path, bytes => hash.AppendData(bytes));
        using var json = new JsonStreamReader(stream);
        try
        {
            await json.ReadAsync(cancellationToken).ConfigureAwait(false);
            while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.PropertyName)
            {
                if (json.PropertyName != SnapshotFileWriter.Extension)
                {
                    await json.SkipAsync(cancellationToken).ConfigureAwait(false);
                    continue;
                }

                await json.ReadAsync(cancellationToken).ConfigureAwait(false);
                while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.PropertyName)
                {
                    if (json.PropertyName == SnapshotFileWriter.DatabaseProperty)
                    {
                        await new DatabaseSectionReader(json, path).ReadAsync(onRows, cancellationToken).ConfigureAwait(false);
                    }
                    else
                    {
                        await json.SkipAsync(cancellationToken).ConfigureAwait(false);
                    }
                }
            }

            await json.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (JsonException e)
        {
            throw AgentFileReader.Invalid(path, $"the file is not well-formed JSON ({JsonErrorLocation.Of(e, json.Position)})", e);
        }

        return Convert.ToHexString(hash.GetCurrentHash()).ToLowerInvariant();
    }

    /// <summary>Reads the part.</summary>
    /// <param name="onRows">Takes the rows; where <see langword="null"/> they are counted.</param>
    /// <returns>The part, or <see langword="null"/> where the file says that there is none.</returns>
    public async Task<DatabaseSection?> ReadAsync(RowsHandler? onRows, CancellationToken cancellationToken)
    {
        if (!await EnterAsync(JsonTokenType.StartObject, DatabaseSection.Place, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        var part = new DatabaseSection();
        while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.PropertyName)
        {
            var name = json.PropertyName!;
            if (name == "tables")
            {
                await ReadTablesAsync(part, onRows, cancellationToken).ConfigureAwait(false);
                continue;
            }

            var value = await ReadValueAsync($"{DatabaseSection.Place}.{name}", cancellationToken).ConfigureAwait(false);
            var text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
            switch (name)
            {
                case "server_version":
                    part.ServerVersion = text;
                    break;
                case "nearest_release":
                    part.NearestRelease = text;
                    break;
                case "encryption_key_fingerprint":
                    part.EncryptionKeyFingerprint = text;
                    break;
                default:
                    break;
            }
        }

        return part;
    }

    private async Task ReadTablesAsync(DatabaseSection part, RowsHandler? onRows, CancellationToken cancellationToken)
    {
        if (!await EnterAsync(JsonTokenType.StartObject, $"{DatabaseSection.Place}.tables", cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.PropertyName)
        {
            var name = json.PropertyName!;
            if (part.Tables.Count == MaxTables)
            {
                throw Invalid($"{DatabaseSection.Place}.tables has more than {MaxTables} tables");
            }

            if (part.Tables.Exists(t => t.Name == name))
            {
                throw Invalid($"{DatabaseSection.PlaceOf(UntrustedText.Shorten(name))} is there twice");
            }

            await ReadTableAsync(part, name, onRows, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ReadTableAsync(DatabaseSection part, string name, RowsHandler? onRows, CancellationToken cancellationToken)
    {
        var place = DatabaseSection.PlaceOf(UntrustedText.Shorten(name));
        if (!await EnterAsync(JsonTokenType.StartObject, place, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        IReadOnlyList<string>? columns = null;
        IReadOnlyList<string>? types = null;
        while (await json.ReadAsync(cancellationToken).ConfigureAwait(false) == JsonTokenType.PropertyName)
        {
            switch (json.PropertyName)
            {
                case "columns":
                    columns = Texts(await ReadValueAsync($"{place}.columns", cancellationToken).ConfigureAwait(false), $"{place}.columns");
                    break;
                case "types":
                    types = Texts(await ReadValueAsync($"{place}.types", cancellationToken).ConfigureAwait(false), $"{place}.types");
                    break;
                case "rows":
                    var table = new DatabaseSectionTable(name, columns ?? throw Invalid($"{place}.rows comes before its columns"), types ?? throw Invalid($"{place}.rows comes before its types"));
                    part.Tables.Add(Checked(table, place));
                    var rows = RowsAsync(table, place, cancellationToken);
                    if (onRows is not null)
                    {
                        await onRows(table, rows).ConfigureAwait(false);
                    }
                    else
                    {
                        await foreach (var _ in rows.ConfigureAwait(false))
                        {
                        }
                    }

                    break;
                default:
                    await json.SkipAsync(cancellationToken).ConfigureAwait(false);
                    break;
            }
        }
    }

    private DatabaseSectionTable Checked(DatabaseSectionTable table, string place)
    {
        if (table.Columns.Count > MaxColumns)
        {
            throw Invalid($"{place} has {table.Columns.Count} columns; PostgreSQL takes {MaxColumns}");
        }

        if (table.Types.Count != table.Columns.Count)
        {
            throw Invalid($"{place} has {table.Columns.Count} columns and {table.Types.Count} types");
        }

        var twice = table.Columns.GroupBy(c => c, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1);
        return twice is null ? table : throw Invalid($"{place} has the column {UntrustedText.Shorten(twice.Key)} twice");
    }

    private async IAsyncEnumerable<string?[]> RowsAsync(DatabaseSectionTable table, string place, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!await EnterAsync(JsonTokenType.StartArray, $"{place}.rows", cancellationToken).ConfigureAwait(false))
        {
            yield break;
        }

        while (await json.ReadValueAsync(cancellationToken).ConfigureAwait(false) is { } row)
        {
            if (row.ValueKind != JsonValueKind.Array)
            {
                throw Invalid($"{place}.rows[{table.Rows}] is not a list");
            }

            if (row.GetArrayLength() != table.Columns.Count)
            {
                throw Invalid($"{place}.rows[{table.Rows}] has {row.GetArrayLength()} cells; there are {table.Columns.Count} columns");
            }

            var cells = new string?[table.Columns.Count];
            var i = 0;
            foreach (var cell in row.EnumerateArray())
            {
                cells[i] = cell.ValueKind switch
                {
                    JsonValueKind.Null => null,
                    JsonValueKind.String when cell.GetString() is { } text && !text.Contains('\0', StringComparison.Ordinal) => text,
                    JsonValueKind.String => throw Invalid($"{place}.rows[{table.Rows}], {UntrustedText.Shorten(table.Columns[i])}, holds U+0000, which PostgreSQL takes nowhere"),
                    _ => throw Invalid($"{place}.rows[{table.Rows}], {UntrustedText.Shorten(table.Columns[i])}, is neither a text nor null"),
                };
                i++;
            }

            yield return cells;
            table.Rows++;
        }
    }

    private async Task<bool> EnterAsync(JsonTokenType expected, string place, CancellationToken cancellationToken)
    {
        var token = await json.ReadAsync(cancellationToken).ConfigureAwait(false);
        return token == expected || (token == JsonTokenType.Null ? false : throw Invalid($"{place} is not {(expected == JsonTokenType.StartArray ? "a list" : "an object")}"));
    }

    private async Task<JsonElement> ReadValueAsync(string place, CancellationToken cancellationToken) =>
        await json.ReadValueAsync(cancellationToken).ConfigureAwait(false) ?? throw Invalid($"{place} has no value");

    private List<string> Texts(JsonElement list, string place) => list.ValueKind == JsonValueKind.Array
        ? [.. list.EnumerateArray().Select((item, i) => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Invalid($"{place}[{i}] is not a text"))]
        : throw Invalid($"{place} is not a list");

    private LettaException Invalid(string problem) => AgentFileReader.Invalid(path, problem, null);
}
