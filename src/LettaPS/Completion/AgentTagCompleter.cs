namespace LettaPS.Completion;

/// <summary>Completes tags that agents have.</summary>
internal sealed class AgentTagCompleter : AgentCompleter
{
    /// <inheritdoc/>
    private protected override IEnumerable<Candidate> Offer(LettaAgent agent) => agent.Tags.Select(tag => new Candidate(tag));
}
