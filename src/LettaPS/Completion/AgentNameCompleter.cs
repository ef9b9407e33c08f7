namespace LettaPS.Completion;

/// <summary>Completes names of agents.</summary>
internal sealed class AgentNameCompleter : AgentCompleter
{
    /// <inheritdoc/>
    private protected override IEnumerable<Candidate> Offer(LettaAgent agent) => [new Candidate(agent.Name, $"{agent.Name} ({agent.Id})", Literally(agent.Name))];

    // WildcardPattern.Escape leaves a backtick as it is, which then escapes what follows it.
    private static string Literally(string name) => string.Concat(name.Select(c => c is '*' or '?' or '[' or ']' or '`' ? $"`{c}" : c.ToString()));
}
