using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.AgentFiles.Reading;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Agents;
using LettaPS.Core.IdMaps;
using LettaPS.Core.IO;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;
using LettaPS.Core.Sources;

namespace LettaPS.Core.Restores.Api;

/// <summary>
/// Restores agents onto one server: each is imported under a name that the server takes, gets what imports forget, is compared with its file, and only then
/// counts as restored. What fails leaves nothing behind.
/// </summary>
internal sealed class ApiRestoreSession : IRestoreSession
{
    private static readonly TimeSpan s_cleanUpLimit = TimeSpan.FromMinutes(2);

    private readonly ILettaServer _server;
    private readonly RestorePlan _plan;
    private readonly RestoreOptions _options;
    private readonly string _workFolder;
    private readonly IdMapStore _file;
    private readonly IdMap _map;
    private readonly SharedResources _shared;
    private readonly PassageRestore _passages;
    private readonly IdentityRestore _identities;
    private readonly FailedImportCleanup _debris;
    private readonly ImportThrottle _gate;
    private readonly ConcurrentDictionary<string, LettaAgent> _existing = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, LettaAgent> _restored = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _names = new(StringComparer.Ordinal);
    private readonly List<LettaAgent> _unfinished = [];
    private readonly List<LettaException> _invalid = [];
    private readonly HashSet<string> _groups = [];
    private ReleaseCapabilities _target = null!;
    private ModelMapper _models = null!;
    private Lazy<Task> _begun = null!;

    private ApiRestoreSession(ILettaServer server, RestorePlan plan, RestoreOptions options, string workFolder, int throttle)
    {
        _server = server;
        _plan = plan;
        _options = options;
        _workFolder = workFolder;
        _file = new IdMapStore(options.IdMapPath ?? Path.Combine(plan.Folder, IdMap.FileName));
        _map = _file.Map;
        Ids = _map.Of(server.Connection.BaseUri);
        _shared = new SharedResources(server, plan.IsShared, _map);
        _passages = new PassageRestore(server, _shared, Journal);
        _identities = new IdentityRestore(server);
        _debris = new FailedImportCleanup(server);
        _gate = new ImportThrottle(throttle);
    }

    /// <inheritdoc/>
    public string MapPath => _file.Path;

    /// <summary>Agents of the server whose identifier is none of Letta's: none of them can be recognised as one of the backup's.</summary>
    public IReadOnlyList<LettaException> Invalid => _invalid;

    /// <summary>The part of the map that is about this server; it is guarded by the map.</summary>
    private ServerIdMap Ids { get; }

    /// <summary>Prepares to restore: asks the server for its release, its models and the agents that it has.</summary>
    /// <param name="server">The server. It stays open.</param>
    /// <param name="plan">What to restore.</param>
    /// <param name="options">How.</param>
    /// <param name="workFolder">Where files are kept until they are imported.</param>
    /// <param name="throttle">How many agents may be imported side by side.</param>
    public static async Task<ApiRestoreSession> OpenAsync(ILettaServer server, RestorePlan plan, RestoreOptions options, string workFolder, int throttle, CancellationToken cancellationToken)
    {
        var session = new ApiRestoreSession(server, plan, options, workFolder, throttle);
        var release = server.GetReleaseAsync(cancellationToken);
        var models = Task.WhenAll(server.ListModelsAsync(embedding: false, cancellationToken), server.ListModelsAsync(embedding: true, cancellationToken));
        var agents = session.NoteAgentsAsync(cancellationToken);
        await Task.WhenAll(release, models, agents).ConfigureAwait(false);
        session._target = release.Result;
        session._models = new ModelMapper(models.Result[0], models.Result[1], options);
        session._begun = new Lazy<Task>(() => session.BeginAsync(cancellationToken));
        return session;
    }

    /// <inheritdoc/>
    public string Describe(PlannedAgent agent)
    {
        var action = FindExisting(agent) is not { } existing
            ? $"Restore to {_server.Connection.BaseUri} ({_target})"
            : _options.Conflict switch
            {
                RestoreConflict.Skip => $"Skip: {_server.Connection.BaseUri} has it as {existing.Id}",
                RestoreConflict.Replace => $"Restore to {_server.Connection.BaseUri} ({_target}) and delete {existing.Id}",
                _ => $"Restore to {_server.Connection.BaseUri} ({_target}) beside {existing.Id}",
            };
        var models = new List<string>();
        if (_models.MappedModel(agent.Outline) is { } model)
        {
            models.Add($"model {ModelMapper.Model(agent.Outline)} becomes {model}");
        }

        if (_models.MappedEmbedding(agent.Outline) is { } embedding)
        {
            models.Add($"embedding model {ModelMapper.Embedding(agent.Outline)} becomes {embedding}");
        }

        models.AddRange(_models.Lacking(agent.Outline).Select(m => $"the server lacks {m}"));
        return models.Count == 0 ? action : $"{action}; {string.Join("; ", models)}";
    }

