using System.Collections;
using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.IO;
using LettaPS.Core.Json;
using LettaPS.Core.Restores;
using LettaPS.Core.Restores.Api;
using LettaPS.Core.Restores.Database;
using LettaPS.Core.Sources;
using LettaPS.Parameters;
using LettaPS.Paths;

namespace LettaPS.Cmdlets;

/// <summary>
/// Brings agents back onto a Letta server, or straight into its database, from files of any form: sets of <c>Export-LettaAgent</c>, AgentFile v2 of any origin, legacy files of 0.11 and raw
/// agent states. Every agent is compared with its file; what is not there is in the result. What fails leaves nothing behind.
/// </summary>
[Cmdlet(VerbsData.Restore, "LettaAgent", DefaultParameterSetName = ByPath, SupportsShouldProcess = true)]
[OutputType(typeof(LettaRestoreResult))]
public sealed class RestoreLettaAgentCommand : AgentSourceCmdlet
{
    private const string ByPath = "Path";
    private const string ByLiteralPath = "LiteralPath";

    /// <summary>Agents under way for each import that may run: of a server's time, an import takes about a third of a restore (letta-facts.md, recordings).</summary>
    private const int AgentsPerImport = 3;

    private static readonly string[] s_ofServer = [nameof(ModelMap), nameof(EmbeddingMap), nameof(NoArchive), nameof(NoTool), nameof(OverwriteTool), nameof(PassagesOnly)];

    private readonly List<string> _paths = [];
    private ProgressBar _progress = null!;
    private readonly AnswersForAll _replacements = new();

