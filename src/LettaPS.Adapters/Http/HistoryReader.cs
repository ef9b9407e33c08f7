using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;

namespace LettaPS.Adapters.Http;

/// <summary>
/// Reads every message of an agent, whatever the release: forwards where the server orders its lists, backwards from the newest where it does not.
/// </summary>
/// <remarks>
/// Servers from 0.13 on cannot read a page that begins with a tool message whose call identifier is lost (facts.md 10.1, 10.4), but can read the same
/// message within a page. So a page is made to begin with a message that is known and is not a tool's, and the messages seen twice are passed over. Where
/// a page is refused all the same, pages that begin or end elsewhere are tried; where none can pass a message, the rest is read backwards from the newest,
/// so that only the unreadable part is missing.
/// </remarks>
internal sealed class HistoryReader(HttpTransport http, ServerDialect dialect, string agentId, MessageLog log, Action<string> missing, Action damaged)
{
    private const int PageSize = 1000;

    /// <summary>Most items that one message is shown as: far more than any model makes in a turn.</summary>
    private const int MaxItems = 10_000;

    private static readonly int[] s_forwardSizes = [PageSize, 5 * PageSize, 25 * PageSize, 250, 50, 10, 5, 3, 2, 1];
    private static readonly int[] s_backwardSizes = [PageSize, PageSize + 1, PageSize + 2, 250, 251, 50, 51, 10, 11, 3, 2, 1];

    private LettaException? _refusal;

    /// <summary>Reads the history.</summary>
    /// <returns>The messages, oldest first.</returns>
    public async Task<List<MessageEntry>> ReadAsync(CancellationToken cancellationToken)
    {
        if (!dialect.OrdersMessages)
        {
            return Flatten(await ReadBackwardsAsync(string.Empty, [PageSize], null, cancellationToken).ConfigureAwait(false));
        }

        var entries = new List<MessageEntry>();
        if (!await ReadForwardsAsync(entries, cancellationToken).ConfigureAwait(false))
        {
            await ReadBehindTheGapAsync(entries, cancellationToken).ConfigureAwait(false);
        }

        return entries;
    }

    private static List<MessageEntry> Flatten(Stack<List<MessageEntry>> pages) => [.. pages.SelectMany(p => p)];

    /// <summary>Reads from the oldest message on.</summary>
    /// <returns>Whether the newest was reached.</returns>
    private async Task<bool> ReadForwardsAsync(List<MessageEntry> entries, CancellationToken cancellationToken)
    {
        // The server may leave messages out of a page (those that it shows nothing of), so only a page with nothing new is the end, and only if there
        // was room for something new.
        while (true)
        {
            var before = entries.Count;
            var room = false;
            if (!await TryAsync(s_forwardSizes, async size => room = await ReadPageAsync(size, () => "&order=asc" + CursorBehind(entries), entries, cancellationToken).ConfigureAwait(false) < size).ConfigureAwait(false))
            {
                return false;
            }

            if (entries.Count == before)
            {
                return room;
            }
        }
    }

    /// <summary>Reads from the newest message back to what was read from the oldest on, or to what cannot be read.</summary>
    private async Task ReadBehindTheGapAsync(List<MessageEntry> entries, CancellationToken cancellationToken)
    {
        var known = entries.Select(e => e.Id).ToHashSet();
        var later = Flatten(await ReadBackwardsAsync("&order=desc", s_backwardSizes, known, cancellationToken).ConfigureAwait(false));
        var gap = later.FindLastIndex(e => known.Contains(e.Id)) < 0;
        var last = entries.Count > 0 ? EntityId.Format("message", entries[^1].Id) : "the beginning";
        entries.AddRange(later.Where(e => !known.Contains(e.Id)));
        if (gap)
        {
            missing($"Messages of the history after {last}{(later.Count > 0 ? " and before " + EntityId.Format("message", later[0].Id) : string.Empty)}: {_refusal!.Message}");
        }
    }

