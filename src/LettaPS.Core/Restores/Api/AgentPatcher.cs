using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;
using LettaPS.Core.Sources;

namespace LettaPS.Core.Restores.Api;

/// <summary>Sets what the import of an agent forgot, and compares the agent with its file.</summary>
internal sealed class AgentPatcher(ApiRestoreContext context, FailedImportCleanup cleanup)
{
    /// <summary>Completes an imported agent. Its metadata say from then on that it is restored.</summary>
    /// <param name="work">The agent; it learns what differs from the file.</param>
    public async Task CompleteAsync(AgentRestoreState work, CancellationToken cancellationToken)
    {
        var (agent, newId, server, target) = (work.Agent, work.NewId!, context.Server, context.Target);
        await FixBlocksAsync(work, cancellationToken).ConfigureAwait(false);
        await FixToolsAsync(work, cancellationToken).ConfigureAwait(false);
        var patch = RestorePatch.Of(agent, work.State, target);
        if (work.Identities.Count > 0)
        {
            patch["identity_ids"] = new JsonArray([.. work.Identities.Values.Select(i => (JsonNode)i)]);
        }

        patch["name"] = agent.Name;
        patch["metadata"] = RestoreMarker.Put(agent.Config("metadata"), agent.SourceId, unfinished: false);
        await PatchAsync(work, newId, patch, cancellationToken).ConfigureAwait(false);

        var read = new SnapshotOptions(context.WorkFolder, IncludeArchive: !context.Options.NoArchive, IncludeExport: false);
        var snapshot = await server.ReadAsync(newId, read, cancellationToken).ConfigureAwait(false);
        try
        {
            if (!target.ImportsLegacy && await FileViews.SetAsync(server, work, snapshot, cancellationToken).ConfigureAwait(false))
            {
                snapshot.Dispose();
                snapshot = await server.ReadAsync(newId, read, cancellationToken).ConfigureAwait(false);
            }

            work.Verify(snapshot, target, context.Options.NoArchive, cancellationToken);
        }
        finally
        {
            snapshot.Dispose();
        }
    }

    /// <summary>Sets fields; if the server rejects them together, one by one, and what it rejects is a gap.</summary>
    private async Task PatchAsync(AgentRestoreState work, string newId, JsonObject patch, CancellationToken cancellationToken)
    {
        try
        {
            await context.Server.UpdateResourceAsync(ResourceKind.Agent, newId, patch, cancellationToken).ConfigureAwait(false);
            return;
        }
        catch (LettaException e) when (e.IsServerRejection && patch.Count > 1)
        {
            // Found out below which it is.
        }

        foreach (var (field, value) in patch)
        {
            try
            {
                await context.Server.UpdateResourceAsync(ResourceKind.Agent, newId, new JsonObject { [field] = value?.DeepClone() }, cancellationToken).ConfigureAwait(false);
            }
            catch (LettaException e) when (e.IsServerRejection && field != "metadata")
            {
                work.Gaps.Add($"{field}: {e.Message}");
            }
        }
    }

    /// <summary>The legacy file has no place for whether a block is read-only.</summary>
    private async Task FixBlocksAsync(AgentRestoreState work, CancellationToken cancellationToken)
    {
        if (!context.Target.ImportsLegacy)
        {
            return;
        }

        foreach (var part in work.Document.Blocks.Where(p => work.Agent.BlockIds.Contains(p.FileId) && p.Value.TryGetProperty("read_only", out var only) && only.ValueKind == JsonValueKind.True))
        {
            if (AgentState.Blocks(work.State).FirstOrDefault(b => JsonEquality.Text(b, part.Value, "label")).StringOrNull("id") is { } id)
            {
                await context.Server.UpdateResourceAsync(ResourceKind.Block, id, new JsonObject { ["read_only"] = true }, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The legacy file has no place for all of a tool's schema: tools that the import made get it afterwards.</summary>
    private async Task FixToolsAsync(AgentRestoreState work, CancellationToken cancellationToken)
    {
        if (!context.Target.ImportsLegacy)
        {
            return;
        }

        var shown = work.State.Items("tools").ToLookup(t => t.StringOrNull("name") ?? string.Empty);
        foreach (var part in work.Document.Tools.Where(p => work.Agent.ToolIds.Contains(p.FileId) && p.Value.StringOrNull("tool_type") == "custom"))
        {
            if (shown[part.Value.StringOrNull("name") ?? string.Empty].FirstOrDefault().StringOrNull("id") is not { } id || (cleanup.WasThere(id) && !context.Options.OverwriteTool))
            {
                continue;
            }

            var properties = part.Value.Pick("json_schema", "args_json_schema", "pip_requirements", "npm_requirements", "tags", "return_char_limit");
            try
            {
                await context.Server.UpdateResourceAsync(ResourceKind.Tool, id, properties, cancellationToken).ConfigureAwait(false);
            }
            catch (LettaException e) when (e.IsServerRejection)
            {
                work.Gaps.Add($"The tool '{part.Value.StringOrNull("name")}': {e.Message}");
            }
        }
    }
}
