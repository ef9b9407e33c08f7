namespace LettaPS.Core.Health;

/// <summary>One layer: its checks, what it rests on, and how it is examined. Layers that do not rest on each other are examined side by side.</summary>
internal abstract class HealthLayer
{
    /// <summary>Which one.</summary>
    public abstract LettaHealthLayer Layer { get; }

    /// <summary>The layers without which there is nothing to examine.</summary>
    public virtual IReadOnlyList<LettaHealthLayer> RestsOn => [];

    /// <summary>The names of its checks, as far as they do not depend on what is found.</summary>
    public abstract IReadOnlyList<string> Names { get; }

    /// <summary>Examines it. Changes nothing.</summary>
    /// <param name="context">The server.</param>
    public abstract Task<IReadOnlyList<Finding>> ExamineAsync(HealthContext context, CancellationToken cancellationToken);

    /// <summary>Every check, not examined.</summary>
    protected IReadOnlyList<Finding> SkipAll(string why) => [.. Names.Select(n => Finding.Skip(n, why))];
}
