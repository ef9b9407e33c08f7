using System.Text.Json;

namespace LettaPS.Core.AgentFiles;

/// <summary>All that was read of one agent, ready to be written to a file. Long lists are kept outside of memory.</summary>
internal sealed class AgentSnapshot : IDisposable
{
    /// <summary>Makes the snapshot.</summary>
    /// <param name="source">Where it was read: <c>Api</c> or <c>Database</c>.</param>
    /// <param name="state">The raw agent state, without secret values unless they were asked for.</param>
    public AgentSnapshot(LettaAgent agent, string source, JsonElement state)
    {
        Agent = agent;
        Source = source;
        State = state;
    }

    /// <summary>The agent.</summary>
    public LettaAgent Agent { get; }

    /// <summary>Where it was read: <c>Api</c> or <c>Database</c>.</summary>
    public string Source { get; }

    /// <summary>The raw agent state as the server gives it.</summary>
    public JsonElement State { get; }

    /// <summary>Alembic revision of the database, or <see langword="null"/> where the source does not tell.</summary>
    public string? SchemaRevision { get; init; }

    /// <summary>The messages, oldest first.</summary>
    public required MessageLog Messages { get; init; }

    /// <summary>Identifiers of the messages in context, in their order there.</summary>
    public IReadOnlyList<Guid> InContext { get; init; } = [];

    /// <summary>The archival passages, in AgentFile's way of writing, with their vectors.</summary>
    public required JsonLog Passages { get; init; }

    /// <summary>The files of the attached sources, with their content.</summary>
    public required JsonLog Files { get; init; }

    /// <summary>The attached sources.</summary>
    public IReadOnlyList<JsonElement> Sources { get; init; } = [];

    /// <summary>Which files are open to the agent, and what it sees of them.</summary>
    public IReadOnlyList<JsonElement> FileViews { get; init; } = [];

    /// <summary>The MCP servers of the agent's tools.</summary>
    public IReadOnlyList<JsonElement> McpServers { get; init; } = [];

    /// <summary>The identities attached to the agent.</summary>
    public IReadOnlyList<JsonElement> Identities { get; init; } = [];

    /// <summary>The archives attached to the agent.</summary>
    public IReadOnlyList<JsonElement> Archives { get; init; } = [];

    /// <summary>The groups that the agent manages or is a member of.</summary>
    public IReadOnlyList<JsonElement> Groups { get; init; } = [];

    /// <summary>The conversations, each with the identifiers of its messages in order.</summary>
    public IReadOnlyList<ConversationLog> Conversations { get; init; } = [];

    /// <summary>The rows that all of this was read from; <see langword="null"/> where the API was asked.</summary>
    public IDatabaseRows? Database { get; init; }

    /// <summary>Top-level parts of the server's export that LettaPS does not know, such as <c>skills</c>. The agent file keeps them as they are.</summary>
    public IReadOnlyDictionary<string, JsonElement> OtherParts { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>Properties of the agent in the server's export that LettaPS does not know. The agent file keeps them as they are.</summary>
    public IReadOnlyDictionary<string, JsonElement> OtherFields { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>Items of messages as the server shows them whose type or form LettaPS does not know. The agent file keeps them as they are; each is named in <see cref="Missing"/>.</summary>
    public IReadOnlyList<JsonElement> UnreadMessages { get; init; } = [];

    /// <summary>What could not be read, in words; empty where everything is there.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <inheritdoc/>
    public void Dispose()
    {
        Messages.Dispose();
        Passages.Dispose();
        Files.Dispose();
        Database?.Dispose();
    }
}

/// <summary>The part <c>database</c> of an agent file before it is written: rows that are kept outside of memory when they are many.</summary>
internal interface IDatabaseRows : IDisposable
{
    /// <summary>Writes the part, in the order in which the rows can be inserted. Tables without a row are not in it.</summary>
    /// <param name="json">Where to, after the name of the property.</param>
    void Write(Utf8JsonWriter json, CancellationToken cancellationToken);
}

/// <summary>A conversation of an agent.</summary>
/// <param name="Conversation">The conversation as the server gives it.</param>
/// <param name="Messages">Identifiers of its messages, in order.</param>
internal sealed record ConversationLog(JsonElement Conversation, IReadOnlyList<Guid> Messages);