    /// <summary>Reads pages from the newest back.</summary>
    /// <param name="order">The order to ask for.</param>
    /// <param name="sizes">Sizes of pages to try.</param>
    /// <param name="known">Where to stop; <see langword="null"/> for the oldest message.</param>
    /// <returns>The pages, the oldest on top.</returns>
    private async Task<Stack<List<MessageEntry>>> ReadBackwardsAsync(string order, int[] sizes, HashSet<Guid>? known, CancellationToken cancellationToken)
    {
        var pages = new Stack<List<MessageEntry>>();
        while (true)
        {
            var page = new List<MessageEntry>();
            var cursor = order + (pages.Count == 0 ? string.Empty : "&before=" + EntityId.Format("message", pages.Peek()[0].Id));

            // A page that breaks off cannot be gone on with from the middle: it is read again.
            string Query()
            {
                page.Clear();
                return cursor;
            }

            if (known is null)
            {
                await ReadPageAsync(sizes[0], Query, page, cancellationToken).ConfigureAwait(false);
            }
            else if (!await TryAsync(sizes, size => ReadPageAsync(size, Query, page, cancellationToken)).ConfigureAwait(false))
            {
                return pages;
            }

            if (page.Count == 0)
            {
                return pages;
            }

            pages.Push(page);
            if (known?.Contains(page[0].Id) == true)
            {
                return pages;
            }
        }
    }

    /// <summary>Tries pages of several sizes until one is not refused.</summary>
    private async Task<bool> TryAsync(int[] sizes, Func<int, Task> read)
    {
        foreach (var size in sizes)
        {
            try
            {
                await read(size).ConfigureAwait(false);
                return true;
            }
            catch (LettaException e) when (e.ErrorId == "RequestRefused")
            {
                _refusal = e;
                if (e.Message.Contains("tool_call_id", StringComparison.Ordinal))
                {
                    damaged();
                }
            }
        }

        return false;
    }

    /// <summary>Goes on behind a message whose follower is known not to be a tool's.</summary>
    private static string CursorBehind(List<MessageEntry> entries)
    {
        for (var i = entries.Count - 1; i > 0; i--)
        {
            if (entries[i].Key.Role != MessageRole.Tool)
            {
                return "&after=" + EntityId.Format("message", entries[i - 1].Id);
            }
        }

        return entries.Count == 0 ? string.Empty : "&after=" + EntityId.Format("message", entries[^1].Id);
    }

    /// <summary>Reads a page and keeps what is new in it.</summary>
    /// <returns>How many messages the page had.</returns>
    private Task<int> ReadPageAsync(int size, Func<string> query, List<MessageEntry> entries, CancellationToken cancellationToken) => http.GetAsync(
        () => $"agents/{agentId}/messages?{ServerDialect.MessageView}&limit={size}{query()}",
        async (json, token) =>
        {
            var known = entries.Skip(Math.Max(0, entries.Count - PageSize)).Select(e => e.Id).ToHashSet();
            var row = new List<JsonElement>();
            var rows = 0;
            var current = Guid.Empty;
            await foreach (var item in json.ReadArrayAsync(token).ConfigureAwait(false))
            {
                if (!EntityId.TryParse(item.StringOrNull("id"), "message", out var id))
                {
                    throw new JsonException("A message has no identifier of Letta's form.");
                }

                if (row.Count > 0 && id != current)
                {
                    Keep(current, row, known, entries);
                    row.Clear();
                    rows++;
                }

                current = id;
                row.Add(item);
                if (rows == size || row.Count > MaxItems)
                {
                    throw new JsonException("The page is longer than was asked for.");
                }
            }

            if (row.Count > 0)
            {
                Keep(current, row, known, entries);
                rows++;
            }

            return rows;
        },
        cancellationToken);

    private void Keep(Guid id, List<JsonElement> row, HashSet<Guid> known, List<MessageEntry> entries)
    {
        if (!known.Contains(id))
        {
            entries.Add(log.Keep(id, MessageRow.FromItems(row), rebuilt: true));
        }
    }
}
