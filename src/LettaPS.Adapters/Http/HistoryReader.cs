using System.Text.Json;
using LettaPS.Core;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;

namespace LettaPS.Adapters.Http;

/// <summary>
/// Reads every message of an agent, whatever the release: forwards where the server orders its lists, backwards from the newest where it does not.
/// </summary>
/// <remarks>
/// Servers from 0.13 on cannot read a page that begins with a tool message whose call identifier is lost (facts.md 10.1, 10.4), but can read the same
/// message within a page. So a page is made to begin with a message that is known and is not a tool's, and the messages seen twice are passed over.
/// </remarks>
internal sealed class HistoryReader(HttpTransport http, ServerDialect dialect, string agentId, MessageLog log, Action<string> missing, Action damaged)
{
    private const int PageSize = 1000;

    /// <summary>Sizes that are tried when a page cannot be read: a larger or a smaller one begins or ends elsewhere.</summary>
    private static readonly int[] s_sizes = [PageSize, 5 * PageSize, PageSize / 4, 25 * PageSize, 50];

    private readonly List<MessageEntry> _entries = [];

    /// <summary>Reads the history.</summary>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The messages, oldest first.</returns>
    public async Task<List<MessageEntry>> ReadAsync(CancellationToken cancel) => dialect.OrdersMessages
        ? await ReadForwardsAsync(cancel).ConfigureAwait(false)
        : await ReadBackwardsAsync(cancel).ConfigureAwait(false);

    private async Task<List<MessageEntry>> ReadForwardsAsync(CancellationToken cancel)
    {
        // The server may leave messages out of a page (those that it shows nothing of), so only an empty page is the end.
        while (true)
        {
            var before = _entries.Count;
            if (!await ReadNextPageAsync(cancel).ConfigureAwait(false) || _entries.Count == before)
            {
                return _entries;
            }
        }
    }

    private async Task<bool> ReadNextPageAsync(CancellationToken cancel)
    {
        LettaException? refusal = null;
        foreach (var size in s_sizes)
        {
            try
            {
                await ReadPageAsync(size, () => "&order=asc" + CursorBehind(), _entries, cancel).ConfigureAwait(false);
                return true;
            }
            catch (LettaException e) when (e.ErrorId == "RequestRefused")
            {
                refusal = e;
                if (e.Message.Contains("tool_call_id", StringComparison.Ordinal))
                {
                    damaged();
                }
            }
        }

        missing(_entries.Count == 0 ? $"The history: {refusal!.Message}" : $"The history after message {_entries[^1].Id}: {refusal!.Message}");
        return false;
    }

    /// <summary>Goes on behind a message whose follower is known not to be a tool's.</summary>
    private string CursorBehind()
    {
        for (var i = _entries.Count - 1; i > 0; i--)
        {
            if (_entries[i].Key.Role != MessageRole.Tool)
            {
                return "&after=" + EntityId.Format("message", _entries[i - 1].Id);
            }
        }

        return _entries.Count == 0 ? string.Empty : "&after=" + EntityId.Format("message", _entries[^1].Id);
    }

    private async Task<List<MessageEntry>> ReadBackwardsAsync(CancellationToken cancel)
    {
        var pages = new Stack<List<MessageEntry>>();
        while (true)
        {
            var page = new List<MessageEntry>();
            var cursor = pages.Count == 0 ? string.Empty : "&before=" + EntityId.Format("message", pages.Peek()[0].Id);

            // A page that breaks off cannot be gone on with from the middle: it is read again.
            await ReadPageAsync(
                PageSize,
                () =>
                {
                    page.Clear();
                    return cursor;
                },
                page,
                cancel).ConfigureAwait(false);
            if (page.Count == 0)
            {
                return [.. pages.SelectMany(p => p)];
            }

            pages.Push(page);
        }
    }

    private async Task ReadPageAsync(int size, Func<string> query, List<MessageEntry> entries, CancellationToken cancel) => await http.GetAsync(
        () => $"agents/{agentId}/messages?{ServerDialect.MessageView}&limit={size}{query()}",
        async (json, token) =>
        {
            var known = entries.Skip(Math.Max(0, entries.Count - PageSize)).Select(e => e.Id).ToHashSet();
            var row = new List<JsonElement>();
            var rows = 0;
            await foreach (var item in json.ReadArrayAsync(token).ConfigureAwait(false))
            {
                if (row.Count > 0 && row[0].StringOrNull("id") != item.StringOrNull("id"))
                {
                    Keep(row, known, entries);
                    row.Clear();
                    if (++rows >= size)
                    {
                        throw new JsonException("The page is longer than was asked for.");
                    }
                }

                row.Add(item);
            }

            if (row.Count > 0)
            {
                Keep(row, known, entries);
            }

            return true;
        },
        cancel).ConfigureAwait(false);

    private void Keep(List<JsonElement> row, HashSet<Guid> known, List<MessageEntry> entries)
    {
        if (!EntityId.TryParse(row[0].StringOrNull("id"), "message", out var id))
        {
            throw new JsonException("A message has no identifier of Letta's form.");
        }

        if (!known.Contains(id))
        {
            entries.Add(log.Keep(id, MessageRow.FromItems(row), rebuilt: true));
        }
    }
}
