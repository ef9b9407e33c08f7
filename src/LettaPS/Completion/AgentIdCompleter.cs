namespace LettaPS.Completion;

/// <summary>Completes identifiers of agents; their names are in the tool tip.</summary>
internal sealed class AgentIdCompleter : AgentCompleter
{
    /// <inheritdoc/>
    private protected override IEnumerable<Candidate> Offer(LettaAgent agent) => [new Candidate(agent.Id, $"{agent.Id} ({agent.Name})")];
}
