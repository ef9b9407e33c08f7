using LettaPS.Core.AgentFiles.Reading;
using LettaPS.Core.IdMaps;
using LettaPS.Core.Json;
using LettaPS.Core.Sources;

namespace LettaPS.Core.Restores.Api;

/// <summary>
/// Restores agents onto one server: each is imported under a name that the server takes, gets what imports forget, is compared with its file, and only then counts as
/// restored. What fails leaves nothing behind. This class is the order of the steps; docs/developing/restore-session.md explains them and their locks.
/// </summary>
internal sealed class ApiRestoreSession : IRestoreSession
{
    private readonly ApiRestoreContext _context;
    private readonly RestorePlan _plan;
    private readonly ModelMapper _models;
    private readonly ExistingAgents _existing;
    private readonly FailedImportCleanup _cleanup;
    private readonly ImportThrottle _throttle;
    private readonly IdentityRestore _identities;
    private readonly PassageRestore _passages;
    private readonly AgentImporter _importer;
    private readonly AgentPatcher _patcher;
    private readonly RestoreRollback _rollback;
    private readonly AgentReplacer _replacer;
    private readonly GroupRestore _groups;
    private readonly Lazy<Task> _begun;

    private ApiRestoreSession(ApiRestoreContext context, RestorePlan plan, ModelMapper models, ExistingAgents existing, int throttle, CancellationToken cancellationToken)
    {
        var (server, journal) = (context.Server, context.Journal);
        (_context, _plan, _models, _existing) = (context, plan, models, existing);
        var shared = new SharedResources(server, plan.IsShared, journal.Map);
        _cleanup = new FailedImportCleanup(server);
        var creator = new ResourceCreator(server, _cleanup);
        _throttle = new ImportThrottle(throttle);
        _identities = new IdentityRestore(server);
        _passages = new PassageRestore(server, shared, journal.AddUnfinished);
        _importer = new AgentImporter(context, models, shared, _identities, creator, _throttle);
        _patcher = new AgentPatcher(context, _cleanup);
        _rollback = new RestoreRollback(context, existing, _cleanup, shared, _identities, _throttle);
        _replacer = new AgentReplacer(context, existing, _cleanup, _rollback);
        _groups = new GroupRestore(context, creator);
        _begun = new Lazy<Task>(() => BeginAsync(cancellationToken));
    }

    /// <inheritdoc/>
    public string MapPath => _context.Journal.Path;

    /// <inheritdoc cref="ExistingAgents.Invalid"/>
    public IReadOnlyList<LettaException> Invalid => _existing.Invalid;

    /// <summary>Prepares to restore: asks the server for its release, its models and the agents that it has.</summary>
    /// <param name="server">The server. It stays open.</param>
    /// <param name="plan">What to restore.</param>
    /// <param name="options">How.</param>
    /// <param name="workFolder">The folder for files until they are imported.</param>
    /// <param name="throttle">How many agents may be imported in parallel.</param>
    public static async Task<ApiRestoreSession> OpenAsync(ILettaServer server, RestorePlan plan, RestoreOptions options, string workFolder, int throttle, CancellationToken cancellationToken)
    {
        var journal = new RestoreJournal(options.IdMapPath ?? Path.Combine(plan.Folder, IdMap.FileName), server.Connection.BaseUri);
        var release = server.GetReleaseAsync(cancellationToken);
        var models = Task.WhenAll(server.ListModelsAsync(embedding: false, cancellationToken), server.ListModelsAsync(embedding: true, cancellationToken));
        var existing = ExistingAgents.ReadAsync(server, cancellationToken);
        await Task.WhenAll(release, models, existing).ConfigureAwait(false);
        var context = new ApiRestoreContext(server, release.Result, options, workFolder, journal);
        return new ApiRestoreSession(context, plan, new ModelMapper(models.Result[0], models.Result[1], options), existing.Result, throttle, cancellationToken);
    }

