using System.Collections.Concurrent;
using LettaPS.Core.Sources;

namespace LettaPS.Core.Restores.Api;

/// <summary>The agents that the server had when the run began, and which of them came from the backup.</summary>
internal sealed class ExistingAgents
{
    private readonly ConcurrentDictionary<string, LettaAgent> _all = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, LettaAgent> _restored = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _names = new(StringComparer.Ordinal);
    private readonly List<LettaAgent> _unfinished = [];
    private readonly List<LettaException> _invalid = [];

    private ExistingAgents()
    {
    }

    /// <summary>Agents whose identifier is not valid: none of them can be recognised as one of the backup's.</summary>
    public IReadOnlyList<LettaException> Invalid => _invalid;

    /// <summary>Reads the agents of a server.</summary>
    public static async Task<ExistingAgents> ReadAsync(ILettaServer server, CancellationToken cancellationToken)
    {
        var agents = new ExistingAgents();
        var everything = AgentQuery.Everything with { OnInvalid = agents.AddInvalidAsync };
        await foreach (var agent in server.ListAsync(everything, cancellationToken).ConfigureAwait(false))
        {
            agents.Add(agent);
        }

        return agents;
    }

    /// <summary>The agent that was restored from an agent of the backup before, or is that agent.</summary>
    /// <param name="planned">The agent of the backup.</param>
    /// <param name="mapped">What the ID map has for it.</param>
    public LettaAgent? Find(PlannedAgent planned, string? mapped) =>
        (mapped is not null && _all.TryGetValue(mapped, out var known) && !known.RestoreUnfinished ? known : null)
        ?? _restored.GetValueOrDefault(planned.SourceId)
        ?? _all.GetValueOrDefault(planned.SourceId);

    /// <summary>What runs that were killed have left of an agent.</summary>
    /// <param name="planned">The agent of the backup.</param>
    public IReadOnlyList<LettaAgent> FindUnfinished(PlannedAgent planned) => [.. _unfinished.Where(u => u.SourceAgentId == planned.SourceId)];

    /// <summary>A name that no agent has: the given one with a number. It is taken from then on.</summary>
    public string TakeFreeName(string name)
    {
        for (var i = 2; ; i++)
        {
            if (_names.TryAdd($"{name} ({i})", true))
            {
                return $"{name} ({i})";
            }
        }
    }

    /// <summary>Forgets an agent that was deleted.</summary>
    /// <param name="id">The agent.</param>
    public void Remove(string id) => _all.TryRemove(id, out _);

    private void Add(LettaAgent agent)
    {
        _names[agent.Name] = true;
        _all[agent.Id] = agent;
        if (agent.SourceAgentId is not { } source)
        {
            return;
        }

        if (agent.RestoreUnfinished)
        {
            _unfinished.Add(agent);
        }
        else
        {
            _restored.TryAdd(source, agent);
        }
    }

    private ValueTask AddInvalidAsync(LettaException invalid)
    {
        _invalid.Add(invalid);
        return default;
    }
}