    /// <summary>Sets, folders of sets, folders with <c>.af</c> or <c>.json</c> files, or single files; with wildcards. Of several sets, each agent's newest.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByPath, ValueFromPipeline = true)]
    [PathInput]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BackupPatternCompleter))]
    public string[]? Path { get; set; }

    /// <summary>The same, with wildcard characters taken literally.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByLiteralPath, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[]? LiteralPath { get; set; }

    /// <summary>Only agents with these names; with wildcards.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Name { get; set; }

    /// <summary>What to do with an agent that was restored before, or that still is on the server: <c>Skip</c> (the default), <c>Rename</c>, <c>Replace</c> or
    /// <c>Duplicate</c>.</summary>
    [Parameter]
    public RestoreConflict Conflict { get; set; }

    /// <summary>By which model of the server a model is replaced: a hashtable of handles, or a script block that gets the handle as <c>$_</c>.</summary>
    [Parameter]
    [ValidateNotNull]
    public object? ModelMap { get; set; }

    /// <summary>The same for embedding models.</summary>
    [Parameter]
    [ValidateNotNull]
    public object? EmbeddingMap { get; set; }

    /// <summary>Leave the archival passages out.</summary>
    [Parameter]
    public SwitchParameter NoArchive { get; set; }

    /// <summary>Leave custom tools out.</summary>
    [Parameter]
    public SwitchParameter NoTool { get; set; }

    /// <summary>Let tools of the files take the place of the server's tools of the same name, for all of its agents. Without it the server's are kept.</summary>
    [Parameter]
    public SwitchParameter OverwriteTool { get; set; }

    /// <summary>Only add archival passages that are missing to agents that were restored before.</summary>
    [Parameter]
    public SwitchParameter PassagesOnly { get; set; }

    /// <summary>Where the map of old and new identifiers is kept; without it, <c>id-map.json</c> beside the backup.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? IdMapPath { get; set; }

    /// <summary>Keep the identifiers of agents, blocks, messages, passages and all else, so that what is pinned to them stays valid. Only a database takes them.</summary>
    [Parameter]
    public SwitchParameter PreserveId { get; set; }

    /// <summary>How many imports run at once, 1 to 16. Up to three times as many agents are under way: the others are read and compared meanwhile.</summary>
    [Parameter]
    [ValidateRange(1, 16)]
    public int ThrottleLimit { get; set; } = 2;

    /// <summary>Do not ask whether <c>-Conflict Replace</c> may delete old agents.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        _progress = NewProgress("Restoring Letta agents", "agents");
        foreach (var map in (object?[])[ModelMap, EmbeddingMap])
        {
            if (Unwrap(map) is not (null or IDictionary or ScriptBlock))
            {
                ThrowTerminatingError(new LettaException(ErrorIds.InvalidModelMap, LettaErrorKind.InvalidInput, "A model map is a hashtable or a script block.", "Give a hashtable: -ModelMap @{ 'openai/gpt-4' = 'openai/gpt-4o' }", map).ToErrorRecord());
            }
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var given in LiteralPath ?? Path!)
        {
            try
            {
                _paths.AddRange(FilePaths.Matching(this, given, LiteralPath is not null));
            }
            catch (LettaException e)
            {
                WriteError(e.ToErrorRecord(given));
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_paths.Count == 0)
        {
            return;
        }

        if (Connections is not [var connection])
        {
            ThrowTerminatingError(new LettaException(ErrorIds.ConnectionAmbiguous, LettaErrorKind.InvalidInput, "LettaPS restores agents to one server at a time.", "Run the command once per server: Restore-LettaAgent <path> -Connection $connection").ToErrorRecord());
            return;
        }

        RefuseWhatDoesNotGoTogether();
        var mapPath = IdMapPath is null ? null : FilePaths.Resolve(this, IdMapPath);
        RunToEnd(_progress, cancellationToken => RestoreAsync(connection, mapPath, cancellationToken));
    }

    private bool NeedsDatabase => Source == LettaAgentSource.Database || (Source == LettaAgentSource.Auto && PreserveId);

    /// <summary>The first parameter given that only an import through a server can heed.</summary>
    private string? OfServer => s_ofServer.FirstOrDefault(MyInvocation.BoundParameters.ContainsKey);

    private protected override string ApiWarning(string reason) =>
        $"The agents are imported through the API: {reason} What the API does not take will be missing; -Source Database insists on the database.";

    private void RefuseWhatDoesNotGoTogether()
    {
        var problem = PreserveId && Source == LettaAgentSource.Api ? "A server gives identifiers of its own: -PreserveId needs a database."
            : NeedsDatabase && OfServer is { } other ? $"Rows are written as they are: -{other} is for servers."
            : null;
        if (problem is not null)
        {
            ThrowTerminatingError(new LettaException(ErrorIds.ParameterConflict, LettaErrorKind.InvalidInput, problem, "Leave out one of the two parameters.").ToErrorRecord());
        }
    }

    private static object? Unwrap(object? map) => map is PSObject wrapped ? wrapped.BaseObject : map;

    private async Task RestoreAsync(LettaConnection connection, string? mapPath, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("lettaps-");
        try
        {
            using var plan = await RestorePlan.ReadAsync(_paths, folder.FullName, cancellationToken).ConfigureAwait(false);
            foreach (var warning in plan.Warnings)
            {
                await WriteWarningAsync(warning).ConfigureAwait(false);
            }

            foreach (var failure in plan.Failures)
            {
                await WriteErrorAsync(failure).ConfigureAwait(false);
            }

            if (Name is not null)
            {
                foreach (var name in Name.NotAmong(plan.Agents.Select(a => a.Name)))
                {
                    await WriteErrorAsync(new LettaException(ErrorIds.AgentNotFound, LettaErrorKind.NotFound, $"No agent in the files is named '{name}'.", "List the agents of the files: Get-LettaBackup <path> | Select-Object -ExpandProperty Files", name)).ConfigureAwait(false);
                }

                plan.Agents.RemoveAll(a => !Name.IsMatchedBy(a.Name));
            }

            if (plan.Agents.Count == 0)
            {
                return;
            }

            var database = NeedsDatabase ? await FindDatabaseAsync(connection, cancellationToken).ConfigureAwait(false) : await FindForAutoAsync(connection, plan, cancellationToken).ConfigureAwait(false);
            if (database is null || !await RestoreToDatabaseAsync(connection, database, plan, mapPath, cancellationToken).ConfigureAwait(false))
            {
                await RestoreToServerAsync(connection, plan, mapPath, folder.FullName, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task RestoreToServerAsync(LettaConnection connection, RestorePlan plan, string? mapPath, string workFolder, CancellationToken cancellationToken)
    {
        using var server = AdapterLoadContext.Factory.OpenServer(connection, _progress.AddBytes, retrying: WriteRetryAsync);
        var options = new RestoreOptions
        {
            Conflict = Conflict,
            ModelMap = await MapAsync(ModelMap, plan.Agents.Select(a => a.ModelHandle)).ConfigureAwait(false),
            EmbeddingMap = await MapAsync(EmbeddingMap, plan.Agents.Select(a => a.EmbeddingHandle)).ConfigureAwait(false),
            NoArchive = NoArchive,
            NoTool = NoTool,
            OverwriteTool = OverwriteTool,
            PassagesOnly = PassagesOnly,
            IdMapPath = mapPath,
        };
        using var session = await ApiRestoreSession.OpenAsync(server, plan, options, workFolder, ThrottleLimit, cancellationToken).ConfigureAwait(false);
        foreach (var invalid in session.Invalid)
        {
            await WriteWarningAsync($"{invalid.Message} It is passed over.").ConfigureAwait(false);
        }

        // The session holds imports to the limit; others are read from their files and compared with the server meanwhile.
        await RunAsync(session, plan, server.Connection.BaseUri, ThrottleLimit * AgentsPerImport, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The server's database, where something names it, nothing speaks against it and the files have rows for it. By SQL, more of an agent comes back.</summary>
    /// <returns><see langword="null"/> where the agents are to be imported.</returns>
    private async Task<ServerDatabase?> FindForAutoAsync(LettaConnection connection, RestorePlan plan, CancellationToken cancellationToken)
    {
        if (Source == LettaAgentSource.Api || OfServer is not null || plan.Agents.TrueForAll(a => a.Database is null))
        {
            return null;
        }

        if (await OpenForAutoAsync(connection, cancellationToken).ConfigureAwait(false) is not { } found)
        {
            return null;
        }

        found.Source.Dispose();
        if (plan.Agents.Find(a => a.Database is null) is { } without)
        {
            await WarnOfApiAsync($"the file of {without.Name} has no rows of a database.").ConfigureAwait(false);
            return null;
        }

        return found.Database;
    }

    /// <summary>Writes the rows of the files.</summary>
    /// <returns>Whether the database takes them; where it need not be it, the user was told why not.</returns>
    private async Task<bool> RestoreToDatabaseAsync(LettaConnection connection, ServerDatabase found, RestorePlan plan, string? mapPath, CancellationToken cancellationToken)
    {
        await WriteVerboseAsync($"Database: {found.Address}").ConfigureAwait(false);
        var options = new RestoreOptions
        {
            Conflict = Conflict,
            PreserveId = PreserveId,
            EncryptionKey = found.EncryptionKey,
            IdMapPath = mapPath,
        };

        // What -DatabaseUri names need not be the database of the connection's server.
        var server = DatabaseUri is null ? connection.BaseUri : new Uri(found.Address.ToString());
        var database = AdapterLoadContext.Factory.OpenAgentRowStore(found.Address);
        await using (database.ConfigureAwait(false))
        {
            RowRestoreSession session;
            try
            {
                session = await RowRestoreSession.OpenAsync(database, plan, options, server, cancellationToken).ConfigureAwait(false);
            }
            catch (LettaException e) when (!NeedsDatabase)
            {
                await WarnOfApiAsync($"{e.Message} {e.RecommendedAction}").ConfigureAwait(false);
                return false;
            }

            using (session)
            {
                if (!NeedsDatabase && !await IsOwnAsync(connection, session, cancellationToken).ConfigureAwait(false))
                {
                    await WarnOfApiAsync($"the database does not have the tools of {connection.BaseUri}, and so is another server's.").ConfigureAwait(false);
                    return false;
                }

                await RunAsync(session, plan, server, ThrottleLimit, cancellationToken).ConfigureAwait(false);
                return true;
            }
        }
    }

    /// <summary>Whether a database has the tools of a server: every server has some, even one that has no agents yet.</summary>
    private async Task<bool> IsOwnAsync(LettaConnection connection, RowRestoreSession session, CancellationToken cancellationToken)
    {
        var tools = connection.HasApi ? await AskServerAsync(connection, server => server.ListResourcesAsync(ResourceKind.Tool, cancellationToken), cancellationToken).ConfigureAwait(false) : null;
        return tools is null || (tools.Count > 0 && await session.HasToolsAsync([.. tools.Select(t => t.StringOrNull("id")).OfType<string>()], cancellationToken).ConfigureAwait(false));
    }

    private async Task RunAsync(IRestoreSession session, RestorePlan plan, Uri server, int atOnce, CancellationToken cancellationToken)
    {
        // All is asked before anything is done: where nobody can be asked, nothing has been.
        var (agreed, kept) = (new List<PlannedAgent>(), new List<LettaRestoreResult>());
        foreach (var agent in plan.Agents)
        {
            if (!await ShouldProcessAsync(agent.ToString(), session.Describe(agent)).ConfigureAwait(false))
            {
                continue;
            }

            if (session.Replaces(agent) is not { } old || await ConfirmReplaceAsync(old).ConfigureAwait(false))
            {
                agreed.Add(agent);
            }
            else
            {
                kept.Add(session.Keep(agent));
            }
        }

        foreach (var result in kept)
        {
            await WriteObjectAsync(result).ConfigureAwait(false);
        }

        if (agreed.Count == 0)
        {
            return;
        }

        _progress.Total = agreed.Count;
        var (counts, withheld) = (new int[5], new List<LettaRestoreResult>());

        var underWay = new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(agreed, underWay, async (agent, token) =>
        {
            var result = await RestoreAsync(session, agent, server, token).ConfigureAwait(false);
            _progress.AddDone();
            if (agent.Groups.Count > 0)
            {
                // What becomes of its groups is known when all agents are there.
                lock (withheld)
                {
                    withheld.Add(result);
                }

                return;
            }

            Interlocked.Increment(ref counts[(int)result.Status]);
            await WriteObjectAsync(result).ConfigureAwait(false);
        }).ConfigureAwait(false);
        if (withheld.Count > 0)
        {
            var gaps = PassagesOnly ? Array.Empty<(string, string)>().ToLookup(g => g.Item1, g => g.Item2) : await session.RestoreGroupsAsync(cancellationToken).ConfigureAwait(false);
            foreach (var result in withheld.Select(r => r.WithGaps(gaps[r.SourceAgentId])))
            {
                counts[(int)result.Status]++;
                await WriteObjectAsync(result).ConfigureAwait(false);
            }
        }

        await WriteVerboseAsync($"Of {agreed.Count} agents {counts[0] + counts[4]} are restored, {counts[1]} with gaps, {counts[2]} were there already, {counts[3]} failed. The map of identifiers is {session.MapPath}.").ConfigureAwait(false);
    }

    private async Task<LettaRestoreResult> RestoreAsync(IRestoreSession session, PlannedAgent agent, Uri server, CancellationToken cancellationToken)
    {
        var begun = TimeProvider.System.GetTimestamp();
        LettaRestoreResult result;
        try
        {
            result = await session.RestoreAsync(agent, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not LettaException { ErrorId: ErrorIds.IdMapWriteFailed or ErrorIds.IdMapInUse } && !ItemBoundary.EndsRun(e))
        {
            var failure = ItemBoundary.Error(e, $"The agent '{agent.Name}' ({agent.SourceId}) cannot be restored", agent.SourceId);
            await WriteErrorAsync(failure, agent.SourceId).ConfigureAwait(false);
            return agent.Result(null, LettaRestoreStatus.Failed, server, begun) with { Reason = failure.Message, Missing = [failure.Message] };
        }

        if (result is { Status: LettaRestoreStatus.Skipped, Missing.Count: > 0 })
        {
            await WriteWarningAsync(result.Warnings[^1]).ConfigureAwait(false);
        }

        return result;
    }

    private Task<bool> ConfirmReplaceAsync(string old) =>
        ShouldContinueAsync($"Delete {old} when the new agent is restored and verified?", "Restore-LettaAgent -Conflict Replace", _replacements);

    /// <summary>Asks a map for every model of the files, on the pipeline thread, where script blocks run.</summary>
    private async Task<Func<string, string?>?> MapAsync(object? map, IEnumerable<string?> handles)
    {
        if (map is null)
        {
            return null;
        }

        var answers = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var handle in handles.OfType<string>().Distinct())
        {
            answers[handle] = await AskAsync(() => Unwrap(map) is ScriptBlock script
                ? script.InvokeWithContext(null, [new PSVariable("_", handle)], handle).LastOrDefault()?.ToString()
                : ((IDictionary)Unwrap(map)!)[handle]?.ToString()).ConfigureAwait(false);
        }

        return answers.GetValueOrDefault;
    }
}
