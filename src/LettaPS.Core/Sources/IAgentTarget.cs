using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.Releases;

namespace LettaPS.Core.Sources;

/// <summary>A place that agents can be made in. What it refuses or fails at is a <see cref="LettaException"/>.</summary>
internal interface IAgentTarget
{
    /// <summary>Asks what release the target is.</summary>
    Task<ReleaseCapabilities> GetReleaseAsync(CancellationToken cancellationToken);

    /// <summary>Imports one agent from a file of the form that the release takes. Not one transaction on the server: when it fails, parts may be left.</summary>
    /// <param name="file">The file; read from its beginning.</param>
    /// <param name="overwriteTools">Let tools of the file take the place of tools of the same name.</param>
    /// <returns>The identifier of the new agent.</returns>
    Task<string> ImportAsync(Stream file, bool overwriteTools, CancellationToken cancellationToken);

    /// <summary>The models that the target can reach: each with <c>handle</c> and its configuration.</summary>
    /// <param name="embedding">Embedding models instead of language models.</param>
    Task<IReadOnlyList<JsonElement>> ListModelsAsync(bool embedding, CancellationToken cancellationToken);

    /// <summary>Lists all things of a kind.</summary>
    /// <param name="kind">The kind; not agents, of which there may be many.</param>
    Task<IReadOnlyList<JsonElement>> ListResourcesAsync(ResourceKind kind, CancellationToken cancellationToken);

    /// <summary>Gets one thing, or <see langword="null"/> where there is none.</summary>
    /// <param name="id">Its identifier.</param>
    Task<JsonElement?> FindResourceAsync(ResourceKind kind, string id, CancellationToken cancellationToken);

    /// <summary>Makes a thing.</summary>
    /// <returns>The thing as the server shows it.</returns>
    Task<JsonElement> CreateAsync(ResourceKind kind, JsonObject properties, CancellationToken cancellationToken);

    /// <summary>Changes properties of a thing.</summary>
    /// <param name="id">Its identifier.</param>
    /// <param name="properties">The properties to change.</param>
    Task UpdateResourceAsync(ResourceKind kind, string id, JsonObject properties, CancellationToken cancellationToken);

    /// <summary>Deletes a thing; one that is gone already is no error.</summary>
    /// <param name="id">Its identifier.</param>
    Task DeleteResourceAsync(ResourceKind kind, string id, CancellationToken cancellationToken);

    /// <summary>Lists the archives of an agent; only releases that share archives show them.</summary>
    /// <param name="agentId">The agent.</param>
    Task<IReadOnlyList<JsonElement>> ListArchivesAsync(string agentId, CancellationToken cancellationToken);

    /// <summary>Whether any agent has a block, source or archive; one that is gone is had by none.</summary>
    /// <param name="kind">Blocks, sources or archives.</param>
    /// <param name="id">Its identifier.</param>
    Task<bool> IsUsedAsync(ResourceKind kind, string id, CancellationToken cancellationToken);

    /// <summary>Attaches a block, tool, source or archive to an agent.</summary>
    /// <param name="agentId">The agent.</param>
    /// <param name="id">Its identifier.</param>
    Task AttachAsync(string agentId, ResourceKind kind, string id, CancellationToken cancellationToken);

    /// <summary>Detaches a tool or archive from an agent.</summary>
    /// <param name="agentId">The agent.</param>
    /// <param name="id">Its identifier.</param>
    Task DetachAsync(string agentId, ResourceKind kind, string id, CancellationToken cancellationToken);

    /// <summary>Opens a file for an agent, or closes it. A server that has as many open as it may closes another for it.</summary>
    /// <param name="agentId">The agent.</param>
    /// <param name="fileId">The file.</param>
    /// <param name="open">Whether it is to be open.</param>
    Task SetFileOpenAsync(string agentId, string fileId, bool open, CancellationToken cancellationToken);

    /// <summary>Adds an archival passage, which the server embeds.</summary>
    /// <param name="agentId">The agent.</param>
    /// <param name="properties"><c>text</c>, and where the release takes them <c>tags</c> and <c>created_at</c>.</param>
    Task AddPassageAsync(string agentId, JsonObject properties, CancellationToken cancellationToken);
}

/// <summary>Kinds of things that a Letta server keeps.</summary>
internal enum ResourceKind
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
