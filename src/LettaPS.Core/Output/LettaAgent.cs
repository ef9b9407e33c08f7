using System.Text.Json;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;

namespace LettaPS;

/// <summary>An agent as a server lists it. The names of the properties are the same for every release of Letta.</summary>
public sealed class LettaAgent
{
    private LettaAgent(JsonElement state, LettaConnection connection)
    {
        Id = EntityId.Require(state.StringOrNull("id"), "agent");
        Name = state.StringOrNull("name") ?? string.Empty;
        Description = state.StringOrNull("description");
        AgentType = state.StringOrNull("agent_type");
        Model = state.StringOrNull("model") ?? Handle(state, "llm_config", "model");
        Embedding = state.StringOrNull("embedding") ?? Handle(state, "embedding_config", "embedding_model");
        Tags = new LettaList<string>(state.Items("tags").Select(t => t.ValueKind == JsonValueKind.String ? t.GetString()! : t.StringOrNull("tag") ?? string.Empty));
        Blocks = new LettaList<string>(AgentState.Blocks(state).Select(b => b.StringOrNull("label") ?? string.Empty));
        InContextMessageCount = state.Items("message_ids").Count();
        IsHidden = state.TryGetProperty("hidden", out var hidden) && hidden.ValueKind == JsonValueKind.True;
        CreatedAt = state.TimeOrNull("created_at");
        UpdatedAt = state.TimeOrNull("updated_at");
        var mark = state.ObjectOrNull("metadata")?.ObjectOrNull(RestoreMarker);
        SourceAgentId = mark?.StringOrNull("source_id");
        RestoreUnfinished = mark is { } m && m.TryGetProperty("unfinished", out var unfinished) && unfinished.ValueKind == JsonValueKind.True;
        Connection = connection;
    }

    /// <summary>The key of an agent's metadata under which <c>Restore-LettaAgent</c> notes what it restored.</summary>
    internal const string RestoreMarker = "lettaps";

    /// <summary>Identifier on the server: <c>agent-</c> and a UUID.</summary>
    public string Id { get; }

    /// <summary>Name; any text, and not unique.</summary>
    public string Name { get; }

    /// <summary>Description, or <see langword="null"/>.</summary>
    public string? Description { get; }

    /// <summary>Kind of agent loop, such as <c>memgpt_v2_agent</c> or <c>letta_v1_agent</c>.</summary>
    public string? AgentType { get; }

    /// <summary>Handle of the language model, such as <c>openai/gpt-4o-mini</c>.</summary>
    public string? Model { get; }

    /// <summary>Handle of the embedding model.</summary>
    public string? Embedding { get; }

    /// <summary>Tags.</summary>
    public IReadOnlyList<string> Tags { get; }

    /// <summary>Labels of the memory blocks.</summary>
    public IReadOnlyList<string> Blocks { get; }

    /// <summary>How many messages are in the context window. The history is usually much longer.</summary>
    public int InContextMessageCount { get; }

    /// <summary>Whether the server shows the agent only when asked for hidden ones (sleeptime agents, subagents).</summary>
    public bool IsHidden { get; }

    /// <summary>When the agent was made (UTC).</summary>
    public DateTimeOffset? CreatedAt { get; }

    /// <summary>When the agent was last changed (UTC). Each turn changes it.</summary>
    public DateTimeOffset? UpdatedAt { get; }

    /// <summary>Identifier that the agent had where it was backed up, when <c>Restore-LettaAgent</c> made it; else <see langword="null"/>.</summary>
    public string? SourceAgentId { get; }

    /// <summary>Whether a restore of it was broken off.</summary>
    internal bool RestoreUnfinished { get; }

    /// <summary>The server that the agent lives on.</summary>
    public LettaConnection Connection { get; }

    /// <summary>Reads an agent from the state that a server answers.</summary>
    /// <param name="state">The JSON object.</param>
    /// <param name="connection">The server.</param>
    /// <exception cref="LettaException"><c>InvalidId</c>: the identifier is not one of Letta's.</exception>
    public static LettaAgent FromState(JsonElement state, LettaConnection connection) => new(state, connection);

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    private static string? Handle(JsonElement state, string config, string model) =>
        state.TryGetProperty(config, out var c) && c.ValueKind == JsonValueKind.Object ? c.StringOrNull("handle") ?? c.StringOrNull(model) : null;
}
