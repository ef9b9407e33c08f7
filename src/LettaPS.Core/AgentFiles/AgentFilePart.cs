namespace LettaPS.Core.AgentFiles;

/// <summary>Parts of an agent that a file can be without, because they were left out on request or because its format has no place for them: <c>lettaps.left_out</c>.</summary>
internal static class AgentFilePart
{
    /// <summary>Messages that are no longer in context.</summary>
    public const string History = "History";

    /// <summary>Archival passages.</summary>
    public const string Archive = "Archive";

    /// <summary>Values of environment variables.</summary>
    public const string Secrets = "Secrets";

    /// <summary>Identities.</summary>
    public const string Identities = "Identities";

    /// <summary>Conversations.</summary>
    public const string Conversations = "Conversations";

    /// <summary>The rows of the database that the agent was read from.</summary>
    public const string DatabaseRows = "DatabaseRows";

    /// <summary>What Letta's own AgentFile has no place for, or only part of.</summary>
    public static readonly string[] NotInAgentFile = [History, Archive, Secrets, Identities, Conversations];
}
