using System.Text.Json;
using System.Text.Json.Nodes;

namespace LettaPS.Core.Restores;

/// <summary>A place that agents can be made in. What it refuses or fails at is a <see cref="LettaException"/>.</summary>
public interface IAgentTarget
{
    /// <summary>Asks what release the target is.</summary>
    /// <param name="cancel">Gives up.</param>
    Task<TargetRelease> GetReleaseAsync(CancellationToken cancel);

    /// <summary>Imports one agent from a file of the form that the release takes. Not one transaction on the server: when it fails, parts may be left.</summary>
    /// <param name="file">The file; read from its beginning.</param>
    /// <param name="overwriteTools">Let tools of the file take the place of tools of the same name.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The identifier of the new agent.</returns>
    Task<string> ImportAsync(Stream file, bool overwriteTools, CancellationToken cancel);

    /// <summary>The models that the target can reach: each with <c>handle</c> and its configuration.</summary>
    /// <param name="embedding">Embedding models instead of language models.</param>
    /// <param name="cancel">Gives up.</param>
    Task<IReadOnlyList<JsonElement>> ListModelsAsync(bool embedding, CancellationToken cancel);

    /// <summary>Lists all things of a kind.</summary>
    /// <param name="kind">The kind; not agents, of which there may be many.</param>
    /// <param name="cancel">Gives up.</param>
    Task<IReadOnlyList<JsonElement>> ListThingsAsync(ThingKind kind, CancellationToken cancel);

    /// <summary>Gets one thing, or <see langword="null"/> where there is none.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="id">Its identifier.</param>
    /// <param name="cancel">Gives up.</param>
    Task<JsonElement?> FindThingAsync(ThingKind kind, string id, CancellationToken cancel);

    /// <summary>Makes a thing.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="properties">Its properties.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The thing as the server shows it.</returns>
    Task<JsonElement> CreateThingAsync(ThingKind kind, JsonObject properties, CancellationToken cancel);

    /// <summary>Changes properties of a thing.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="id">Its identifier.</param>
    /// <param name="properties">The properties to change.</param>
    /// <param name="cancel">Gives up.</param>
    Task ChangeThingAsync(ThingKind kind, string id, JsonObject properties, CancellationToken cancel);

    /// <summary>Deletes a thing; one that is gone already is no error.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="id">Its identifier.</param>
    /// <param name="cancel">Gives up.</param>
    Task DeleteThingAsync(ThingKind kind, string id, CancellationToken cancel);

    /// <summary>Lists the archives of an agent; only releases that share archives show them.</summary>
    /// <param name="agentId">The agent.</param>
    /// <param name="cancel">Gives up.</param>
    Task<IReadOnlyList<JsonElement>> ListArchivesAsync(string agentId, CancellationToken cancel);

    /// <summary>Whether any agent has a block, source or archive; one that is gone is had by none.</summary>
    /// <param name="kind">Blocks, sources or archives.</param>
    /// <param name="id">Its identifier.</param>
    /// <param name="cancel">Gives up.</param>
    Task<bool> IsUsedAsync(ThingKind kind, string id, CancellationToken cancel);

    /// <summary>Attaches a block, tool, source or archive to an agent.</summary>
    /// <param name="agentId">The agent.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="id">Its identifier.</param>
    /// <param name="cancel">Gives up.</param>
    Task AttachAsync(string agentId, ThingKind kind, string id, CancellationToken cancel);

    /// <summary>Detaches a tool or archive from an agent.</summary>
    /// <param name="agentId">The agent.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="id">Its identifier.</param>
    /// <param name="cancel">Gives up.</param>
    Task DetachAsync(string agentId, ThingKind kind, string id, CancellationToken cancel);

    /// <summary>Opens a file for an agent, or closes it. A server that has as many open as it may closes another for it.</summary>
    /// <param name="agentId">The agent.</param>
    /// <param name="fileId">The file.</param>
    /// <param name="open">Whether it is to be open.</param>
    /// <param name="cancel">Gives up.</param>
    Task SetFileOpenAsync(string agentId, string fileId, bool open, CancellationToken cancel);

    /// <summary>Adds an archival passage, which the server embeds.</summary>
    /// <param name="agentId">The agent.</param>
    /// <param name="properties"><c>text</c>, and where the release takes them <c>tags</c> and <c>created_at</c>.</param>
    /// <param name="cancel">Gives up.</param>
    Task AddPassageAsync(string agentId, JsonObject properties, CancellationToken cancel);
}

/// <summary>Kinds of things that a Letta server keeps.</summary>
public enum ThingKind
{
    /// <summary>An agent.</summary>
    Agent,

    /// <summary>A memory block.</summary>
    Block,

    /// <summary>A tool.</summary>
    Tool,

    /// <summary>A source of files.</summary>
    Source,

    /// <summary>An archive of passages.</summary>
    Archive,

    /// <summary>A group of agents.</summary>
    Group,

    /// <summary>An identity.</summary>
    Identity,

    /// <summary>An MCP server.</summary>
    McpServer,
}
