using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Agents;
using LettaPS.Core.IO;
using LettaPS.Core.Json;
using LettaPS.Core.Sources;

namespace LettaPS.Core.Restores.Api;

/// <summary>Imports an agent: adapts it to the release, sends it as a file, and attaches what other agents of the backup share with it.</summary>
internal sealed class AgentImporter(ApiRestoreContext context, ModelMapper models, SharedResources shared, IdentityRestore identities, ResourceCreator creator, ImportThrottle throttle)
{
    /// <summary>Imports an agent, which stays marked as unfinished.</summary>
    /// <param name="work">The agent; it learns its new identifier and the state that the server shows.</param>
    public async Task ImportAsync(AgentRestoreState work, CancellationToken cancellationToken)
    {
        var (document, agent, ids) = (work.Document, work.Agent, context.Journal.Ids);
        Adapt(work);
        await identities.FindAsync(work, cancellationToken).ConfigureAwait(false);
        using var held = await shared.HoldAsync(agent.BlockIds.Concat(agent.SourceIds).Select(id => RestorePlan.KeyOf(document, id)), cancellationToken).ConfigureAwait(false);
        var blocks = await FindSharedAsync(ResourceKind.Block, document, agent.BlockIds, ids.Blocks, cancellationToken).ConfigureAwait(false);
        var sources = await FindSharedAsync(ResourceKind.Source, document, agent.SourceIds, ids.Sources, cancellationToken).ConfigureAwait(false);
        await SendAsync(work, blocks, sources, cancellationToken).ConfigureAwait(false);

        cancellationToken.ThrowIfCancellationRequested();
        foreach (var (_, id) in blocks)
        {
            await context.Server.AttachAsync(work.NewId!, ResourceKind.Block, id, cancellationToken).ConfigureAwait(false);
        }

        foreach (var (_, id) in sources)
        {
            await context.Server.AttachAsync(work.NewId!, ResourceKind.Source, id, cancellationToken).ConfigureAwait(false);
        }

        if (context.Target.ImportsLegacy)
        {
            await AddSourcesAsync(work, sources, cancellationToken).ConfigureAwait(false);
        }

        work.State = await ReadStateAsync(work.NewId!, cancellationToken).ConfigureAwait(false);
        Learn(work);
        await DetachAddedToolsAsync(work, cancellationToken).ConfigureAwait(false);
        context.Journal.Save();
    }

    /// <summary>Makes the agent one that the release takes, and marks it as unfinished.</summary>
    private void Adapt(AgentRestoreState work)
    {
        var (document, agent) = (work.Document, work.Agent);
        ReleaseDowngrade.Adapt(document, agent, context.Target, work.Gaps, work.Warnings);
        if (agent.Config("llm_config") is not null)
        {
            // A server makes model_settings of its llm_config, and some of them of nothing but its release: set, they would change what llm_config says.
            agent.Fields.Remove("model_settings");
        }

        models.Apply(agent, context.Target, work.Warnings);
        work.OmittedTools = context.Options.NoTool ? ReleaseDowngrade.OmitTools(document, agent) : [];
        agent.Fields["metadata"] = JsonValues.ToElement(RestoreMarker.Put(agent.Config("metadata"), agent.SourceId, unfinished: true));
    }

    private async Task SendAsync(AgentRestoreState work, Dictionary<string, string> blocks, Dictionary<string, string> sources, CancellationToken cancellationToken)
    {
        var (document, agent) = (work.Document, work.Agent);
        var selection = new FileSelection
        {
            Agents = [agent],
            OmittedBlocks = blocks.Keys.ToHashSet(StringComparer.Ordinal),
            OmittedSources = sources.Keys.ToHashSet(StringComparer.Ordinal),
            OmittedTools = work.OmittedTools,
            Target = context.Target,
            Identities = work.Identities,
            Names = new Dictionary<string, string> { [agent.FileId] = context.Target.SafeName(agent.Name) },
        };
        using var file = new FileStream(Path.Combine(context.WorkFolder, $"{Guid.NewGuid():N}.af"), PrivateFile.Options(FileMode.CreateNew, FileAccess.ReadWrite, FileOptions.DeleteOnClose));
        var adapted = context.Target.ImportsLegacy
            ? LegacyAgentFileWriter.Write(document, selection, file, DateTimeOffset.UtcNow, cancellationToken)
            : AgentFileWriter.Write(document, selection, file, DateTimeOffset.UtcNow, cancellationToken);
        if (adapted > 0)
        {
            work.Gaps.Add($"{adapted} messages: {context.Target} does not have their role or kind of content; they were said in words that it has.");
        }

        await throttle.EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // An import is not cancelled: the server would complete it, and nobody would know what to remove.
            work.MayBeOnServer = true;
            work.NewId = await context.Server.ImportAsync(file, context.Options.OverwriteTool, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            throttle.Leave();
        }
    }

