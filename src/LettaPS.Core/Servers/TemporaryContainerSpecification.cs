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

    /// <summary>A container whose volumes it shares; <see langword="null"/> for none.</summary>
    public string? VolumesFrom { get; init; }

    /// <summary>The first network, or <c>container:…</c> to share that of another container; <see langword="null"/> for none at all.</summary>
    public string? Network { get; init; }

    /// <summary>Further networks.</summary>
    public IReadOnlyList<string> MoreNetworks { get; init; } = [];

    /// <summary>How long it may take to end.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(60);
}
