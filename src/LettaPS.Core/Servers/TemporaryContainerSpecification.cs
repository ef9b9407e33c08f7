namespace LettaPS.Core.Servers;

/// <summary>A container to run for a short while.</summary>
/// <param name="Image">Name or identifier of an image that the engine has.</param>
/// <param name="Script">
/// What its shell runs. Standard input is open until the container is to end: <c>cat >/dev/null</c> waits for that.
/// </param>
internal sealed record TemporaryContainerSpecification(string Image, string Script)
{
    /// <summary>Environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Its name, which no other container has; <see langword="null"/> for one of the engine's choice.</summary>
    public string? Name { get; init; }

    /// <summary>What is done when it is made and has its name, before it is started; when that fails, it is removed.</summary>
    public Func<CancellationToken, Task>? BeforeStart { get; init; }

    /// <summary>A container whose volumes it shares; <see langword="null"/> for none.</summary>
    public string? VolumesFrom { get; init; }

    /// <summary>The first network, or <c>container:…</c> to share that of another container; <see langword="null"/> for none at all.</summary>
    public string? Network { get; init; }

    /// <summary>Further networks.</summary>
    public IReadOnlyList<string> MoreNetworks { get; init; } = [];

    /// <summary>Entries for its <c>/etc/hosts</c>: <c>db.internal:10.0.0.5</c>. A container that shares the network of another one has that one's.</summary>
    public IReadOnlyList<string> ExtraHosts { get; init; } = [];

    /// <summary>How long it may take to end.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(60);
}
