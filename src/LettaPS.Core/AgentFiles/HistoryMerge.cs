namespace LettaPS.Core.AgentFiles;

/// <summary>
/// Puts the rows of an export into the history that the API lists: the history has every message and its identifier, the rows have what the
/// API does not show.
/// </summary>
internal static class HistoryMerge
{
    /// <summary>Merges the two views.</summary>
    /// <param name="history">The messages that the API lists, oldest first, rebuilt from its items.</param>
    /// <param name="rows">The rows of the export, in its order, without identifiers.</param>
    /// <param name="inContext">Identifiers of the messages in context.</param>
    /// <param name="rowsInContext">For each of them the index of its row, -1 where the row is not in the export; empty where the export does not tell.</param>
    /// <returns>Every message of the history, and those in context that the API does not list, oldest first.</returns>
    /// <remarks>
    /// The places in context are only a hint: a turn of the agent between the two requests moves them. A row is taken for a message that the API lists if role, time
    /// and text agree, and for one that it does not list only if all the others in context agree.
    /// </remarks>
    public static List<MessageEntry> Merge(
        IReadOnlyList<MessageEntry> history,
        IReadOnlyList<MessageEntry> rows,
        IReadOnlyList<Guid> inContext,
        IReadOnlyList<int> rowsInContext)
    {
        var rowOf = new Dictionary<Guid, MessageEntry>();
        var taken = new HashSet<int>();
        foreach (var (id, index) in Pairs(history, rows, inContext, rowsInContext))
        {
            if (rowOf.TryAdd(id, rows[index] with { Id = id }))
            {
                taken.Add(index);
            }
        }

        var others = rows.Where((_, i) => !taken.Contains(i)).ToList();
        var merged = new List<MessageEntry>(history.Count);
        var next = 0;
        foreach (var message in history)
        {
            if (rowOf.Remove(message.Id, out var row))
            {
                merged.Add(Better(message, row));
                continue;
            }

            while (next < others.Count && others[next].Key.Second < message.Key.Second)
            {
                next++;
            }

            merged.Add(next < others.Count && others[next].Key.Matches(message.Key) ? Better(message, others[next++]) : message);
        }

        if (rowOf.Count > 0)
        {
            InsertUnlisted(merged, inContext, rowOf);
        }

        return merged;
    }

    /// <summary>How many of the messages in context that the API lists are the rows that the export has at their places.</summary>
    /// <param name="history">The messages that the API lists.</param>
    /// <param name="rows">The rows of the export.</param>
    /// <param name="inContext">Identifiers of the messages in context.</param>
    /// <param name="rowsInContext">For each of them the index of its row.</param>
    public static int Agreement(IReadOnlyList<MessageEntry> history, IReadOnlyList<MessageEntry> rows, IReadOnlyList<Guid> inContext, IReadOnlyList<int> rowsInContext)
    {
        var listed = Listed(history);
        return rowsInContext.Count == inContext.Count ? inContext.Where((id, i) => listed.TryGetValue(id, out var key) && IsAt(rows, rowsInContext[i], key)).Count() : 0;
    }

    private static Dictionary<Guid, MessageKey> Listed(IReadOnlyList<MessageEntry> history)
    {
        var listed = new Dictionary<Guid, MessageKey>(history.Count);
        foreach (var message in history)
        {
            listed.TryAdd(message.Id, message.Key);
        }

        return listed;
    }

    private static bool IsAt(IReadOnlyList<MessageEntry> rows, int index, MessageKey key) => index >= 0 && rows[index].Key.Matches(key);

    private static IEnumerable<(Guid Id, int Row)> Pairs(
        IReadOnlyList<MessageEntry> history, IReadOnlyList<MessageEntry> rows, IReadOnlyList<Guid> inContext, IReadOnlyList<int> rowsInContext)
    {
        // A list of another length was taken before or after a turn of the agent: its places say nothing about these messages.
        if (rowsInContext.Count != inContext.Count)
        {
            yield break;
        }

        var listed = Listed(history);
        var aligned = inContext.Select((id, i) => !listed.TryGetValue(id, out var key) || IsAt(rows, rowsInContext[i], key)).All(agrees => agrees);
        for (var i = 0; i < inContext.Count; i++)
        {
            if (listed.TryGetValue(inContext[i], out var key) ? IsAt(rows, rowsInContext[i], key) : aligned && rowsInContext[i] >= 0)
            {
                yield return (inContext[i], rowsInContext[i]);
            }
        }
    }

    /// <summary>A row that no longer says which call it answers is worth less than the API's view, into which the server puts that from the call itself.</summary>
    private static MessageEntry Better(MessageEntry listed, MessageEntry row) => row.Damaged ? listed : row with { Id = listed.Id };

    /// <summary>The API lists no message that it has nothing to show of (an empty turn of the model); in context it counts all the same.</summary>
    private static void InsertUnlisted(List<MessageEntry> merged, IReadOnlyList<Guid> inContext, Dictionary<Guid, MessageEntry> unlisted)
    {
        var after = -1;
        foreach (var id in inContext)
        {
            if (unlisted.Remove(id, out var row))
            {
                merged.Insert(++after, row);
            }
            else
            {
                var at = merged.FindIndex(m => m.Id == id);
                after = at >= 0 ? at : after;
            }
        }
    }
}
