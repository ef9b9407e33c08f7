namespace LettaPS.Core.Servers;

/// <summary>A program to run in a container.</summary>
/// <param name="Command">Program and arguments. No shell reads them.</param>
internal sealed record ContainerProgram(params IReadOnlyList<string> Command)
{
    /// <summary>Variables beside the container's own.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Working directory; <see langword="null"/> for the container's own.</summary>
    public string? WorkingDirectory { get; init; }
}
