using System.Text.Json;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;

namespace LettaPS.Adapters.Http;

/// <summary>Reads which messages belong to a conversation (0.16.2 and later).</summary>
internal sealed class ConversationReader(HttpTransport http, string conversationId)
{
    private const int PageSize = 1000;

    /// <summary>Reads the identifiers of its messages.</summary>
    /// <returns>The identifiers, oldest first.</returns>
    public async Task<IReadOnlyList<Guid>> ReadAsync(CancellationToken cancellationToken)
    {
        var all = new List<Guid>();
        var seen = new HashSet<Guid>();
        while (true)
        {
            var cursor = all.Count == 0 ? string.Empty : "&after=" + EntityId.Format("message", all[^1]);
            var before = all.Count;
            await http.GetAsync(
                $"conversations/{conversationId}/messages?order=asc&limit={PageSize}{cursor}",
                async (json, token) =>
                {
                    await foreach (var item in json.ReadArrayAsync(token).ConfigureAwait(false))
                    {
                        if (!EntityId.TryParse(item.StringOrNull("id"), "message", out var id))
                        {
                            throw new JsonException("A message has no identifier of Letta's form.");
                        }

                        // One message can be shown as several items.
                        if (seen.Add(id))
                        {
                            all.Add(id);
                        }
                    }

                    return true;
                },
                cancellationToken).ConfigureAwait(false);
            if (all.Count == before)
            {
                return all;
            }
        }
    }
}