    private async Task<JsonElement> ReadStateAsync(string agentId, CancellationToken cancellationToken) =>
        await context.Server.FindResourceAsync(ResourceKind.Agent, agentId, cancellationToken).ConfigureAwait(false)
        ?? throw new LettaException(
            ErrorIds.AgentNotFound, LettaErrorKind.NotFound, $"The restored agent '{agentId}' no longer exists at '{context.Address}'.", "Stop the program that deletes agents on the server, then run the command again.", agentId);

    private async Task<Dictionary<string, string>> FindSharedAsync(ResourceKind kind, AgentDocument document, List<string> fileIds, IDictionary<string, string> known, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var fileId in fileIds)
        {
            if (await shared.FindAsync(kind, RestorePlan.KeyOf(document, fileId), known, cancellationToken).ConfigureAwait(false) is { } id)
            {
                found[fileId] = id;
            }
        }

        return found;
    }

    /// <summary>Records under which identifiers the server has what other agents of the backup share with this one.</summary>
    private void Learn(AgentRestoreState work)
    {
        var ids = context.Journal.Ids;
        var labels = AgentState.Blocks(work.State).ToLookup(b => b.StringOrNull("label") ?? string.Empty);
        var sources = work.State.Items("sources").ToLookup(s => s.StringOrNull("name") ?? string.Empty);
        foreach (var part in work.Document.Blocks.Where(p => work.Agent.BlockIds.Contains(p.FileId)))
        {
            if (labels[part.Value.StringOrNull("label") ?? string.Empty].FirstOrDefault().StringOrNull("id") is { } id)
            {
                shared.Learn(RestorePlan.KeyOf(work.Document, part.FileId), id, ids.Blocks);
            }
        }

        foreach (var part in work.Document.Sources.Where(p => work.Agent.SourceIds.Contains(p.FileId)))
        {
            var name = part.Value.StringOrNull("name") ?? string.Empty;
            var there = sources.Where(g => UniqueSourceName.IsOf(g.Key, name)).SelectMany(g => g).FirstOrDefault();
            if (there.StringOrNull("id") is { } id)
            {
                shared.Learn(RestorePlan.KeyOf(work.Document, part.FileId), id, ids.Sources);
            }
        }
    }

    /// <summary>With a source a server attaches tools for files; the agent has those that the file says.</summary>
    private async Task DetachAddedToolsAsync(AgentRestoreState work, CancellationToken cancellationToken)
    {
        var wanted = work.Document.Tools.Where(t => work.Agent.ToolIds.Contains(t.FileId)).Select(t => t.Value.StringOrNull("name")).ToHashSet();
        foreach (var tool in work.State.Items("tools").Where(t => !wanted.Contains(t.StringOrNull("name"))))
        {
            await context.Server.DetachAsync(work.NewId!, ResourceKind.Tool, tool.StringOrNull("id")!, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The legacy file has no place for sources: they are created one by one, without files.</summary>
    private async Task AddSourcesAsync(AgentRestoreState work, Dictionary<string, string> there, CancellationToken cancellationToken)
    {
        foreach (var part in work.Document.Sources.Where(p => work.Agent.SourceIds.Contains(p.FileId) && !there.ContainsKey(p.FileId)))
        {
            var properties = part.Value.Pick("name", "description", "instructions", "metadata", "embedding_config");
            try
            {
                var id = (await creator.CreateSourceAsync(properties, cancellationToken).ConfigureAwait(false)).StringOrNull("id")!;
                context.Journal.AddUnfinished(work, id);
                await context.Server.AttachAsync(work.NewId!, ResourceKind.Source, id, cancellationToken).ConfigureAwait(false);
            }
            catch (LettaException e) when (e.IsServerRejection)
            {
                work.Gaps.Add($"The source '{part.Value.StringOrNull("name")}': {e.Message}");
            }
        }
    }
}
