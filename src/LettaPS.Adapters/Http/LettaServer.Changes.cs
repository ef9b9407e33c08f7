using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;
using LettaPS.Core.Sources;

namespace LettaPS.Adapters.Http;

/// <summary>The changes that a Letta server takes.</summary>
internal sealed partial class LettaServer
{
    /// <summary>Largest list in one answer: cursors of blocks are broken up to 0.16.2 (letta-facts.md 10.4), so lists are asked for whole.</summary>
    private const int WholeList = 100_000;

    /// <inheritdoc/>
    public async Task<ReleaseCapabilities> GetReleaseAsync(CancellationToken cancellationToken)
    {
        await ReleaseAsync(cancellationToken).ConfigureAwait(false);
        return new ReleaseCapabilities(Connection.ReportedVersion);
    }

    /// <inheritdoc/>
    public async Task<string> ImportAsync(Stream file, bool overwriteTools, CancellationToken cancellationToken)
    {
        var answer = await _http.SendAsync(
            HttpMethod.Post,
            "agents/import",
            () =>
            {
                file.Position = 0;

                // The content would close the file with itself, and an attempt may follow.
                var part = new StreamContent(new LeaveOpenStream(file));
                part.Headers.ContentType = new MediaTypeHeaderValue("application/json");
                var form = new MultipartFormDataContent
                {
                    { part, "file", "agent.af" },
                    { new StringContent("false"), "append_copy_suffix" },
                    { new StringContent(overwriteTools ? "true" : "false"), "override_existing_tools" },
                };
                return form;
            },
            repeatable: false,
            cancellationToken).ConfigureAwait(false);
        var id = answer is { } a ? a.StringOrNull("id") ?? a.Strings("agent_ids").FirstOrDefault() : null;
        return EntityId.TryParse(id, "agent", out _) ? id! : throw Unsaid("which agent it imported");
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<JsonElement>> ListModelsAsync(bool embedding, CancellationToken cancellationToken) => ListAsync(embedding ? "models/embedding" : "models/", cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<JsonElement>> ListResourcesAsync(ResourceKind kind, CancellationToken cancellationToken) => ListAsync(kind switch
    {
        ResourceKind.Group => $"groups/?limit={WholeList}&show_hidden_groups=true",
        ResourceKind.Block => $"blocks/?limit={WholeList}&show_hidden_blocks=true",
        _ => $"{Folder(kind)}/?limit={WholeList}",
    }, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<JsonElement>> ListArchivesAsync(string agentId, CancellationToken cancellationToken) =>
        ListAsync($"archives/?agent_id={EntityId.Require(agentId, "agent")}&limit={WholeList}", cancellationToken);

    /// <inheritdoc/>
    public async Task<JsonElement?> FindResourceAsync(ResourceKind kind, string id, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.GetAsync($"{Folder(kind)}/{Checked(kind, id)}", cancellationToken).ConfigureAwait(false);
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.NotFound)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task<JsonElement> CreateAsync(ResourceKind kind, JsonObject properties, CancellationToken cancellationToken) =>
        await _http.SendAsync(HttpMethod.Post, Folder(kind) + "/", Json(properties), repeatable: false, cancellationToken).ConfigureAwait(false)
        ?? throw Unsaid("what it made");

    /// <inheritdoc/>
    public Task UpdateResourceAsync(ResourceKind kind, string id, JsonObject properties, CancellationToken cancellationToken) =>
        _http.SendAsync(HttpMethod.Patch, $"{Folder(kind)}/{Checked(kind, id)}", Json(properties), repeatable: true, cancellationToken);

    /// <inheritdoc/>
    public async Task DeleteResourceAsync(ResourceKind kind, string id, CancellationToken cancellationToken)
    {
        try
        {
            await _http.SendAsync(HttpMethod.Delete, $"{Folder(kind)}/{Checked(kind, id)}", null, repeatable: true, cancellationToken).ConfigureAwait(false);
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.NotFound)
        {
            // Gone already.
        }
    }

    /// <inheritdoc/>
    public async Task<bool> IsUsedAsync(ResourceKind kind, string id, CancellationToken cancellationToken)
    {
        try
        {
            var agents = await _http.GetAsync($"{Folder(kind)}/{Checked(kind, id)}/agents", cancellationToken).ConfigureAwait(false);
            return agents.ValueKind != JsonValueKind.Array || agents.GetArrayLength() > 0;
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.NotFound)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public Task AttachAsync(string agentId, ResourceKind kind, string id, CancellationToken cancellationToken) => LinkAsync(agentId, kind, "attach", id, repeatable: kind != ResourceKind.Block, cancellationToken);

    /// <inheritdoc/>
    public Task DetachAsync(string agentId, ResourceKind kind, string id, CancellationToken cancellationToken) => LinkAsync(agentId, kind, "detach", id, repeatable: true, cancellationToken);

    /// <inheritdoc/>
    public Task SetFileOpenAsync(string agentId, string fileId, bool open, CancellationToken cancellationToken) => _http.SendAsync(
        HttpMethod.Patch,
        $"agents/{EntityId.Require(agentId, "agent")}/files/{EntityId.Require(fileId, "file")}/{(open ? "open" : "close")}",
        null,
        repeatable: true,
        cancellationToken);

    /// <inheritdoc/>
    public Task AddPassageAsync(string agentId, JsonObject properties, CancellationToken cancellationToken) =>
        _http.SendAsync(HttpMethod.Post, $"agents/{EntityId.Require(agentId, "agent")}/archival-memory", Json(properties), repeatable: false, cancellationToken);

    private static Func<HttpContent> Json(JsonObject properties) => () => new StringContent(properties.ToJsonString(), Encoding.UTF8, "application/json");

    private static string Checked(ResourceKind kind, string id) => EntityId.Require(id, kind == ResourceKind.McpServer ? "mcp_server" : kind.ToString().ToLowerInvariant());

    private static string Folder(ResourceKind kind) => kind switch
    {
        ResourceKind.Agent => "agents",
        ResourceKind.Block => "blocks",
        ResourceKind.Tool => "tools",
        ResourceKind.Source => "sources",
        ResourceKind.Archive => "archives",
        ResourceKind.Group => "groups",
        ResourceKind.Identity => "identities",
        ResourceKind.McpServer => "mcp-servers",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    private Task<JsonElement?> LinkAsync(string agentId, ResourceKind kind, string action, string id, bool repeatable, CancellationToken cancellationToken) => _http.SendAsync(
        HttpMethod.Patch,
        $"agents/{EntityId.Require(agentId, "agent")}/{(kind == ResourceKind.Block ? "core-memory/blocks" : Folder(kind))}/{action}/{Checked(kind, id)}",
        null,
        repeatable,
        cancellationToken);

    private async Task<IReadOnlyList<JsonElement>> ListAsync(string path, CancellationToken cancellationToken) => await _http.GetListAsync(path, WholeList, cancellationToken).ConfigureAwait(false);

    private LettaException Unsaid(string what) => new(
        ErrorIds.InvalidAnswer,
        LettaErrorKind.InvalidData,
        $"'{Connection.BaseUri}' does not report {what}.",
        $"Check that the server is a supported release: Test-LettaHealth {Connection.BaseUri}",
        Connection.BaseUri);
}
