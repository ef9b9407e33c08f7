using System.Collections.Concurrent;
using LettaPS.Core.Sources;

namespace LettaPS.Core.Restores.Api;

/// <summary>
/// Lets agents that shared a block, source or archive share it again: the first brings it along, and the others wait until it is there and are attached
/// to it. What an earlier run restored is found by the map of identifiers.
/// </summary>
/// <param name="target">The server.</param>
/// <param name="isShared">Whether several agents have the thing of a key.</param>
/// <param name="map">What guards the map of identifiers.</param>
internal sealed class SharedResources(IAgentTarget target, Func<string, bool> isShared, object map)
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _locks = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _checked = new(StringComparer.Ordinal);

    /// <summary>Keeps other agents of the run from bringing the same things along until the holder is disposed.</summary>
    /// <param name="keys">Keys of the things.</param>
    public async Task<IDisposable> HoldAsync(IEnumerable<string> keys, CancellationToken cancellationToken)
    {
        // One order for all, so that no two wait for each other.
        var holder = new Holder();
        try
        {
            foreach (var key in keys.Where(isShared).Order(StringComparer.Ordinal))
            {
                var gate = _locks.GetOrAdd(key, _ => new SemaphoreSlim(1));
                await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
                if (_checked.ContainsKey(key))
                {
                    gate.Release();
                }
                else
                {
                    holder.Held.Push(gate);
                }
            }

            return holder;
        }
        catch
        {
            holder.Dispose();
            throw;
        }
    }

    /// <summary>The thing of a key, if it is shared and there already.</summary>
    /// <param name="known">Those that are there, as far as the map knows.</param>
    public async Task<string?> FindAsync(ResourceKind kind, string key, IDictionary<string, string> known, CancellationToken cancellationToken)
    {
        string? id;
        lock (map)
        {
            if (!isShared(key) || !known.TryGetValue(key, out id))
            {
                return null;
            }
        }

        if (!_checked.ContainsKey(key) && await target.FindResourceAsync(kind, id, cancellationToken).ConfigureAwait(false) is null)
        {
            lock (map)
            {
                known.Remove(key);
            }

            return null;
        }

        _checked[key] = true;
        return id;
    }

    /// <summary>Notes that the thing of a key is there.</summary>
    /// <param name="id">Its identifier.</param>
    /// <param name="known">The map.</param>
    public void Learn(string key, string id, IDictionary<string, string> known)
    {
        if (isShared(key))
        {
            lock (map)
            {
                known[key] = id;
            }

            _checked[key] = true;
        }
    }

    /// <summary>Notes that the thing of a key is gone again, so that the next agent brings it along.</summary>
    /// <param name="id">Its identifier.</param>
    /// <param name="known">The map.</param>
    public void Forget(string id, IDictionary<string, string> known)
    {
        lock (map)
        {
            foreach (var key in known.Where(k => k.Value == id).Select(k => k.Key).ToList())
            {
                known.Remove(key);
                _checked.TryRemove(key, out _);
            }
        }
    }

    private sealed class Holder : IDisposable
    {
        public Stack<SemaphoreSlim> Held { get; } = [];

        public void Dispose()
        {
            while (Held.TryPop(out var gate))
            {
                gate.Release();
            }
        }
    }
}
