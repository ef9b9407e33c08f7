using LettaPS.Core.IdMaps;

namespace LettaPS.Core.Restores.Api;

/// <summary>
/// What a run records in the ID map while it works: which agents are restored, and what was made for an agent that is not. A run that is killed leaves the record, by
/// which the next one finds what to remove. Agents are restored side by side: every access locks the map.
/// </summary>
internal sealed class RestoreJournal : IDisposable
{
    private readonly IdMapStore _file;

    /// <summary>Reads the map.</summary>
    /// <param name="path">The file of the map, which need not exist.</param>
    /// <param name="server">The server that is restored to.</param>
    public RestoreJournal(string path, Uri server)
    {
        _file = new IdMapStore(path);
        Ids = Map.Of(server);
    }

    /// <summary>The file of the map.</summary>
    public string Path => _file.Path;

    /// <summary>The map; whoever reads or changes it locks it.</summary>
    public IdMap Map => _file.Map;

    /// <summary>The part of the map that is about this server; it is guarded by the map.</summary>
    public ServerIdMap Ids { get; }

    /// <summary>Keeps other runs out until this one ends. A map that cannot be written is found out while there is nothing to record in it yet.</summary>
    public void Begin()
    {
        _file.Hold();
        Save();
    }

    /// <summary>The agent on the server that an agent of the backup became.</summary>
    /// <param name="sourceId">The agent's identifier on its own server.</param>
    public string? FindAgent(string sourceId)
    {
        lock (Map)
        {
            return Ids.Agents.GetValueOrDefault(sourceId);
        }
    }

    /// <summary>Records that an agent is restored.</summary>
    /// <param name="sourceId">The agent's identifier on its own server.</param>
    /// <param name="newId">The agent on this one.</param>
    public void SetRestored(string sourceId, string newId)
    {
        lock (Map)
        {
            Ids.Agents[sourceId] = newId;
            Ids.Unfinished.Remove(sourceId);
            _file.Save();
        }
    }

    /// <summary>Records that a new agent takes the place of another, which is deleted.</summary>
    public void SetReplaced(string oldId, string newId)
    {
        lock (Map)
        {
            Ids.Replace(oldId, newId);
            _file.Save();
        }
    }

    /// <summary>Records a group.</summary>
    public void SetGroup(string sourceId, string newId)
    {
        lock (Map)
        {
            Ids.Groups[sourceId] = newId;
            _file.Save();
        }
    }

    /// <summary>Records at once what was made for an agent and would be found by nothing else, should this process be killed.</summary>
    /// <param name="work">The agent.</param>
    /// <param name="id">What was made.</param>
    public void AddUnfinished(AgentRestoreState work, string id)
    {
        lock (Map)
        {
            if (!Ids.Unfinished.TryGetValue(work.Agent.SourceId, out var made))
            {
                Ids.Unfinished[work.Agent.SourceId] = made = [];
            }

            made.Add(id);
            _file.Save();
        }
    }

    /// <summary>What earlier runs made for an agent and did not finish.</summary>
    public IReadOnlyList<string> FindUnfinished(string sourceId)
    {
        lock (Map)
        {
            return [.. Ids.Unfinished.GetValueOrDefault(sourceId) ?? []];
        }
    }

    /// <summary>Records that nothing unfinished of an agent is left.</summary>
    public void RemoveUnfinished(string sourceId)
    {
        lock (Map)
        {
            if (Ids.Unfinished.Remove(sourceId))
            {
                _file.Save();
            }
        }
    }

    /// <summary>Writes what others have learnt into the map.</summary>
    public void Save()
    {
        lock (Map)
        {
            _file.Save();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
