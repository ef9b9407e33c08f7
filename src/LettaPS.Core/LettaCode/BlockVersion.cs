using System.Globalization;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.AgentFiles.Reading;

namespace LettaPS.Core.LettaCode;

/// <summary>A version of a block as the database of a server recorded it.</summary>
/// <param name="BlockId">The block.</param>
/// <param name="Sequence">Its number among the block's.</param>
/// <param name="Value">The text.</param>
/// <param name="Description">The description.</param>
/// <param name="Limit">How long it might become.</param>
/// <param name="Time">When it was written.</param>
/// <param name="ActorType">What wrote it: <c>user</c>, <c>agent</c> or <c>system</c>, as the server spells it.</param>
/// <param name="ActorId">Who wrote it.</param>
internal sealed record BlockVersion(string BlockId, long Sequence, string Value, string? Description, long? Limit, DateTimeOffset Time, string? ActorType, string? ActorId)
{
    private const string Table = "block_history";

    /// <summary>Reads the versions of all blocks of a file, oldest first.</summary>
    /// <param name="document">The file.</param>
    /// <returns>None where the file was not read from a database.</returns>
    /// <exception cref="LettaException"><c>AgentFileChanged</c>: the file is not the one that was read.</exception>
    public static async Task<IReadOnlyList<BlockVersion>> ReadAsync(AgentDocument document, CancellationToken cancellationToken)
    {
        if (document.Database is not { } database || database.RowsOf(Table) == 0)
        {
            return [];
        }

        var versions = new List<BlockVersion>();
        var sha256 = await DatabaseSectionReader.ReadFileAsync(
            document.Path,
            async (table, rows) =>
            {
                await foreach (var row in rows.WithCancellation(cancellationToken).ConfigureAwait(false))
                {
                    if (table.Name == Table)
                    {
                        versions.Add(Of(table, row));
                    }
                }
            },
            cancellationToken).ConfigureAwait(false);
        if (sha256 != document.Sha256)
        {
            throw AgentFileReader.Changed(document.Path);
        }

        return [.. versions.OrderBy(v => v.Time).ThenBy(v => v.BlockId, StringComparer.Ordinal).ThenBy(v => v.Sequence)];
    }

    private static BlockVersion Of(DatabaseSectionTable table, string?[] row)
    {
        string? Cell(string column)
        {
            for (var i = 0; i < table.Columns.Count; i++)
            {
                if (table.Columns[i] == column)
                {
                    return row[i];
                }
            }

            return null;
        }

        return new(
            Cell("block_id") ?? string.Empty,
            long.TryParse(Cell("sequence_number"), CultureInfo.InvariantCulture, out var number) ? number : 0,
            Cell("value") ?? string.Empty,
            Cell("description"),
            long.TryParse(Cell("limit"), CultureInfo.InvariantCulture, out var limit) ? limit : null,
            DateTimeOffset.TryParse(Cell("created_at"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : DateTimeOffset.UnixEpoch,
            Cell("actor_type"),
            Cell("actor_id"));
    }
}
