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
    /// <param name="rowsInContext">For each of them the index of its row; empty where the export does not tell.</param>
    /// <returns>Every message of the history, and those in context that the API does not list, oldest first.</returns>
    public static List<MessageEntry> Merge(
        IReadOnlyList<MessageEntry> history,
        IReadOnlyList<MessageEntry> rows,
        IReadOnlyList<Guid> inContext,
        IReadOnlyList<int> rowsInContext)
    {
        // A list of another length was taken before or after a turn of the agent: its places say nothing about these messages.
        var known = rowsInContext.Count == inContext.Count;
        var rowOf = new Dictionary<Guid, MessageEntry>();
        if (known)
        {
            for (var i = 0; i < inContext.Count; i++)
            {
                rowOf.TryAdd(inContext[i], rows[rowsInContext[i]] with { Id = inContext[i] });
            }
        }

        var taken = known ? rowsInContext.ToHashSet() : [];
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