    /// <inheritdoc/>
    public string? Replaces(PlannedAgent agent) =>
        _options is { Conflict: RestoreConflict.Replace, PassagesOnly: false } && FindExisting(agent) is { } existing ? $"{existing.Name} ({existing.Id})" : null;

    /// <inheritdoc/>
    public LettaRestoreResult Keep(PlannedAgent agent) => agent.Kept(FindExisting(agent)?.Id, _server.Connection.BaseUri);

    /// <inheritdoc/>
    public async Task<LettaRestoreResult> RestoreAsync(PlannedAgent planned, CancellationToken cancellationToken)
    {
        var begun = TimeProvider.System.GetTimestamp();
        var existing = FindExisting(planned);
        if (_options.PassagesOnly)
        {
            return await AddPassagesAsync(planned, existing, begun, cancellationToken).ConfigureAwait(false);
        }

        var removed = await RemoveLeftAsync(planned, cancellationToken).ConfigureAwait(false);
        if (existing is not null && _options.Conflict == RestoreConflict.Skip)
        {
            await RecogniseAsync(planned, existing.Id).ConfigureAwait(false);
            return Result(planned, existing.Id, LettaRestoreStatus.Skipped, begun) with { Reason = $"The server has it as '{existing.Id}'.", Warnings = [.. removed, $"The server has it as {existing.Id}."] };
        }

        using var document = await AgentFileReader.ReadAsync(planned.Path, _workFolder, outline: false, cancellationToken).ConfigureAwait(false);
        var agent = document.Agents.FirstOrDefault(a => a.FileId == planned.FileId && a.SourceId == planned.SourceId)
            ?? throw AgentFileReader.Changed(planned.Path);
        var work = new AgentRestoreState(document, agent, planned, begun);
        if (existing is not null && _options.Conflict == RestoreConflict.Rename)
        {
            agent.Fields["name"] = JsonValues.ToElement(FreeName(agent.Name));
        }

        work.Warnings.AddRange(removed);
        await _begun.Value.ConfigureAwait(false);
        var old = _options.Conflict == RestoreConflict.Replace ? existing : null;
        if (old is not null)
        {
            var loss = new ReplacementLoss(document, agent, planned.LeftOut, _options);
            await loss.FindAsync(_server, old.Id, _workFolder, cancellationToken).ConfigureAwait(false);
            if (loss.Lost.Count > 0)
            {
                work.Gaps.AddRange(loss.Lost);
                return NotReplaced(work, old, "it has what the file was written without, or what the restore leaves out. Nothing was changed");
            }

            work.Warnings.AddRange(loss.TakenOver);
        }

        await RestoreNewAsync(work, mayHaveGaps: old is null, cancellationToken).ConfigureAwait(false);
        if (old is not null && work.Gaps.Count > 0)
        {
            return await KeepAsync(work, old).ConfigureAwait(false);
        }

        if (old is not null)
        {
            await ReplaceAsync(work, old, cancellationToken).ConfigureAwait(false);
        }

        var result = work.Result(_server.Connection.BaseUri);
        return old is not null
            ? result.Replacing(old.Name, old.Id)
            : result with { Reason = result.AgentName == planned.Name ? null : $"The server has an agent '{planned.Name}'." };
    }

