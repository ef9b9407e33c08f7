using System.Text.RegularExpressions;

namespace LettaPS.Core.Agents;

/// <summary>What Letta allows in the name of an agent and in an id since 0.13.0 (letta/schemas/agent.py, letta/validators.py, unchanged up to 0.16.8).</summary>
public static partial class AgentNameRule
{
    /// <summary>The first release in which exports fail for a name that the rule refuses, and ids are checked in addresses.</summary>
    public static Version Since { get; } = new(0, 13, 0);

    /// <summary>Whether a name can be exported and imported: letters and digits of any language, underscores, spaces, hyphens and apostrophes.</summary>
    /// <param name="name">The name.</param>
    public static bool Allows(string name) => Name().IsMatch(name);

    /// <summary>Whether an id is accepted in addresses: a word, a hyphen and a UUID of version 4.</summary>
    /// <param name="id">The id.</param>
    public static bool IsStrictId(string id) => Id().IsMatch(id);

    // Python's \w has no marks and connectors but the underscore; its $ lets one line feed at the end pass.
    [GeneratedRegex(@"^[\p{L}\p{N}_ '\-]+\n?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();

    [GeneratedRegex(@"^[a-z_-]+-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Id();
}