    /// <inheritdoc/>
    public string Describe(PlannedAgent agent)
    {
        var restore = $"Restore to {_context.Address} ({_context.Target})";
        var action = FindExisting(agent) is not { } existing ? restore : _context.Options.Conflict switch
        {
            RestoreConflict.Skip => $"Skip: {_context.Address} has it as {existing.Id}",
            RestoreConflict.Replace => $"{restore} and delete {existing.Id}",
            _ => $"{restore} beside {existing.Id}",
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
        _context.Options is { Conflict: RestoreConflict.Replace, PassagesOnly: false } && FindExisting(agent) is { } existing ? $"{existing.Name} ({existing.Id})" : null;

    /// <inheritdoc/>
    public LettaRestoreResult Keep(PlannedAgent agent) => agent.Kept(FindExisting(agent)?.Id, _context.Address);

    /// <inheritdoc/>
    public async Task<LettaRestoreResult> RestoreAsync(PlannedAgent planned, CancellationToken cancellationToken)
    {
        var begun = TimeProvider.System.GetTimestamp();
        var existing = FindExisting(planned);
        if (_context.Options.PassagesOnly)
        {
            return await AddPassagesAsync(planned, existing, begun, cancellationToken).ConfigureAwait(false);
        }

        var removed = await RemoveUnfinishedAsync(planned, cancellationToken).ConfigureAwait(false);
        if (existing is not null && _context.Options.Conflict == RestoreConflict.Skip)
        {
            return await SkipAsync(planned, existing, removed, begun).ConfigureAwait(false);
        }

        using var document = await AgentFileReader.ReadAsync(planned.Path, _context.WorkFolder, outline: false, cancellationToken).ConfigureAwait(false);
        var agent = document.Agents.FirstOrDefault(a => a.FileId == planned.FileId && a.SourceId == planned.SourceId) ?? throw AgentFileReader.Changed(planned.Path);
        var work = new AgentRestoreState(document, agent, planned, begun);
        work.Warnings.AddRange(removed);
        if (existing is not null && _context.Options.Conflict == RestoreConflict.Rename)
        {
            agent.Fields["name"] = JsonValues.ToElement(_existing.TakeFreeName(agent.Name));
        }

        await _begun.Value.ConfigureAwait(false);
        var old = _context.Options.Conflict == RestoreConflict.Replace ? existing : null;
        if (old is not null && await _replacer.CheckAsync(work, old, cancellationToken).ConfigureAwait(false) is { } kept)
        {
            return kept;
        }

        await RestoreNewAsync(work, mayHaveGaps: old is null, cancellationToken).ConfigureAwait(false);
        if (old is not null)
        {
            return await _replacer.ReplaceAsync(work, old, cancellationToken).ConfigureAwait(false);
        }

        var result = work.Result(_context.Address);
        return result with { Reason = result.AgentName == planned.Name ? null : $"The server has an agent '{planned.Name}'." };
    }

    /// <inheritdoc/>
    public Task<ILookup<string, string>> RestoreGroupsAsync(CancellationToken cancellationToken) =>
        _groups.RestoreAsync(_plan.Agents.SelectMany(a => a.Groups).DistinctBy(g => g.SourceId), cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _context.Journal.Dispose();
        _throttle.Dispose();
        _identities.Dispose();
        _passages.Dispose();
    }

    /// <summary>The agent on the server that was restored from this one before, or is this one.</summary>
    private LettaAgent? FindExisting(PlannedAgent planned) => _existing.Find(planned, _context.Journal.FindAgent(planned.SourceId));

    /// <summary>Keeps other runs out and records what is on the server, before anything is changed.</summary>
    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        _context.Journal.Begin();
        await _cleanup.NoteAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<string>> RemoveUnfinishedAsync(PlannedAgent planned, CancellationToken cancellationToken)
    {
        if (!_rollback.HasUnfinished(planned))
        {
            return [];
        }

        await _begun.Value.ConfigureAwait(false);
        return await _rollback.RemoveUnfinishedAsync(planned, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Leaves an agent as it is. The map learns of one that it does not know.</summary>
    private async Task<LettaRestoreResult> SkipAsync(PlannedAgent planned, LettaAgent existing, IReadOnlyList<string> removed, long begun)
    {
        if (_context.Journal.FindAgent(planned.SourceId) != existing.Id)
        {
            await _begun.Value.ConfigureAwait(false);
            _context.Journal.SetRestored(planned.SourceId, existing.Id);
        }

        return planned.Result(existing.Id, LettaRestoreStatus.Skipped, _context.Address, begun) with
        {
            Reason = $"The server has it as '{existing.Id}'.",
            Warnings = [.. removed, $"The server has it as {existing.Id}."],
        };
    }

    /// <summary>Imports and completes a new agent. The map gets one only if it may stay.</summary>
    private async Task RestoreNewAsync(AgentRestoreState work, bool mayHaveGaps, CancellationToken cancellationToken)
    {
        try
        {
            await _importer.ImportAsync(work, cancellationToken).ConfigureAwait(false);
            if (!_context.Options.NoArchive)
            {
                await _passages.RestoreAsync(work, _context.Target, _context.Journal.Ids.Archives, cancellationToken).ConfigureAwait(false);
            }

            await _patcher.CompleteAsync(work, cancellationToken).ConfigureAwait(false);
            if (mayHaveGaps || work.Gaps.Count == 0)
            {
                _context.Journal.SetRestored(work.Planned.SourceId, work.NewId!);
            }
        }
        catch (Exception e) when (work.MayBeOnServer)
        {
            var left = await _rollback.RollBackAsync(work).ConfigureAwait(false);
            if (left is null || e is not LettaException letta)
            {
                throw;
            }

            throw new LettaException(letta.ErrorId, letta.Kind, $"{letta.Message} {left}", letta.RecommendedAction, letta.Target, letta);
        }
    }

    private async Task<LettaRestoreResult> AddPassagesAsync(PlannedAgent planned, LettaAgent? existing, long begun, CancellationToken cancellationToken)
    {
        if (existing is null)
        {
            throw new LettaException(
                ErrorIds.RestoredAgentNotFound, LettaErrorKind.NotFound, $"'{planned.Name}' was not restored to '{_context.Address}' before.", "Restore the agent without -PassagesOnly: Restore-LettaAgent <path>", planned.SourceId);
        }

        var (server, target, folder) = (_context.Server, _context.Target, _context.WorkFolder);
        using var document = await AgentFileReader.ReadAsync(planned.Path, folder, outline: false, cancellationToken).ConfigureAwait(false);
        using var before = await server.ReadAsync(existing.Id, new SnapshotOptions(folder, IncludeHistory: false, IncludeExport: false), cancellationToken).ConfigureAwait(false);
        var work = new AgentRestoreState(document, document.Agents.First(a => a.FileId == planned.FileId), planned, begun) { NewId = existing.Id };
        await _passages.AddMissingAsync(work, before, target, cancellationToken).ConfigureAwait(false);
        using var after = await server.ReadAsync(existing.Id, new SnapshotOptions(folder, IncludeExport: false), cancellationToken).ConfigureAwait(false);
        work.VerifyPassages(after, target);
        return work.Result(_context.Address);
    }
}
