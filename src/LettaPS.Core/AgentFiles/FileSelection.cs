using LettaPS.Core.Releases;

namespace LettaPS.Core.AgentFiles;

/// <summary>What of a document goes into a file.</summary>
internal sealed record FileSelection
{
    /// <summary>The agents.</summary>
    public required IReadOnlyList<AgentRecord> Agents { get; init; }

    /// <summary>Blocks that are attached otherwise.</summary>
    public IReadOnlySet<string> OmittedBlocks { get; init; } = new HashSet<string>();

    /// <summary>Sources that are attached otherwise.</summary>
    public IReadOnlySet<string> OmittedSources { get; init; } = new HashSet<string>();

    /// <summary>Tools that the target has or must not get.</summary>
    public IReadOnlySet<string> OmittedTools { get; init; } = new HashSet<string>();

    /// <summary>The release that is to import it; <see langword="null"/> for the newest.</summary>
    public ReleaseCapabilities? Target { get; init; }

    /// <summary>Names by which the import takes the agents, where other than their own, by their identifier in the document.</summary>
    public IReadOnlyDictionary<string, string> Names { get; init; } = new Dictionary<string, string>();

    /// <summary>Identities: their identifiers in the document and on the target.</summary>
    public IReadOnlyDictionary<string, string> Identities { get; init; } = new Dictionary<string, string>();

    /// <summary>Also write what stock servers ignore: original identifiers, passages, identities, what is missing.</summary>
    public bool WithExtension { get; init; }
}