    /// <inheritdoc/>
    public async Task<ILookup<string, string>> RestoreGroupsAsync(CancellationToken cancellationToken)
    {
        var failures = new List<(string Agent, string Gap)>();
        foreach (var group in _plan.Agents.SelectMany(a => a.Groups).DistinctBy(g => g.SourceId))
        {
            var lost = group.Members.Where(m => !Ids.Agents.ContainsKey(m)).ToList();
            string? gap = lost.Count > 0 ? $"The group {group.SourceId}: its agents {string.Join(", ", lost)} are not restored." : null;
            try
            {
                gap ??= await RestoreGroupAsync(group, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (!ItemBoundary.EndsRun(e))
            {
                gap = $"The group {group.SourceId}: {e.Message}";
            }

            if (gap is not null)
            {
                failures.AddRange(group.Members.Select(m => (m, gap)));
            }
        }

        return failures.ToLookup(f => f.Agent, f => f.Gap);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        _gate.Dispose();
        _identities.Dispose();
        _passages.Dispose();
    }

    /// <summary>Notes the agents that the server has, and which of them were restored.</summary>
    private async Task NoteAgentsAsync(CancellationToken cancellationToken)
    {
        var everything = AgentQuery.Everything with { OnInvalid = NoteAsync };
        await foreach (var agent in _server.ListAsync(everything, cancellationToken).ConfigureAwait(false))
        {
            _names[agent.Name] = true;
            _existing[agent.Id] = agent;
            if (agent.SourceAgentId is not { } source)
            {
                continue;
            }

            if (agent.RestoreUnfinished)
            {
                _unfinished.Add(agent);
            }
            else
            {
                _restored.TryAdd(source, agent);
            }
        }

        ValueTask NoteAsync(LettaException invalid)
        {
            _invalid.Add(invalid);
            return default;
        }
    }

    private LettaRestoreResult Result(PlannedAgent planned, string? newId, LettaRestoreStatus status, long begun) => planned.Result(newId, status, _server.Connection.BaseUri, begun);

    /// <summary>The agent on the target that was restored from this one before, or is this one.</summary>
    private LettaAgent? FindExisting(PlannedAgent planned)
    {
        string? mapped;
        lock (_map)
        {
            mapped = Ids.Agents.GetValueOrDefault(planned.SourceId);
        }

        return (mapped is not null && _existing.TryGetValue(mapped, out var known) && !known.RestoreUnfinished ? known : null)
            ?? _restored.GetValueOrDefault(planned.SourceId)
            ?? _existing.GetValueOrDefault(planned.SourceId);
    }

    /// <summary>Keeps other runs out and notes what is on the server, before the first agent is restored.</summary>
    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        _file.Hold();

        // A map that cannot be written is found out while there is nothing to be noted in it yet.
        lock (_map)
        {
            _file.Save();
        }

        await _debris.NoteAsync(cancellationToken).ConfigureAwait(false);
    }

    private string FreeName(string name)
    {
        for (var i = 2; ; i++)
        {
            if (_names.TryAdd($"{name} ({i})", true))
            {
                return $"{name} ({i})";
            }
        }
    }

    private void Remember(PlannedAgent planned, string newId)
    {
        lock (_map)
        {
            Ids.Agents[planned.SourceId] = newId;
            Ids.Unfinished.Remove(planned.SourceId);
            _file.Save();
        }
    }

    /// <summary>Notes an agent that is there already, unless the map knows it.</summary>
    private async Task RecogniseAsync(PlannedAgent planned, string id)
    {
        bool known;
        lock (_map)
        {
            known = Ids.Agents.GetValueOrDefault(planned.SourceId) == id;
        }

        if (!known)
        {
            await _begun.Value.ConfigureAwait(false);
            Remember(planned, id);
        }
    }

    /// <summary>Notes at once what was made for an agent and would be found by nothing else, should this process be killed.</summary>
    private void Journal(AgentRestoreState work, string id)
    {
        lock (_map)
        {
            if (!Ids.Unfinished.TryGetValue(work.Agent.SourceId, out var made))
            {
                Ids.Unfinished[work.Agent.SourceId] = made = [];
            }

            made.Add(id);
            _file.Save();
        }
    }

    /// <summary>Removes what runs that were killed have left of an agent.</summary>
    /// <returns>What was removed, in words.</returns>
    private async Task<List<string>> RemoveLeftAsync(PlannedAgent planned, CancellationToken cancellationToken)
    {
        var removed = new List<string>();
        var agents = _unfinished.Where(u => u.SourceAgentId == planned.SourceId).ToList();
        List<string> made;
        lock (_map)
        {
            made = [.. Ids.Unfinished.GetValueOrDefault(planned.SourceId) ?? []];
        }

        if (agents.Count + made.Count == 0)
        {
            return removed;
        }

        await _begun.Value.ConfigureAwait(false);
        foreach (var agent in agents)
        {
            await _debris.RemoveAgentAsync(agent.Id, _target, cancellationToken).ConfigureAwait(false);
            removed.Add($"What an earlier run that was broken off had left ({agent.Id}) was removed.");
        }

        foreach (var id in made)
        {
            await _debris.RemoveUnusedAsync(id.StartsWith("archive-", StringComparison.Ordinal) ? ResourceKind.Archive : ResourceKind.Source, id, cancellationToken).ConfigureAwait(false);
        }

        lock (_map)
        {
            Ids.Unfinished.Remove(planned.SourceId);
            _file.Save();
        }

        return removed;
    }

    private async Task RestoreNewAsync(AgentRestoreState work, bool mayHaveGaps, CancellationToken cancellationToken)
    {
        try
        {
            await ImportAsync(work, cancellationToken).ConfigureAwait(false);
            if (!_options.NoArchive)
            {
                await _passages.RestoreAsync(work, _target, Ids.Archives, cancellationToken).ConfigureAwait(false);
            }

            await CompleteAsync(work, cancellationToken).ConfigureAwait(false);
            if (mayHaveGaps || work.Gaps.Count == 0)
            {
                Remember(work.Planned, work.NewId!);
            }
        }
        catch (Exception e) when (work.MayBeOnServer)
        {
            var left = await CleanUpAsync(work).ConfigureAwait(false);
            if (left is null || e is not LettaException letta)
            {
                throw;
            }

            throw new LettaException(letta.ErrorId, letta.Kind, $"{letta.Message} {left}", letta.RecommendedAction, letta.Target, letta);
        }
    }

    private async Task ImportAsync(AgentRestoreState work, CancellationToken cancellationToken)
    {
        var (document, agent) = (work.Document, work.Agent);
        ReleaseDowngrade.Adapt(document, agent, _target, work.Gaps, work.Warnings);
        if (agent.Config("llm_config") is not null)
        {
            // A server makes model_settings of its llm_config, and some of them of nothing but its release: set, they would change what llm_config says.
            agent.Fields.Remove("model_settings");
        }

        _models.Apply(agent, _target, work.Warnings);
        var omittedTools = _options.NoTool ? ReleaseDowngrade.OmitTools(document, agent) : [];
        work.OmittedTools = omittedTools;
        var metadata = agent.Config("metadata");
        agent.Fields["metadata"] = JsonValues.ToElement(RestoreMarker.Put(metadata, agent.SourceId, unfinished: true));

        await _identities.FindAsync(work, cancellationToken).ConfigureAwait(false);
        using var held = await _shared.HoldAsync(agent.BlockIds.Concat(agent.SourceIds).Select(id => RestorePlan.KeyOf(document, id)), cancellationToken).ConfigureAwait(false);
        var blocks = await FindSharedAsync(ResourceKind.Block, document, agent.BlockIds, Ids.Blocks, cancellationToken).ConfigureAwait(false);
        var sources = await FindSharedAsync(ResourceKind.Source, document, agent.SourceIds, Ids.Sources, cancellationToken).ConfigureAwait(false);
        var selection = new FileSelection
        {
            Agents = [agent],
            OmittedBlocks = blocks.Keys.ToHashSet(StringComparer.Ordinal),
            OmittedSources = sources.Keys.ToHashSet(StringComparer.Ordinal),
            OmittedTools = omittedTools,
            Target = _target,
            Identities = work.Identities,
            Names = new Dictionary<string, string> { [agent.FileId] = _target.SafeName(agent.Name) },
        };
        using var file = new FileStream(Path.Combine(_workFolder, $"{Guid.NewGuid():N}.af"), PrivateFile.Options(FileMode.CreateNew, FileAccess.ReadWrite, FileOptions.DeleteOnClose));
        var adapted = _target.ImportsLegacy
            ? LegacyAgentFileWriter.Write(document, selection, file, DateTimeOffset.UtcNow, cancellationToken)
            : AgentFileWriter.Write(document, selection, file, DateTimeOffset.UtcNow, cancellationToken);
        if (adapted > 0)
        {
            work.Gaps.Add($"{adapted} messages: {_target} does not have their role or kind of content; they were said in words that it has.");
        }

        await _gate.EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // An import is not broken off: the server would go on with it, and nobody would know what to remove.
            work.MayBeOnServer = true;
            work.NewId = await _server.ImportAsync(file, _options.OverwriteTool, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            _gate.Leave();
        }

        cancellationToken.ThrowIfCancellationRequested();
        foreach (var (_, id) in blocks)
        {
            await _server.AttachAsync(work.NewId, ResourceKind.Block, id, cancellationToken).ConfigureAwait(false);
        }

        foreach (var (_, id) in sources)
        {
            await _server.AttachAsync(work.NewId, ResourceKind.Source, id, cancellationToken).ConfigureAwait(false);
        }

        if (_target.ImportsLegacy)
        {
            await AddSourcesAsync(work, sources, cancellationToken).ConfigureAwait(false);
        }

        work.State = await StateAsync(work.NewId, cancellationToken).ConfigureAwait(false);
        Learn(work);
        await DetachAddedToolsAsync(work, cancellationToken).ConfigureAwait(false);
        lock (_map)
        {
            _file.Save();
        }
    }

    private async Task<JsonElement> StateAsync(string agentId, CancellationToken cancellationToken) =>
        await _server.FindThingAsync(ResourceKind.Agent, agentId, cancellationToken).ConfigureAwait(false)
        ?? throw new LettaException(ErrorIds.AgentNotFound, LettaErrorKind.NotFound, $"The restored agent '{agentId}' no longer exists at '{_server.Connection.BaseUri}'.", "Stop the program that deletes agents on the server, then run the command again.", agentId);

    private async Task<Dictionary<string, string>> FindSharedAsync(ResourceKind kind, AgentDocument document, List<string> fileIds, IDictionary<string, string> known, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var fileId in fileIds)
        {
            if (await _shared.FindAsync(kind, RestorePlan.KeyOf(document, fileId), known, cancellationToken).ConfigureAwait(false) is { } id)
            {
                found[fileId] = id;
            }
        }

        return found;
    }

