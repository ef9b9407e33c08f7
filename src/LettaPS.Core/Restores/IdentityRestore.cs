using System.Text.Json;
using LettaPS.Core.Json;

namespace LettaPS.Core.Restores;

/// <summary>Finds the identities of agents on the target and makes those that it lacks; one that only failed restores wanted is removed again.</summary>
/// <param name="server">The server.</param>
internal sealed class IdentityRestore(IAgentTarget server) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>For each identity that this run made, the agents of the run that want it.</summary>
    private readonly Dictionary<string, HashSet<string>> _made = new(StringComparer.Ordinal);

    /// <summary>Identities of the server by their keys; asked for when the first agent has any.</summary>
    private Dictionary<string, string>? _there;

    /// <summary>Finds or makes the identities of an agent. What the server refuses is a gap.</summary>
    /// <param name="work">The agent; it learns their identifiers on the server.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task FindAsync(AgentRestore work, CancellationToken cancel)
    {
        if (work.Document.Identities.Count == 0)
        {
            return;
        }

        await _gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            _there ??= (await server.ListThingsAsync(ThingKind.Identity, cancel).ConfigureAwait(false))
                .DistinctBy(Key)
                .ToDictionary(Key, i => i.StringOrNull("id") ?? string.Empty, StringComparer.Ordinal);
            foreach (var identity in work.Document.Identities)
            {
                var id = _there.GetValueOrDefault(Key(identity)) ?? await MakeAsync(work, identity, cancel).ConfigureAwait(false);
                _made.GetValueOrDefault(id)?.Add(work.Agent.SourceId);
                work.Identities[identity.StringOrNull("id") ?? Key(identity)] = id;
            }
        }
        catch (LettaException e) when (RestoreSession.IsRefusal(e))
        {
            work.Gaps.Add($"The identities: {e.Message}");
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Removes the identities that were made for an agent whose restore failed, and that no other agent of the run wants.</summary>
    /// <param name="work">The agent.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task RemoveAsync(AgentRestore work, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            foreach (var (id, agents) in _made.ToList())
            {
                if (agents.Remove(work.Agent.SourceId) && agents.Count == 0)
                {
                    await server.DeleteThingAsync(ThingKind.Identity, id, cancel).ConfigureAwait(false);
                    _made.Remove(id);
                    _there!.Remove(_there.First(t => t.Value == id).Key);
                }
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private static string Key(JsonElement identity) => identity.StringOrNull("identifier_key") ?? string.Empty;

    private async Task<string> MakeAsync(AgentRestore work, JsonElement identity, CancellationToken cancel)
    {
        // From here on there may be something to remove.
        work.MayBeOnServer = true;
        var made = await server.CreateThingAsync(ThingKind.Identity, identity.Pick("identifier_key", "name", "identity_type", "properties"), cancel).ConfigureAwait(false);
        var id = made.StringOrNull("id") ?? string.Empty;
        _there![Key(identity)] = id;
        _made[id] = new HashSet<string>(StringComparer.Ordinal);
        return id;
    }
}
