using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.IO;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;

namespace LettaPS.Adapters.Http;

/// <summary>
/// Reads every message of an agent, whatever the release: forwards where the server orders its lists, backwards from the newest where it does not.
/// </summary>
/// <remarks>
/// Servers from 0.13 on cannot read a page that begins with a tool message whose call identifier is lost (letta-facts.md 10.1, 10.4), but can read the same
/// message within a page. So a page is made to begin with a message that is known and is not a tool's, and the messages seen twice are passed over. Where
/// a page is refused all the same, pages that begin or end elsewhere are tried; where none can pass a message, the rest is read backwards from the newest,
/// so that only the unreadable part is missing.
/// </remarks>
internal sealed class HistoryReader(HttpTransport http, ReleaseCapabilities release, string agentId, MessageLog log, Action<string> missing, Action damaged)
{
    private const int PageSize = 1000;

    /// <summary>Most items that one message is shown as: far more than any model makes in a turn.</summary>
    private const int MaxItems = 10_000;

    private static readonly int[] s_forwardSizes = [PageSize, 5 * PageSize, 25 * PageSize, 250, 50, 10, 5, 3, 2, 1];
    private static readonly int[] s_backwardSizes = [PageSize, PageSize + 1, PageSize + 2, 250, 251, 50, 51, 10, 11, 3, 2, 1];

    /// <summary>Sizes that are tried after a fault of the server: it is rarely the size's, and each attempt costs the server a failed query.</summary>
    private static readonly int[] s_sizesAfterFault = [PageSize, 50, 1];

    private readonly Dictionary<Guid, string> _unread = [];

    /// <summary>The messages read from the oldest on, with those that could not be read: whether a page may begin behind one.</summary>
    private readonly List<(Guid Id, bool MayBeTool)> _passed = [];
    private readonly List<string> _strange = [];
    private LettaException? _refusal;
    private bool _readAny;

    /// <summary>Messages that could not be read, and why.</summary>
    public IReadOnlyDictionary<Guid, string> Unread => _unread;

    /// <summary>Why items that do not say which message they belong to could not be read.</summary>
    public IReadOnlyList<string> Strange => _strange;

    /// <summary>What the server shows of the messages and items that could not be read.</summary>
    public List<JsonElement> UnreadItems { get; } = [];

    /// <summary>Reads the history.</summary>
    /// <returns>The messages, oldest first.</returns>
    public async Task<List<MessageEntry>> ReadAsync(CancellationToken cancellationToken)
    {
        var entries = new List<MessageEntry>();
        if (!release.OrdersMessages)
        {
            await ReadBehindTheGapAsync(entries, string.Empty, cancellationToken).ConfigureAwait(false);
            return entries;
        }

        if (!await ReadForwardsAsync(entries, cancellationToken).ConfigureAwait(false))
        {
            await ReadBehindTheGapAsync(entries, "&order=desc", cancellationToken).ConfigureAwait(false);
        }

        return entries;
    }

    private static List<MessageEntry> Flatten(Stack<List<MessageEntry>> pages) => [.. pages.SelectMany(p => p)];

    /// <summary>Reads from the oldest message on.</summary>
    /// <returns>Whether the newest was reached.</returns>
    private async Task<bool> ReadForwardsAsync(List<MessageEntry> entries, CancellationToken cancellationToken)
    {
        var known = new HashSet<Guid>();

        // The server may leave messages out of a page (those that it shows nothing of), so only a page with nothing new is the end, and only if there
        // was room for something new.
        while (true)
        {
            var before = _passed.Count;
            var room = false;
            if (!await TryAsync(
                s_forwardSizes,
                async size => room = await ReadPageAsync(size, () => "&order=asc" + CursorBehind(), (id, row) => KeepForwards(entries, known, id, row), cancellationToken).ConfigureAwait(false) < size).ConfigureAwait(false))
            {
                return false;
            }

            if (_passed.Count == before)
            {
                return room;
            }
        }
    }

    /// <summary>Reads from the newest message back to what was read from the oldest on, or to what cannot be read.</summary>
    private async Task ReadBehindTheGapAsync(List<MessageEntry> entries, string order, CancellationToken cancellationToken)
    {
        var known = entries.Select(e => e.Id).ToHashSet();
        var (pages, reachedKnown) = _refusal is { } failed && !(CanBeTriedElsewhere(failed) && (_readAny || failed.ErrorId != ErrorIds.InvalidAnswer)) ? ([], false) : await ReadBackwardsAsync(order, known, cancellationToken).ConfigureAwait(false);
        var later = Flatten(pages);
        var last = entries.Count > 0 ? EntityId.Format("message", entries[^1].Id) : "the beginning";
        var nothing = entries.Count + later.Count == 0;
        entries.AddRange(later.Where(e => !known.Contains(e.Id)));
        if (!reachedKnown)
        {
            var where = later.Count > 0 ? $" and before {EntityId.Format("message", later[0].Id)}" : string.Empty;
            missing($"{(nothing ? "The history" : $"Messages of the history after {last}{where}")}: {_refusal?.Message ?? "the server repeats its pages instead of going on."}");
        }
    }

