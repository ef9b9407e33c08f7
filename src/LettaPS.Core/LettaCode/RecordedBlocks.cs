using System.Globalization;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.AgentFiles.Reading;

namespace LettaPS.Core.LettaCode;

/// <summary>What only the rows of a server's database tell of blocks: their history, and those of single conversations.</summary>
internal sealed class RecordedBlocks
{
    private const string History = "block_history";
    private const string Blocks = "block";
    private const string Links = "blocks_conversations";

    private RecordedBlocks(IReadOnlyList<BlockVersion> versions, IReadOnlyList<ConversationBlock> ofConversations) => (Versions, OfConversations) = (versions, ofConversations);

    /// <summary>The versions of all blocks of the file, oldest first.</summary>
    public IReadOnlyList<BlockVersion> Versions { get; }

    /// <summary>The blocks of single conversations.</summary>
    public IReadOnlyList<ConversationBlock> OfConversations { get; }

    /// <summary>Reads the rows of a file; nothing if the file was not made from a database.</summary>
    /// <param name="document">The file.</param>
    /// <exception cref="LettaException"><c>AgentFileChanged</c>: the file is not the one that was read.</exception>
    public static async Task<RecordedBlocks> ReadAsync(AgentDocument document, CancellationToken cancellationToken)
    {
        if (document.Database is not { } database || (database.RowsOf(History) == 0 && database.RowsOf(Links) == 0))
        {
            return new([], []);
        }

        var versions = new List<BlockVersion>();
        var links = new List<(string Conversation, string Block)>();
        var blocks = new Dictionary<string, (string Label, string Value)>(StringComparer.Ordinal);
        var sha256 = await DatabaseSectionReader.ReadFileAsync(
            document.Path,
            async (table, rows) =>
            {
                await foreach (var row in rows.WithCancellation(cancellationToken).ConfigureAwait(false))
                {
                    switch (table.Name)
                    {
                        case History:
                            versions.Add(Version(table, row));
                            break;
                        case Links:
                            links.Add((Cell(table, row, "conversation_id") ?? string.Empty, Cell(table, row, "block_id") ?? string.Empty));
                            break;
                        case Blocks:
                            blocks[Cell(table, row, "id") ?? string.Empty] = (Cell(table, row, "label") ?? Blocks, Cell(table, row, "value") ?? string.Empty);
                            break;
                    }
                }
            },
            cancellationToken).ConfigureAwait(false);
        if (sha256 != document.Sha256)
        {
            throw AgentFileReader.Changed(document.Path);
        }

        return new(
            [.. versions.OrderBy(v => v.Time).ThenBy(v => v.BlockId, StringComparer.Ordinal).ThenBy(v => v.Sequence)],
            [.. links.Where(l => blocks.ContainsKey(l.Block)).Select(l => new ConversationBlock(l.Conversation, blocks[l.Block].Label, blocks[l.Block].Value))]);
    }

    private static string? Cell(DatabaseSectionTable table, string?[] row, string column)
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

    private static BlockVersion Version(DatabaseSectionTable table, string?[] row) => new(
        Cell(table, row, "block_id") ?? string.Empty,
        long.TryParse(Cell(table, row, "sequence_number"), CultureInfo.InvariantCulture, out var number) ? number : 0,
        Cell(table, row, "value") ?? string.Empty,
        Cell(table, row, "description"),
        long.TryParse(Cell(table, row, "limit"), CultureInfo.InvariantCulture, out var limit) ? limit : null,
        DateTimeOffset.TryParse(Cell(table, row, "created_at"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : DateTimeOffset.UnixEpoch,
        Cell(table, row, "actor_type"),
        Cell(table, row, "actor_id"));
}
