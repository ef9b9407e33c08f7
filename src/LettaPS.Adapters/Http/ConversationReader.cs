using System.Text.Json;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;

namespace LettaPS.Adapters.Http;

/// <summary>Reads which messages belong to a conversation (0.16.2 and later).</summary>
internal sealed class ConversationReader(HttpTransport http, string conversationId, Action<string> missing)
{
    private const int PageSize = 1000;

    /// <summary>Reads the identifiers of its messages.</summary>
    /// <returns>The identifiers, oldest first.</returns>
    public async Task<IReadOnlyList<Guid>> ReadAsync(CancellationToken cancellationToken)
    {
        var all = new List<Guid>();
        var seen = new HashSet<Guid>();
        var strange = 0;
        while (true)
        {
            var cursor = all.Count == 0 ? string.Empty : "&after=" + EntityId.Format("message", all[^1]);
            var before = all.Count;
            int items;
            try
            {
                items = await http.GetAsync(
                    $"conversations/{conversationId}/messages?order=asc&limit={PageSize}{cursor}",
                    async (json, token) =>
                    {
                        var count = 0;
                        await foreach (var item in json.ReadArrayAsync(token).ConfigureAwait(false))
                        {
                            count++;
                            if (!EntityId.TryParse(item.StringOrNull("id"), "message", out var id))
                            {
                                strange = strange < PartialRead.MaxStrange ? strange + 1 : throw new JsonException("Too many items have no identifier of a message.");
                            }
                            else if (seen.Add(id))
                            {
                                // One message can be shown as several items.
                                all.Add(id);
                            }
                        }

                        return count;
                    },
                    cancellationToken).ConfigureAwait(false);
            }
            catch (LettaException e) when (all.Count > 0 && PartialRead.IsMissable(e))
            {
                missing($"after the first {all.Count}, {e.Message}");
                return all;
            }

            if (all.Count > before)
            {
                continue;
            }

            if (items >= PageSize)
            {
                missing($"after the first {all.Count}, the server repeats its pages instead of going on.");
            }

            if (strange > 0)
            {
                missing($"{strange} items have no identifier of a message.");
            }

            return all;
        }
    }
}