    /// <summary>Notes under which identifiers the server has what other agents of the backup share with this one.</summary>
    private void Learn(AgentRestoreState work)
    {
        var labels = AgentState.Blocks(work.State).ToLookup(b => b.StringOrNull("label") ?? string.Empty);
        var sources = work.State.Items("sources").ToLookup(s => s.StringOrNull("name") ?? string.Empty);
        foreach (var part in work.Document.Blocks.Where(p => work.Agent.BlockIds.Contains(p.FileId)))
        {
            if (labels[part.Value.StringOrNull("label") ?? string.Empty].FirstOrDefault().StringOrNull("id") is { } id)
            {
                _shared.Learn(RestorePlan.KeyOf(work.Document, part.FileId), id, Ids.Blocks);
            }
        }

        foreach (var part in work.Document.Sources.Where(p => work.Agent.SourceIds.Contains(p.FileId)))
        {
            var name = part.Value.StringOrNull("name") ?? string.Empty;
            var there = sources.Where(g => UniqueSourceName.IsOf(g.Key, name)).SelectMany(g => g).FirstOrDefault();
            if (there.StringOrNull("id") is { } id)
            {
                _shared.Learn(RestorePlan.KeyOf(work.Document, part.FileId), id, Ids.Sources);
            }
        }
    }

