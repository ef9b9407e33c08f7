using System.Text.Json;
using LettaPS.Core.Json;
using LettaPS.Core.Sources;

namespace LettaPS.Core.Restores.Api;

/// <summary>Finds the identities of agents on the target and makes those that it lacks; one that only failed restores wanted is removed again.</summary>
internal sealed class IdentityRestore(IAgentTarget server) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>For the key of each identity that this run made, or tried to make and cannot know, the agents of the run that want it.</summary>
    private readonly Dictionary<string, HashSet<string>> _made = new(StringComparer.Ordinal);

    /// <summary>Identities of the server by their keys; asked for when the first agent has any, and again when it is not certain what was made.</summary>
    private Dictionary<string, string>? _there;

    /// <summary>Finds or makes the identities of an agent. What the server refuses is a gap.</summary>
    /// <param name="work">The agent; it learns their identifiers on the server.</param>
    public async Task FindAsync(AgentRestoreState work, CancellationToken cancellationToken)
    {
        if (work.Document.Identities.Count == 0)
        {
            return;
        }

        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            foreach (var identity in work.Document.Identities)
            {
                var id = await FindAsync(Key(identity), cancellationToken).ConfigureAwait(false) ?? await MakeAsync(work, identity, cancellationToken).ConfigureAwait(false);
                _made.GetValueOrDefault(Key(identity))?.Add(work.Agent.SourceId);
                work.Identities[identity.StringOrNull("id") ?? Key(identity)] = id;
            }
        }
        catch (LettaException e) when (e.IsServerRejection)
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
    public async Task RemoveAsync(AgentRestoreState work, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            foreach (var (key, agents) in _made.ToList())
            {
                if (agents.Remove(work.Agent.SourceId) && agents.Count == 0)
                {
                    if (await FindAsync(key, cancellationToken).ConfigureAwait(false) is { } id)
                    {
                        await server.DeleteResourceAsync(ResourceKind.Identity, id, cancellationToken).ConfigureAwait(false);
                        _there!.Remove(key);
                    }

                    _made.Remove(key);
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

    private async Task<string?> FindAsync(string key, CancellationToken cancellationToken)
    {
        _there ??= (await server.ListResourcesAsync(ResourceKind.Identity, cancellationToken).ConfigureAwait(false))
            .DistinctBy(Key)
            .ToDictionary(Key, i => i.StringOrNull("id") ?? string.Empty, StringComparer.Ordinal);
        return _there.GetValueOrDefault(key);
    }

    private async Task<string> MakeAsync(AgentRestoreState work, JsonElement identity, CancellationToken cancellationToken)
    {
        // From here on there may be something to remove.
        var key = Key(identity);
        work.MayBeOnServer = true;
        _made[key] = new HashSet<string>(StringComparer.Ordinal) { work.Agent.SourceId };
        try
        {
            var made = await server.CreateAsync(ResourceKind.Identity, identity.Pick("identifier_key", "name", "identity_type", "properties"), cancellationToken).ConfigureAwait(false);
            return _there![key] = made.StringOrNull("id") ?? string.Empty;
        }
        catch (Exception e)
        {
            // Only a server that refused made nothing for certain; one that failed may have made it before. What is there is looked at again.
            _there = null;
            if (e is LettaException { ErrorId: ErrorIds.RequestRefused })
            {
                _made.Remove(key);
            }

            if (e is LettaException failure && failure.IsServerRejection && await FindAsync(key, cancellationToken).ConfigureAwait(false) is { } id)
            {
                return id;
            }

            throw;
        }
    }
}
