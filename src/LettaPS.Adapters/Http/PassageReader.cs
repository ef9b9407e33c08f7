using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;

namespace LettaPS.Adapters.Http;

/// <summary>Reads every archival passage of an agent once, whatever the server makes of its cursors. What was read before a failure is kept, and the rest is named.</summary>
/// <param name="http">The server.</param>
/// <param name="agentId">The agent.</param>
/// <param name="log">Where the passages go.</param>
/// <param name="missing">Told what is not there.</param>
internal sealed class PassageReader(HttpTransport http, string agentId, JsonLog log, Action<string> missing)
{
    private const int PageSize = 200;

    /// <summary>The page that is asked for where the server ignores cursors: all that an archive can sensibly hold.</summary>
    private const int WholeSize = 100_000;

    private readonly HashSet<Guid> _seen = [];
    private readonly HashSet<string> _strange = new(StringComparer.Ordinal);
    private string? _last;

    /// <summary>Reads them.</summary>
    /// <returns>Whether anything could be read.</returns>
    public async Task<bool> ReadAsync(CancellationToken cancellationToken)
    {
        var size = PageSize;
        while (true)
        {
            var before = log.Count;
            int count;
            try
            {
                count = await ReadPageAsync(size, cancellationToken).ConfigureAwait(false);
            }
            catch (LettaException e) when (log.Count > 0 && PartialRead.IsMissable(e))
            {
                missing($"The archival passages after the first {log.Count}: {e.Message}");
                break;
            }

            if (PartialRead.IsLastPage(count, size))
            {
                break;
            }

            if (log.Count > before && size == PageSize)
            {
                continue;
            }

            if (size == WholeSize)
            {
                missing($"The archival passages after the first {log.Count}: the server repeats its pages instead of going on.");
                break;
            }

            // The same page again: the cursor is ignored, and all must fit into one page.
            (size, _last) = (WholeSize, null);
        }

        if (_strange.Count > 0)
        {
            missing($"{_strange.Count} archival passages: the server shows no identifier or no text for them.");
        }

        return true;
    }

    private Task<int> ReadPageAsync(int size, CancellationToken cancellationToken) => http.GetAsync(
        () => $"agents/{agentId}/archival-memory?limit={size}" + (_last is null ? string.Empty : $"&after={_last}"),
        async (json, token) =>
        {
            var count = 0;
            await foreach (var passage in json.ReadArrayAsync(token).ConfigureAwait(false))
            {
                count++;
                if (count > WholeSize)
                {
                    throw new JsonException("The list does not end.");
                }

                if (passage.StringOrNull("text") is null || !EntityId.TryParse(passage.StringOrNull("id"), "passage", out var id))
                {
                    _strange.Add(passage.GetRawText());
                }
                else if (_seen.Add(id))
                {
                    // Kept at once and remembered as the cursor, so that a page that breaks off is gone on with from here.
                    log.Append(PassageRow.FromApi(passage).Span);
                    _last = EntityId.Format("passage", id);
                }
            }

            return count;
        },
        cancellationToken);
}
