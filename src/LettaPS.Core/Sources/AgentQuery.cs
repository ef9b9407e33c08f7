namespace LettaPS.Core.Sources;

/// <summary>Which agents to list.</summary>
/// <param name="Tags">All of these tags; empty for any.</param>
/// <param name="Name">Exactly this name, or <see langword="null"/>; wildcards are matched by the caller.</param>
/// <param name="IncludeHidden">Also the agents that the server hides.</param>
internal sealed record AgentQuery(IReadOnlyList<string> Tags, string? Name = null, bool IncludeHidden = false)
{
    /// <summary>Told of each agent that is left out since its identifier is none of Letta's, so that the others can be given; without it, that ends the list.</summary>
    public Func<LettaException, ValueTask>? OnInvalid { get; init; }

    /// <summary>Every agent, hidden ones too.</summary>
    public static AgentQuery Everything { get; } = new([], IncludeHidden: true);

    /// <summary>Every agent whose identifier is one of Letta's; the others are left out in silence.</summary>
    public static AgentQuery Usable { get; } = Everything with { OnInvalid = _ => default };
}