    /// <summary>Reads pages from the newest back.</summary>
    /// <param name="order">The order to ask for.</param>
    /// <param name="known">Where to stop; empty for the oldest message.</param>
    /// <returns>The pages, the oldest on top, and whether they reach back to what is known, or to the oldest message.</returns>
    private async Task<(Stack<List<MessageEntry>> Pages, bool Reached)> ReadBackwardsAsync(string order, HashSet<Guid> known, CancellationToken cancellationToken)
    {
        var pages = new Stack<List<MessageEntry>>();
        var seen = new HashSet<Guid>();
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

            if (!await TryAsync(
                s_backwardSizes,
                size => ReadPageAsync(size, Query, (id, row) =>
                {
                    if (Read(id, row) is { } entry)
                    {
                        page.Add(entry);
                    }
                }, cancellationToken)).ConfigureAwait(false))
            {
                return (pages, false);
            }

            if (page.Count == 0)
            {
                return (pages, known.Count == 0);
            }

            var fresh = page.FindAll(e => seen.Add(e.Id));
            if (fresh.Count == 0)
            {
                // The same page again: the server ignores the cursor.
                return (pages, false);
            }

            pages.Push(fresh);
            if (fresh.Exists(e => known.Contains(e.Id)))
            {
                return (pages, true);
            }
        }
    }

    /// <summary>Tries pages of several sizes until one is not refused.</summary>
    private async Task<bool> TryAsync(int[] sizes, Func<int, Task> read)
    {
        LettaException? failure = null;
        foreach (var size in sizes)
        {
            if (failure is { ErrorId: ErrorIds.ServerFailed } && !s_sizesAfterFault.Contains(size))
            {
                continue;
            }

            try
            {
                await read(size).ConfigureAwait(false);
                return true;
            }
            catch (LettaException e) when (PartialRead.IsMissable(e) && (_readAny || CanBeTriedElsewhere(e)))
            {
                _refusal = failure = e;
                if (e.Message.Contains("tool_call_id", StringComparison.Ordinal))
                {
                    damaged();
                }

                if (e.ErrorId == ErrorIds.InvalidAnswer || !CanBeTriedElsewhere(e))
                {
                    return false;
                }
            }
        }

        return false;
    }

    /// <summary>Whether another page may pass where one failed: not where the server has no time, or is not there at all.</summary>
    private static bool CanBeTriedElsewhere(LettaException e) => e.ErrorId is ErrorIds.RequestRefused or ErrorIds.ServerFailed or ErrorIds.InvalidAnswer;

    /// <summary>Goes on behind a message whose follower is known not to be a tool's.</summary>
    private string CursorBehind()
    {
        for (var i = _passed.Count - 1; i > 0; i--)
        {
            if (!_passed[i].MayBeTool)
            {
                return "&after=" + EntityId.Format("message", _passed[i - 1].Id);
            }
        }

        return _passed.Count == 0 ? string.Empty : "&after=" + EntityId.Format("message", _passed[^1].Id);
    }

    /// <summary>Reads a page and keeps what is new in it. What of it cannot be read is noted, and the rest is kept.</summary>
    /// <returns>How many messages the page had.</returns>
    private Task<int> ReadPageAsync(int size, Func<string> query, Action<Guid, List<JsonElement>> keep, CancellationToken cancellationToken) => http.GetAsync(
        () => $"agents/{agentId}/messages?{ApiQueries.MessageView}&limit={size}{query()}",
        async (json, token) =>
        {
            var row = new List<JsonElement>();
            var rows = 0;
            var current = Guid.Empty;
            var strange = 0;
            await foreach (var item in json.ReadArrayAsync(token).ConfigureAwait(false))
            {
                if (!EntityId.TryParse(item.StringOrNull("id"), "message", out var id))
                {
                    NoteStrange(item, ++strange);
                    continue;
                }

                if (row.Count > 0 && id != current)
                {
                    keep(current, row);
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
                keep(current, row);
                rows++;
            }

            return rows;
        },
        cancellationToken);

    private void NoteStrange(JsonElement item, int ofPage)
    {
        if (ofPage > PartialRead.MaxStrange)
        {
            throw new JsonException("Too many items have no identifier of a message.");
        }

        var text = item.GetRawText();
        if (!UnreadItems.Exists(i => i.GetRawText() == text))
        {
            UnreadItems.Add(item);
            _strange.Add("It has no identifier of a message.");
        }
    }

    private void KeepForwards(List<MessageEntry> entries, HashSet<Guid> known, Guid id, List<JsonElement> row)
    {
        if (!known.Add(id))
        {
            return;
        }

        var entry = Read(id, row);
        _passed.Add((id, entry?.Key.Role is null or MessageRole.Tool));
        if (entry is { } read)
        {
            entries.Add(read);
        }
    }

    /// <summary>Rebuilds a message.</summary>
    /// <returns><see langword="null"/> where it cannot be read, which is noted once.</returns>
    private MessageEntry? Read(Guid id, List<JsonElement> row)
    {
        _readAny = true;
        try
        {
            return log.Keep(id, MessageRow.FromItems(row), rebuilt: true);
        }
        catch (Exception e) when (!ItemBoundary.EndsRun(e))
        {
            if (_unread.TryAdd(id, e.Message))
            {
                UnreadItems.AddRange(row);
            }

            return null;
        }
    }
}
