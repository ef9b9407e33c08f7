using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;
using LettaPS.Core.Restores;

namespace LettaPS.Adapters.Http;

/// <summary>The changes that a Letta server takes.</summary>
internal sealed partial class LettaServer
{
    /// <summary>Largest list in one answer: cursors of blocks are broken up to 0.16.2 (facts.md 10.4), so lists are asked for whole.</summary>
    private const int WholeList = 100_000;

    /// <inheritdoc/>
    public async Task<TargetRelease> GetReleaseAsync(CancellationToken cancel)
    {
        await DialectAsync(cancel).ConfigureAwait(false);
        return new TargetRelease(Connection.ServerVersion);
    }

    /// <inheritdoc/>
    public async Task<string> ImportAsync(Stream file, bool overwriteTools, CancellationToken cancel)
    {
        var answer = await _http.SendAsync(
            HttpMethod.Post,
            "agents/import",
            () =>
            {
                file.Position = 0;

                // The content would close the file with itself, and an attempt may follow.
                var part = new StreamContent(new KeptOpenStream(file));
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
            cancel).ConfigureAwait(false);
        var id = answer is { } a ? a.StringOrNull("id") ?? a.Strings("agent_ids").FirstOrDefault() : null;
        return EntityId.TryParse(id, "agent", out _) ? id! : throw Unsaid("which agent it imported");
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<JsonElement>> ListModelsAsync(bool embedding, CancellationToken cancel) => ListAsync(embedding ? "models/embedding" : "models/", cancel);

    /// <inheritdoc/>
    public Task<IReadOnlyList<JsonElement>> ListThingsAsync(ThingKind kind, CancellationToken cancel) => ListAsync(kind switch
    {
        ThingKind.Group => $"groups/?limit={WholeList}&show_hidden_groups=true",
        ThingKind.Block => $"blocks/?limit={WholeList}&show_hidden_blocks=true",
        _ => $"{Folder(kind)}/?limit={WholeList}",
    }, cancel);

    /// <inheritdoc/>
    public Task<IReadOnlyList<JsonElement>> ListArchivesAsync(string agentId, CancellationToken cancel) =>
        ListAsync($"archives/?agent_id={EntityId.Require(agentId, "agent")}&limit={WholeList}", cancel);

    /// <inheritdoc/>
    public async Task<JsonElement?> FindThingAsync(ThingKind kind, string id, CancellationToken cancel)
    {
        try
        {
            return await _http.GetAsync($"{Folder(kind)}/{Checked(kind, id)}", cancel).ConfigureAwait(false);
        }
        catch (LettaException e) when (e.ErrorId == "NotFound")
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task<JsonElement> CreateThingAsync(ThingKind kind, JsonObject properties, CancellationToken cancel) =>
        await _http.SendAsync(HttpMethod.Post, Folder(kind) + "/", Json(properties), repeatable: false, cancel).ConfigureAwait(false)
        ?? throw Unsaid("what it made");

    /// <inheritdoc/>
    public Task ChangeThingAsync(ThingKind kind, string id, JsonObject properties, CancellationToken cancel) =>
        _http.SendAsync(HttpMethod.Patch, $"{Folder(kind)}/{Checked(kind, id)}", Json(properties), repeatable: true, cancel);

    /// <inheritdoc/>
    public async Task DeleteThingAsync(ThingKind kind, string id, CancellationToken cancel)
    {
        try
        {
            await _http.SendAsync(HttpMethod.Delete, $"{Folder(kind)}/{Checked(kind, id)}", null, repeatable: true, cancel).ConfigureAwait(false);
        }
        catch (LettaException e) when (e.ErrorId == "NotFound")
        {
            // Gone already.
        }
    }

    /// <inheritdoc/>
    public async Task<bool> IsUsedAsync(ThingKind kind, string id, CancellationToken cancel)
    {
        try
        {
            var agents = await _http.GetAsync($"{Folder(kind)}/{Checked(kind, id)}/agents", cancel).ConfigureAwait(false);
            return agents.ValueKind != JsonValueKind.Array || agents.GetArrayLength() > 0;
        }
        catch (LettaException e) when (e.ErrorId == "NotFound")
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public Task AttachAsync(string agentId, ThingKind kind, string id, CancellationToken cancel) => LinkAsync(agentId, kind, "attach", id, repeatable: kind != ThingKind.Block, cancel);

    /// <inheritdoc/>
    public Task DetachAsync(string agentId, ThingKind kind, string id, CancellationToken cancel) => LinkAsync(agentId, kind, "detach", id, repeatable: true, cancel);

    /// <inheritdoc/>
    public Task SetFileOpenAsync(string agentId, string fileId, bool open, CancellationToken cancel) => _http.SendAsync(
        HttpMethod.Patch,
        $"agents/{EntityId.Require(agentId, "agent")}/files/{EntityId.Require(fileId, "file")}/{(open ? "open" : "close")}",
        null,
        repeatable: true,
        cancel);

    /// <inheritdoc/>
    public Task AddPassageAsync(string agentId, JsonObject properties, CancellationToken cancel) =>
        _http.SendAsync(HttpMethod.Post, $"agents/{EntityId.Require(agentId, "agent")}/archival-memory", Json(properties), repeatable: false, cancel);

    private static Func<HttpContent> Json(JsonObject properties) => () => new StringContent(properties.ToJsonString(), Encoding.UTF8, "application/json");

    private static string Checked(ThingKind kind, string id) => EntityId.Require(id, kind == ThingKind.McpServer ? "mcp_server" : kind.ToString().ToLowerInvariant());

    private static string Folder(ThingKind kind) => kind switch
    {
        ThingKind.Agent => "agents",
        ThingKind.Block => "blocks",
        ThingKind.Tool => "tools",
        ThingKind.Source => "sources",
        ThingKind.Archive => "archives",
        ThingKind.Group => "groups",
        ThingKind.Identity => "identities",
        ThingKind.McpServer => "mcp-servers",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    private Task<JsonElement?> LinkAsync(string agentId, ThingKind kind, string action, string id, bool repeatable, CancellationToken cancel) => _http.SendAsync(
        HttpMethod.Patch,
        $"agents/{EntityId.Require(agentId, "agent")}/{(kind == ThingKind.Block ? "core-memory/blocks" : Folder(kind))}/{action}/{Checked(kind, id)}",
        null,
        repeatable,
        cancel);

    private async Task<IReadOnlyList<JsonElement>> ListAsync(string path, CancellationToken cancel) => await _http.GetListAsync(path, WholeList, cancel).ConfigureAwait(false);

    private LettaException Unsaid(string what) => new(
        "InvalidAnswer",
        LettaErrorKind.InvalidData,
        $"{Connection.BaseUri} does not say {what}.",
        "Test-LettaHealth tells whether it is a Letta server of a supported release.",
        Connection.BaseUri);
}