    /// <summary>With a source a server attaches tools for files; the agent has those that the file says.</summary>
    private async Task DetachAddedToolsAsync(AgentRestoreState work, CancellationToken cancellationToken)
    {
        var wanted = work.Document.Tools.Where(t => work.Agent.ToolIds.Contains(t.FileId)).Select(t => t.Value.StringOrNull("name")).ToHashSet();
        foreach (var tool in work.State.Items("tools").Where(t => !wanted.Contains(t.StringOrNull("name"))))
        {
            await _server.DetachAsync(work.NewId!, ResourceKind.Tool, tool.StringOrNull("id")!, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The legacy file has no place for sources: they are made one by one, without files.</summary>
    private async Task AddSourcesAsync(AgentRestoreState work, Dictionary<string, string> there, CancellationToken cancellationToken)
    {
        foreach (var part in work.Document.Sources.Where(p => work.Agent.SourceIds.Contains(p.FileId) && !there.ContainsKey(p.FileId)))
        {
            var properties = part.Value.Pick("name", "description", "instructions", "metadata", "embedding_config");
            try
            {
                var id = (await CreateSourceAsync(properties, cancellationToken).ConfigureAwait(false)).StringOrNull("id")!;
                Journal(work, id);
                await _server.AttachAsync(work.NewId!, ResourceKind.Source, id, cancellationToken).ConfigureAwait(false);
            }
            catch (LettaException e) when (IsRefusal(e))
            {
                work.Gaps.Add($"The source '{part.Value.StringOrNull("name")}': {e.Message}");
            }
        }
    }

    private async Task<JsonElement> CreateSourceAsync(JsonObject properties, CancellationToken cancellationToken)
    {
        try
        {
            return await CreateAsync().ConfigureAwait(false);
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.RequestRefused)
        {
            // The name is taken.
            properties["name"] = UniqueSourceName.Another((string?)properties["name"]);
            return await CreateAsync().ConfigureAwait(false);
        }

        // Names of sources are theirs alone.
        Task<JsonElement> CreateAsync() => MakeAsync(
            ResourceKind.Source,
            properties,
            s => s.StringOrNull("name") == (string?)properties["name"] && s.StringOrNull("id") is { } id && !_debris.WasThere(id),
            cancellationToken);
    }

    /// <summary>Makes a thing. A server whose answer failed may have made it all the same; only one that refused has not.</summary>
    private async Task<JsonElement> MakeAsync(ResourceKind kind, JsonObject properties, Func<JsonElement, bool> isIt, CancellationToken cancellationToken)
    {
        try
        {
            return await _server.CreateAsync(kind, properties, cancellationToken).ConfigureAwait(false);
        }
        catch (LettaException e) when (IsRefusal(e) && e.ErrorId != ErrorIds.RequestRefused)
        {
            if (await FindAsync(kind, isIt, cancellationToken).ConfigureAwait(false) is { } made)
            {
                return made;
            }

            throw;
        }
    }

    private async Task<JsonElement?> FindAsync(ResourceKind kind, Func<JsonElement, bool> isIt, CancellationToken cancellationToken)
    {
        foreach (var thing in await _server.ListThingsAsync(kind, cancellationToken).ConfigureAwait(false))
        {
            if (isIt(thing))
            {
                return thing;
            }
        }

        return null;
    }

    /// <summary>What the server refuses or fails at is a gap of the agent; what breaks the connection fails it.</summary>
    internal static bool IsRefusal(LettaException e) => e.ErrorId is ErrorIds.ServerFailed or ErrorIds.RequestRefused or ErrorIds.NotFound or ErrorIds.ServerUnavailable or ErrorIds.TooManyRequests;

    /// <summary>Sets what the import forgot, and compares the agent with its file.</summary>
    private async Task CompleteAsync(AgentRestoreState work, CancellationToken cancellationToken)
    {
        var (agent, newId) = (work.Agent, work.NewId!);
        await FixBlocksAsync(work, cancellationToken).ConfigureAwait(false);
        await FixToolsAsync(work, cancellationToken).ConfigureAwait(false);
        var patch = RestorePatch.Of(agent, work.State, _target);
        if (work.Identities.Count > 0)
        {
            patch["identity_ids"] = new JsonArray([.. work.Identities.Values.Select(i => (JsonNode)i)]);
        }

        patch["name"] = agent.Name;
        patch["metadata"] = RestoreMarker.Put(agent.Config("metadata"), agent.SourceId, unfinished: false);
        await PatchAsync(work, newId, patch, cancellationToken).ConfigureAwait(false);

        var read = new SnapshotOptions(_workFolder, IncludeArchive: !_options.NoArchive, IncludeExport: false);
        var snapshot = await _server.ReadAsync(newId, read, cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_target.ImportsLegacy && await FileViews.SetAsync(_server, work, snapshot, cancellationToken).ConfigureAwait(false))
            {
                snapshot.Dispose();
                snapshot = await _server.ReadAsync(newId, read, cancellationToken).ConfigureAwait(false);
            }

            work.Verify(snapshot, _target, _options.NoArchive, cancellationToken);
        }
        finally
        {
            snapshot.Dispose();
        }
    }

    /// <summary>Sets fields; where the server refuses them together, one by one, and what it refuses is a gap.</summary>
    private async Task PatchAsync(AgentRestoreState work, string newId, JsonObject patch, CancellationToken cancellationToken)
    {
        try
        {
            await _server.ChangeThingAsync(ResourceKind.Agent, newId, patch, cancellationToken).ConfigureAwait(false);
            return;
        }
        catch (LettaException e) when (IsRefusal(e) && patch.Count > 1)
        {
            // Found out below which it is.
        }

        foreach (var (field, value) in patch)
        {
            try
            {
                await _server.ChangeThingAsync(ResourceKind.Agent, newId, new JsonObject { [field] = value?.DeepClone() }, cancellationToken).ConfigureAwait(false);
            }
            catch (LettaException e) when (IsRefusal(e) && field != "metadata")
            {
                work.Gaps.Add($"{field}: {e.Message}");
            }
        }
    }

    /// <summary>The legacy file has no place for whether a block is read-only.</summary>
    private async Task FixBlocksAsync(AgentRestoreState work, CancellationToken cancellationToken)
    {
        if (!_target.ImportsLegacy)
        {
            return;
        }

        foreach (var part in work.Document.Blocks.Where(p => work.Agent.BlockIds.Contains(p.FileId) && p.Value.TryGetProperty("read_only", out var only) && only.ValueKind == JsonValueKind.True))
        {
            if (AgentState.Blocks(work.State).FirstOrDefault(b => JsonEquality.Text(b, part.Value, "label")).StringOrNull("id") is { } id)
            {
                await _server.ChangeThingAsync(ResourceKind.Block, id, new JsonObject { ["read_only"] = true }, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The legacy file has no place for all of a tool's schema: tools that the import made get it afterwards.</summary>
    private async Task FixToolsAsync(AgentRestoreState work, CancellationToken cancellationToken)
    {
        if (!_target.ImportsLegacy)
        {
            return;
        }

        var shown = work.State.Items("tools").ToLookup(t => t.StringOrNull("name") ?? string.Empty);
        foreach (var part in work.Document.Tools.Where(p => work.Agent.ToolIds.Contains(p.FileId) && p.Value.StringOrNull("tool_type") == "custom"))
        {
            if (shown[part.Value.StringOrNull("name") ?? string.Empty].FirstOrDefault().StringOrNull("id") is not { } id || (_debris.WasThere(id) && !_options.OverwriteTool))
            {
                continue;
            }

            var properties = part.Value.Pick("json_schema", "args_json_schema", "pip_requirements", "npm_requirements", "tags", "return_char_limit");
            try
            {
                await _server.ChangeThingAsync(ResourceKind.Tool, id, properties, cancellationToken).ConfigureAwait(false);
            }
            catch (LettaException e) when (IsRefusal(e))
            {
                work.Gaps.Add($"The tool '{part.Value.StringOrNull("name")}': {e.Message}");
            }
        }
    }

    private async Task<LettaRestoreResult> AddPassagesAsync(PlannedAgent planned, LettaAgent? existing, long begun, CancellationToken cancellationToken)
    {
        if (existing is null)
        {
            throw new LettaException(
                ErrorIds.RestoredAgentNotFound, LettaErrorKind.NotFound, $"'{planned.Name}' was not restored to '{_server.Connection.BaseUri}' before.", "Restore the agent without -PassagesOnly: Restore-LettaAgent <path>", planned.SourceId);
        }

        using var document = await AgentFileReader.ReadAsync(planned.Path, _workFolder, outline: false, cancellationToken).ConfigureAwait(false);
        using var before = await _server.ReadAsync(existing.Id, new SnapshotOptions(_workFolder, IncludeHistory: false, IncludeExport: false), cancellationToken).ConfigureAwait(false);
        var work = new AgentRestoreState(document, document.Agents.First(a => a.FileId == planned.FileId), planned, begun) { NewId = existing.Id };
        await _passages.AddMissingAsync(work, before, _target, cancellationToken).ConfigureAwait(false);
        using var after = await _server.ReadAsync(existing.Id, new SnapshotOptions(_workFolder, IncludeExport: false), cancellationToken).ConfigureAwait(false);
        work.VerifyPassages(after, _target);
        return work.Result(_server.Connection.BaseUri);
    }

    /// <summary>Deletes the old agent with what is only its own, now that the new one is there without gaps.</summary>
    private async Task ReplaceAsync(AgentRestoreState work, LettaAgent existing, CancellationToken cancellationToken)
    {
        await _debris.RemoveAgentAsync(existing.Id, _target, cancellationToken).ConfigureAwait(false);
        _existing.TryRemove(existing.Id, out _);
        lock (_map)
        {
            Ids.Replace(existing.Id, work.NewId!);
            _file.Save();
        }

        work.Warnings.Add($"The old agent {existing.Id} was deleted.");
    }

    /// <summary>Removes a new agent that has gaps, so that the old one stays and no run adds another copy.</summary>
    private async Task<LettaRestoreResult> KeepAsync(AgentRestoreState work, LettaAgent existing)
    {
        if (await CleanUpAsync(work).ConfigureAwait(false) is { } left)
        {
            throw new LettaException(ErrorIds.ReplacementIncomplete, LettaErrorKind.Conflict, $"The new agent '{work.NewId}' has gaps, so LettaPS kept the old one, '{existing.Id}'. {left}", $"Compare the two agents, then delete one of them: Get-LettaAgent -Id {existing.Id}, {work.NewId}", work.NewId);
        }

        return NotReplaced(work, existing, $"the new agent would have gaps ({work.Gaps.Count}), so it was removed again and {existing.Id} was kept");
    }

    private LettaRestoreResult NotReplaced(AgentRestoreState work, LettaAgent existing, string why)
    {
        Remember(work.Planned, existing.Id);
        return Result(work.Planned, existing.Id, LettaRestoreStatus.Skipped, work.Begun) with
        {
            Missing = work.Gaps,
            Reason = $"'{existing.Name}' was kept: {why}.",
            Warnings = [.. work.Warnings, $"'{existing.Name}' was not replaced: {why}. -Conflict Rename keeps both."],
        };
    }

    /// <summary>Removes what a restore that failed has made. Cancelling it again does not leave it half done.</summary>
    /// <returns>What could not be removed, in words, or <see langword="null"/>.</returns>
    private async Task<string?> CleanUpAsync(AgentRestoreState work)
    {
        using var limit = new CancellationTokenSource(s_cleanUpLimit);
        try
        {
            if (work.NewId is { } id)
            {
                await _server.DeleteThingAsync(ResourceKind.Agent, id, limit.Token).ConfigureAwait(false);
            }

            foreach (var archive in work.Archives)
            {
                if (await _debris.RemoveUnusedAsync(ResourceKind.Archive, archive, limit.Token).ConfigureAwait(false))
                {
                    _shared.Forget(archive, Ids.Archives);
                }
            }

            await _gate.RunAloneAsync(() => RemoveDebrisAsync(work, limit.Token), limit.Token).ConfigureAwait(false);
            await _identities.RemoveAsync(work, limit.Token).ConfigureAwait(false);
            lock (_map)
            {
                if (Ids.Unfinished.Remove(work.Agent.SourceId))
                {
                    _file.Save();
                }
            }

            return null;
        }
        catch (Exception e) when (e is LettaException or OperationCanceledException)
        {
            return $"What was begun could not be removed: {e.Message} Restoring again removes it.";
        }
    }

    private async Task RemoveDebrisAsync(AgentRestoreState work, CancellationToken cancellationToken)
    {
        foreach (var id in await _debris.RemoveAsync(work.Document, work.Agent, cancellationToken).ConfigureAwait(false))
        {
            _shared.Forget(id, Ids.Blocks);
            _shared.Forget(id, Ids.Sources);
        }
    }

    private async Task<string?> RestoreGroupAsync(PlannedGroup group, CancellationToken cancellationToken)
    {
        if (Ids.Groups.TryGetValue(group.SourceId, out var known) && await _server.FindThingAsync(ResourceKind.Group, known, cancellationToken).ConfigureAwait(false) is not null)
        {
            return null;
        }

        if (!_groups.Add(group.SourceId))
        {
            return null;
        }

        var manager = new JsonObject();
        foreach (var (name, value) in group.Manager())
        {
            manager[name] = JsonValues.ToNode(value);
        }

        if (group.ManagerId is { } managerId)
        {
            manager["manager_agent_id"] = Ids.Agents[managerId];
        }

        var properties = new JsonObject
        {
            ["agent_ids"] = new JsonArray([.. group.AgentIds.Select(a => (JsonNode)Ids.Agents[a])]),
            ["description"] = group.Value.StringOrNull("description") ?? string.Empty,
            ["manager_config"] = manager,
        };
        // A run that was killed, or whose answer was lost, may have made it.
        var agents = properties["agent_ids"]!.AsArray().Select(a => (string)a!).ToHashSet(StringComparer.Ordinal);
        var made = await FindAsync(ResourceKind.Group, IsIt, cancellationToken).ConfigureAwait(false) ?? await MakeAsync(ResourceKind.Group, properties, IsIt, cancellationToken).ConfigureAwait(false);
        if (group.ManagerId is { } sleeper && (string?)manager["manager_type"] == "sleeptime")
        {
            // Only now: without its group, the server would make another agent for it.
            await _server.ChangeThingAsync(ResourceKind.Agent, Ids.Agents[sleeper], new JsonObject { ["enable_sleeptime"] = true }, cancellationToken).ConfigureAwait(false);
        }

        lock (_map)
        {
            Ids.Groups[group.SourceId] = made.StringOrNull("id") ?? string.Empty;
            _file.Save();
        }

        return null;

        bool IsIt(JsonElement there) => there.StringOrNull("manager_type") == (string?)manager["manager_type"]
            && there.StringOrNull("manager_agent_id") == (string?)manager["manager_agent_id"]
            && agents.SetEquals(there.Strings("agent_ids"));
    }
}
