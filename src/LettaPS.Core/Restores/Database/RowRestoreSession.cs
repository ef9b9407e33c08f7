using System.Globalization;
using System.Text;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.IdMaps;
using LettaPS.Core.Secrets;

namespace LettaPS.Core.Restores.Database;

/// <summary>
/// Writes agents into a database, each in one transaction: what fails or is killed leaves nothing behind. No server is needed. The schema must be that of a
/// release; what is there already is never changed.
/// </summary>
internal sealed class RowRestoreSession : IRestoreSession
{
    /// <summary>Longest wait for a lock: a server that works holds none of the ones wanted for longer than one of its own transactions.</summary>
    internal static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);

    private readonly IAgentRowStore _database;
    private readonly RestoreTarget _target;
    private readonly RestorePlan _plan;
    private readonly RestoreOptions _options;
    private readonly Uri _server;
    private readonly IdMapStore _file;
    private readonly ServerIdMap _ids;
    private readonly Lazy<bool> _held;
    private readonly Dictionary<string, ExistingAgent> _existing = new(StringComparer.Ordinal);
    private readonly List<ExistingGroup> _existingGroups = [];

    /// <summary>Messages that groups refer to: what they became in this run.</summary>
    private readonly Dictionary<string, string> _messages = new(StringComparer.Ordinal);

    private RowRestoreSession(IAgentRowStore database, RestoreTarget target, RestorePlan plan, RestoreOptions options, Uri server)
    {
        (_database, _target, _plan, _options, _server) = (database, target, plan, options, server);
        _file = new IdMapStore(options.IdMapPath ?? Path.Combine(plan.Folder, IdMap.FileName));
        _ids = _file.Map.Of(server);
        _held = new Lazy<bool>(Begin);
    }

    /// <inheritdoc/>
    public string MapPath => _file.Path;

    /// <summary>Prepares to write: reads the catalog and the agents that are there.</summary>
    /// <param name="database">The database. It stays open.</param>
    /// <param name="plan">What to restore.</param>
    /// <param name="options">How.</param>
    /// <param name="server">By which address the map of identifiers knows the database: its server's, where that is known, else its own.</param>
    /// <exception cref="LettaException"><c>SchemaMismatch</c>: the schema is not that of a release. The identifier tells what else is wrong.</exception>
    public static async Task<RowRestoreSession> OpenAsync(IAgentRowStore database, RestorePlan plan, RestoreOptions options, Uri server, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        var target = await RestoreTarget.ReadAsync(database, cancellationToken).ConfigureAwait(false);
        var session = new RowRestoreSession(database, target, plan, options, server);
        var transaction = await database.BeginAsync(target.SearchPath, LockPatience, cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            if (!options.PreserveId && plan.Agents.Exists(a => a.Database is not null) && (await transaction.QueryAsync($"SELECT FROM {target.Name("organizations")} LIMIT 1", cancellationToken).ConfigureAwait(false)).Count == 0)
            {
                throw IdResolver.NoOrganization($"{database.Address} has no organization to restore agents into.", database.Address);
            }

            // Read as text: PostgreSQL's paths into JSON fail on U+0000, which nothing keeps out of metadata.
            foreach (var row in await transaction.QueryAsync(
                $"SELECT id, name, CASE WHEN strpos(metadata_::text, '\"{LettaAgent.RestoreMarker}\"') > 0 THEN metadata_::text END FROM {target.Name("agents")}", cancellationToken).ConfigureAwait(false))
            {
                session._existing[row[0]!] = new ExistingAgent(row[0]!, row[1] ?? string.Empty, RestoreMarker.SourceOf(row[2]));
            }

            var members = await transaction.QueryAsync(
                $"SELECT g.id, g.manager_agent_id, m.agent_id FROM {target.Name("groups")} AS g LEFT JOIN {target.Name("groups_agents")} AS m ON m.group_id = g.id", cancellationToken).ConfigureAwait(false);
            session._existingGroups.AddRange(members.GroupBy(m => (Id: m[0]!, Manager: m[1])).Select(
                g => new ExistingGroup(g.Key.Id, g.Key.Manager, g.Select(m => m[2]).OfType<string>().ToHashSet(StringComparer.Ordinal))));
        }

        return session;
    }

    /// <summary>Whether the database has tools.</summary>
    /// <param name="ids">Their identifiers.</param>
    public async Task<bool> HasToolsAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        var transaction = await _database.BeginAsync(_target.SearchPath, LockPatience, cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            var lacking = await transaction.QueryAsync(
                $"SELECT e.id FROM unnest(string_to_array($1, ',')) AS e (id) WHERE NOT EXISTS (SELECT FROM {_target.Name("tools")} AS t WHERE t.id = e.id) LIMIT 1", cancellationToken, string.Join(',', ids)).ConfigureAwait(false);
            return lacking.Count == 0;
        }
    }

    /// <inheritdoc/>
    public string Describe(PlannedAgent agent)
    {
        ArgumentNullException.ThrowIfNull(agent);
        var where = $"{_database.Address} (Letta {_target.Release})";
        if (agent.Database is not { } part)
        {
            return $"Nothing: {agent.Path} has no rows of a database";
        }

        var rows = string.Create(
            CultureInfo.InvariantCulture,
            $"{part.RowsOf("messages")} messages, {part.RowsOf("archival_passages")} passages, {part.RowsOf("blocks_agents")} blocks, {part.Tables.Sum(t => t.Rows)} rows in all, {(_options.PreserveId ? "with their identifiers" : "with new identifiers")}");
        return FindExisting(agent) is not { } existing ? $"Write to {where}: {rows}" : _options.Conflict switch
        {
            RestoreConflict.Skip => $"Skip: {where} has it as {existing.Id}",
            RestoreConflict.Replace => $"Write to {where}: {rows}, and delete {existing.Id}",
            _ => $"Write to {where} beside {existing.Id}: {rows}",
        };
    }

    /// <inheritdoc/>
    public string? Replaces(PlannedAgent agent)
    {
        ArgumentNullException.ThrowIfNull(agent);
        return _options.Conflict == RestoreConflict.Replace && FindExisting(agent) is { } existing ? $"{existing.Name} ({existing.Id})" : null;
    }

    /// <inheritdoc/>
    public LettaRestoreResult Keep(PlannedAgent agent)
    {
        ArgumentNullException.ThrowIfNull(agent);
        return agent.Kept(FindExisting(agent)?.Id, _server);
    }

    /// <inheritdoc/>
    public async Task<LettaRestoreResult> RestoreAsync(PlannedAgent planned, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(planned);
        var begun = TimeProvider.System.GetTimestamp();
        var existing = FindExisting(planned);
        if (existing is not null && _options.Conflict == RestoreConflict.Skip)
        {
            _ = _held.Value;
            Learn(planned, existing.Id, []);
            return Result(planned, existing.Id, LettaRestoreStatus.Skipped, begun) with { Reason = $"The database has it as '{existing.Id}'.", Warnings = [$"The database has it as {existing.Id}."] };
        }

        if (planned.Database is null)
        {
            throw new LettaException(
                ErrorIds.DatabaseRowsNotFound,
                LettaErrorKind.InvalidInput,
                $"'{planned.Path}' holds no database rows.",
                "Restore it through the server: Restore-LettaAgent <path> -Source Api",
                planned.SourceId);
        }

        _ = _held.Value;
        return await WriteAsync(planned, existing, begun, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<ILookup<string, string>> RestoreGroupsAsync(CancellationToken cancellationToken)
    {
        var failures = new List<(string Agent, string Gap)>();
        var transaction = await _database.BeginAsync(_target.SearchPath, LockPatience, cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            foreach (var group in _plan.Agents.SelectMany(a => a.Groups).DistinctBy(g => g.SourceId))
            {
                var there = await transaction.QueryAsync(
                    $"SELECT id FROM {_target.Name("groups")} WHERE id = $1", cancellationToken, _ids.Groups.GetValueOrDefault(group.SourceId)).ConfigureAwait(false);
                if (there.Count == 0)
                {
                    failures.AddRange(group.Members.Select(m => (m, $"The group {group.SourceId}: not all of its agents are restored.")));
                }
            }
        }

        return failures.ToLookup(f => f.Agent, f => f.Gap);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private bool Begin()
    {
        _file.Hold();
        foreach (var group in _plan.Agents.SelectMany(a => a.Groups))
        {
            if (_options.PreserveId || !_ids.Groups.ContainsKey(group.SourceId))
            {
                _ids.Groups[group.SourceId] = _options.PreserveId ? group.SourceId : FindExisting(group)?.Id ?? $"group-{Guid.NewGuid():D}";
            }
        }

        return true;
    }

    /// <summary>A group has no mark of its own: where the map is lost, it is the one that has the same agents, as far as they are there.</summary>
    private ExistingGroup? FindExisting(PlannedGroup group)
    {
        string? Became(string sourceId) => _plan.Agents.FirstOrDefault(a => a.SourceId == sourceId) is { } agent ? FindExisting(agent)?.Id : null;

        var manager = group.ManagerId is { } id ? Became(id) : null;
        var members = group.AgentIds.Select(Became).OfType<string>().ToList();
        return members.Count == 0 ? null : _existingGroups.Find(g => g.Manager == manager && g.Members.SetEquals(members));
    }

    private ExistingAgent? FindExisting(PlannedAgent planned)
    {
        lock (_file)
        {
            // Where identifiers are to stay, the agent of the same one is in the way, whatever copies there are.
            return (_options.PreserveId ? _existing.GetValueOrDefault(planned.SourceId) : null)
                ?? (_ids.Agents.GetValueOrDefault(planned.SourceId) is { } mapped ? _existing.GetValueOrDefault(mapped) : null)
                ?? _existing.Values.FirstOrDefault(e => e.RestoredFrom == planned.SourceId)
                ?? _existing.GetValueOrDefault(planned.SourceId);
        }
    }

    private async Task<string?> OrganizationAsync(IDatabaseTransaction transaction, string agent, CancellationToken cancellationToken)
    {
        var rows = await transaction.QueryAsync($"SELECT organization_id FROM {_target.Name("agents")} WHERE id = $1", cancellationToken, agent).ConfigureAwait(false);
        return rows.Count == 0 ? null : rows[0][0];
    }

    private async Task<LettaRestoreResult> WriteAsync(PlannedAgent planned, ExistingAgent? existing, long begun, CancellationToken cancellationToken)
    {
        var replaces = _options.Conflict == RestoreConflict.Replace ? existing?.Id : null;
        var preserve = _options.PreserveId && (existing?.Id != planned.SourceId || replaces is not null);
        var newId = preserve ? planned.SourceId : $"agent-{Guid.NewGuid():D}";
        var options = new RowWriteOptions
        {
            SourceId = planned.SourceId,
            NewId = newId,
            Name = existing is not null && _options.Conflict == RestoreConflict.Rename ? FreeName(planned.Name) : null,
            Known = KnownIds(planned.SourceId, newId, preserve),
            IsShared = _plan.IsShared,
            Replaces = replaces,
            FileRelease = planned.Database!.NearestRelease,
        };
        var transaction = await _database.BeginAsync(_target.SearchPath, LockPatience, cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            var staging = new RowStaging(_target, transaction, planned.Path);
            await staging.ReadAsync(planned.Sha256, cancellationToken).ConfigureAwait(false);
            var work = new AgentWriteContext(_target, staging, transaction, options, planned.Path);
            if (replaces is not null)
            {
                await new DatabaseReplacementLoss(work, planned).FindAsync(replaces, cancellationToken).ConfigureAwait(false);
            }

            var organization = replaces is null ? null : await OrganizationAsync(transaction, replaces, cancellationToken).ConfigureAwait(false);

            var writing = new AgentRowWriter(work);
            await writing.WriteAsync(cancellationToken).ConfigureAwait(false);
            var secrets = await writing.SecretsAsync(cancellationToken).ConfigureAwait(false);
            work.Gaps.AddRange(planned.Unrestored);
            work.Gaps.AddRange(SecretGaps(secrets, planned.Database));
            if (_options.PreserveId && !preserve)
            {
                work.Warnings.Add($"It has new identifiers: {planned.SourceId} is taken by the agent that was there.");
            }

            if (replaces is not null && await OrganizationAsync(transaction, newId, cancellationToken).ConfigureAwait(false) is var moved && moved != organization)
            {
                work.Warnings.Add($"It is in the organization '{moved}' of the file. The agent that it replaced was in '{organization}', whose users do not see it there.");
            }

            var result = Result(planned, options.NewId, work.Gaps.Count == 0 ? LettaRestoreStatus.Restored : LettaRestoreStatus.RestoredWithGaps, begun) with
            {
                MessageCount = await writing.CountAsync("messages", cancellationToken).ConfigureAwait(false),
                InContextMessageCount = await writing.CountInContextAsync(cancellationToken).ConfigureAwait(false),
                PassageCount = await writing.CountAsync("archival_passages", cancellationToken).ConfigureAwait(false),
                BlockCount = await writing.CountAsync("blocks_agents", cancellationToken).ConfigureAwait(false),
                ToolCount = await writing.CountAsync("tools_agents", cancellationToken).ConfigureAwait(false),
            };
            if (replaces is not null && work.Gaps.Count > 0)
            {
                // The transaction ends without its commit: an agent does not give way to one that lacks something.
                return Result(planned, replaces, LettaRestoreStatus.Skipped, begun) with
                {
                    Missing = work.Gaps,
                    Reason = $"'{existing!.Name}' was kept: the new agent would have gaps.",
                    Warnings = [.. work.Warnings, $"'{existing.Name}' was not replaced: the new agent would have gaps ({work.Gaps.Count}), and {replaces} was kept. -Conflict Rename keeps both."],
                };
            }

            if (replaces is not null)
            {
                work.Warnings.Add($"The old agent {replaces} was deleted.");
            }

            cancellationToken.ThrowIfCancellationRequested();

            // Before the commit: an entry for something that did not come is passed over later, a lost one would make a shared thing come twice.
            Learn(planned, options.NewId, writing.Shared);
            await transaction.CommitAsync().ConfigureAwait(false);
            lock (_file)
            {
                if (replaces is not null)
                {
                    _existing.Remove(replaces);
                }

                if (replaces is not null && replaces != options.NewId)
                {
                    _ids.Replace(replaces, options.NewId);
                    _file.Save();
                }

                _existing[options.NewId] = new ExistingAgent(options.NewId, options.Name ?? planned.Name, planned.SourceId);
            }

            result = result with
            {
                AgentName = options.Name ?? planned.Name,
                Reason = options.Name is null ? null : $"The database has an agent '{planned.Name}'.",
                Missing = work.Gaps,
                Warnings = work.Warnings,
                Duration = TimeProvider.System.GetElapsedTime(begun),
            };
            return replaces is null ? result : result.Replacing(existing!.Name, replaces);
        }
    }

    private Dictionary<string, string> KnownIds(string sourceId, string newId, bool preserve)
    {
        lock (_file)
        {
            var known = new Dictionary<string, string>(StringComparer.Ordinal);
            if (preserve)
            {
                foreach (var id in _plan.Agents.Select(a => a.SourceId).Concat(_ids.Groups.Where(g => g.Key == g.Value).Select(g => g.Key)).Concat(_ids.Agents.Where(a => a.Key == a.Value).Select(a => a.Key)))
                {
                    known.TryAdd(id, id);
                }
            }
            else
            {
                foreach (var (id, became) in ((IEnumerable<IDictionary<string, string>>)[_ids.Agents, _ids.Blocks, _ids.Sources, _ids.Archives, _ids.Groups, _messages]).SelectMany(m => m))
                {
                    known.TryAdd(id, became);
                }
            }

            known[sourceId] = newId;
            return known;
        }
    }

    private string FreeName(string name)
    {
        lock (_file)
        {
            var names = _existing.Values.Select(e => e.Name).ToHashSet(StringComparer.Ordinal);
            return Enumerable.Range(2, int.MaxValue - 2).Select(i => string.Create(CultureInfo.InvariantCulture, $"{name} ({i})")).First(n => !names.Contains(n));
        }
    }

    private void Learn(PlannedAgent planned, string newId, IEnumerable<(string Table, string Source, string Id)> shared)
    {
        lock (_file)
        {
            _ids.Agents[planned.SourceId] = newId;
            foreach (var (table, source, id) in shared.Where(s => s.Table == "messages" || _plan.IsShared(s.Source)))
            {
                IDictionary<string, string>? map = table switch
                {
                    "block" => _ids.Blocks,
                    "sources" => _ids.Sources,
                    "archives" => _ids.Archives,
                    "messages" => _messages,
                    _ => null,
                };
                map?.TryAdd(source, id);
            }

            _file.Save();
        }
    }

    /// <summary>What was encrypted with one key cannot be read with another.</summary>
    private IEnumerable<string> SecretGaps(IReadOnlyList<(string Table, string Secret)> secrets, DatabaseSection part)
    {
        var key = _options.EncryptionKey;
        if (key is not null && part.EncryptionKeyFingerprint == SecretCipher.Fingerprint(key))
        {
            yield break;
        }

        foreach (var table in secrets.Where(s => SecretCipher.LooksEncrypted(Encoding.UTF8.GetBytes(s.Secret)) && (key is null || !SecretCipher.Opens(s.Secret, key))).GroupBy(s => s.Table, StringComparer.Ordinal))
        {
            yield return key is null
                ? $"{table.Count()} secrets of {table.Key} are encrypted, and nothing tells with which key the target's server opens them; it needs the one of the file."
                : $"{table.Count()} secrets of {table.Key} are encrypted with another key than the target's: its server cannot open them.";
        }
    }

    private LettaRestoreResult Result(PlannedAgent planned, string? newId, LettaRestoreStatus status, long begun) => planned.Result(newId, status, _server, begun);

    private sealed record ExistingAgent(string Id, string Name, string? RestoredFrom);

    private sealed record ExistingGroup(string Id, string? Manager, IReadOnlySet<string> Members);
}
