using System.Collections.Concurrent;
using System.Management.Automation;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.Backups;
using LettaPS.Core.Connections;
using LettaPS.Core.IO;
using LettaPS.Core.Sources;
using LettaPS.Parameters;
using LettaPS.Paths;

namespace LettaPS.Cmdlets;

/// <summary>
/// Backs agents up whole, one file an agent, into a backup set: every message, block, tool, rule, tag, passage, file, identity and conversation. Without
/// pipeline input and <c>-Id</c>, every agent of the server. What could not be had is in the result, never left out in silence.
/// </summary>
[Cmdlet(VerbsData.Export, "LettaAgent", DefaultParameterSetName = ByInputObject, SupportsShouldProcess = true)]
[OutputType(typeof(LettaAgentBackup))]
public sealed class ExportLettaAgentCommand : AgentSourceCmdlet
{
    private const string ByInputObject = "InputObject";
    private const string ById = "Id";
    private const string ByServer = "Server";

    private readonly List<Session> _sessions = [];
    private readonly Dictionary<Uri, LettaException> _unusable = [];
    private readonly ConcurrentQueue<string> _warnings = new();
    private Channel<Order> _orders = null!;
    private ProgressBar _progress = null!;
    private string _folder = null!;
    private List<string> _leftOut = [];

    /// <summary>The folder that the set goes into, as <c>letta-backup-</c> and the time; or the folder of a set, with <c>-Resume</c> or <c>-Force</c>.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = null!;

    /// <summary>Agents, as <c>Get-LettaAgent</c> gives them.</summary>
    [Parameter(ValueFromPipeline = true, ParameterSetName = ByInputObject)]
    [ValidateNotNullOrEmpty]
    public LettaAgent[]? InputObject { get; set; }

    /// <summary>Identifiers of agents: <c>agent-</c> and a UUID.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = ById)]
    [TextInput]
    [Alias("AgentId")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(AgentIdCompleter))]
    public string[]? Id { get; set; }

    /// <summary>Servers in containers, as <c>Get-LettaServer</c> gives them. <c>LETTA_API_KEY</c> is sent only to the one that <c>LETTA_BASE_URL</c> names.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByServer)]
    [ServerInput]
    [ValidateNotNullOrEmpty]
    public LettaServerInfo[]? Server { get; set; }

    /// <summary>
    /// How many agents are worked on at once, 1 to 64. Of each, up to four requests are under way; exports themselves are never asked for side by side, and a
    /// database is read by one connection.
    /// </summary>
    [Parameter]
    [ValidateRange(1, 64)]
    public int ThrottleLimit { get; set; } = 4;

    /// <summary>Also the values of environment variables, in clear. The files can be read by their owner only, as always.</summary>
    [Parameter]
    public SwitchParameter IncludeSecret { get; set; }

    /// <summary>Leave out the messages that are no longer in context.</summary>
    [Parameter]
    public SwitchParameter NoHistory { get; set; }

    /// <summary>Leave out the archival passages.</summary>
    [Parameter]
    public SwitchParameter NoArchive { get; set; }

    /// <summary>Replace the set that is at the path. The old one is kept aside until the new one is complete.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Complete the set at the path, or the last unfinished one in it: files that are whole and of an unchanged agent are kept.</summary>
    [Parameter]
    public SwitchParameter Resume { get; set; }

    /// <inheritdoc/>
    private protected override LettaServerInfo[]? Containers => Server;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        _folder = ResolvePath();
        RefuseWhatDoesNotGoTogether();
        _leftOut = [.. LeftOut()];
        _orders = Channel.CreateBounded<Order>(ThrottleLimit);
        _progress = NewProgress("Backing up Letta agents", "agents");
        if (IncludeSecret)
        {
            WriteWarning("The backup will hold the values of environment variables in clear.");
        }

        StartWork(cancellationToken => ShowAsync(_progress, () => ExportAsync(cancellationToken), cancellationToken));
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (InputObject is not null)
        {
            foreach (var agent in InputObject)
            {
                Place(new Order(agent.Connection, agent.Id, agent));
            }

            return;
        }

        foreach (var connection in Servers)
        {
            foreach (var id in Id ?? [null!])
            {
                Place(new Order(connection, id, null));
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        _orders.Writer.TryComplete();
        FinishWork();
    }

    private string ResolvePath()
    {
        try
        {
            var folder = FilePaths.Resolve(this, Path);
            return File.Exists(folder)
                ? throw new LettaException(ErrorIds.InvalidFolderPath, LettaErrorKind.InvalidInput, $"'{folder}' is a file, and a backup set needs a folder.", "Give the path of a folder: Export-LettaAgent -Path <folder>", folder)
                : folder;
        }
        catch (LettaException e)
        {
            ThrowTerminatingError(e.ToErrorRecord());
            throw;
        }
    }

    private void RefuseWhatDoesNotGoTogether()
    {
        var problem = Force && Resume ? "-Force replaces a set, and -Resume completes it."
            : (Force || Resume) && Connection is [var first, .. var others] && others.Any(c => !ServerAddress.IsSame(c.BaseUri, first.BaseUri)) && BackupFolder.IsSet(_folder)
                ? $"'{_folder}' is a set of one server, and {Connection.Length} connections are given."
                : null;
        if (problem is not null)
        {
            ThrowTerminatingError(new LettaException(ErrorIds.ParameterConflict, LettaErrorKind.InvalidInput, problem, "Leave out one of the two parameters.", _folder).ToErrorRecord());
        }
    }

    private IEnumerable<string> LeftOut()
    {
        if (NoHistory)
        {
            yield return AgentFilePart.History;
        }

        if (NoArchive)
        {
            yield return AgentFilePart.Archive;
        }

        if (!IncludeSecret)
        {
            yield return AgentFilePart.Secrets;
        }
    }

    private void Place(Order order)
    {
        var placed = _orders.Writer.WriteAsync(order).AsTask();
        ServeUntil(placed);
        if (placed.IsFaulted)
        {
            // The work has ended by itself, which only an error makes it do.
            FinishWork();
        }
    }

    private async Task ExportAsync(CancellationToken cancellationToken)
    {
        try
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = ThrottleLimit, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(ReadOrdersAsync(cancellationToken), options, (order, token) => new ValueTask(ExportAgentAsync(order.Session, order.Id, order.Agent, token))).ConfigureAwait(false);
            foreach (var session in _sessions)
            {
                await CompleteAsync(session, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _orders.Writer.TryComplete(new InvalidOperationException("The export has ended."));
            foreach (var session in _sessions)
            {
                session.Dispose();
            }
        }
    }

    /// <summary>The agents that were asked for and that the user agrees to, one by one.</summary>
    private async IAsyncEnumerable<(Session Session, string Id, LettaAgent? Agent)> ReadOrdersAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var order in _orders.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            if (await SessionOfAsync(order, cancellationToken).ConfigureAwait(false) is not { } session)
            {
                continue;
            }

            if (order.Id is not null)
            {
                if (await CheckAsync(session, order.Id).ConfigureAwait(false) is { } id && await WantsAsync(session, id, order.Agent).ConfigureAwait(false))
                {
                    yield return (session, id, order.Agent);
                }

                continue;
            }

            var everything = AgentQuery.Everything with { OnInvalid = e => RefuseAsync(session, e) };
            var agents = session.Source.ListAsync(everything, cancellationToken).GetAsyncEnumerator(cancellationToken);
            await using (agents.ConfigureAwait(false))
            {
                while (await NextAsync(session, agents).ConfigureAwait(false) is { } agent)
                {
                    if (await WantsAsync(session, agent.Id, agent).ConfigureAwait(false))
                    {
                        yield return (session, agent.Id, agent);
                    }
                }
            }
        }
    }

    /// <summary>The next agent of a list. A list that fails is one error: the agents before are exported, and the set says that it is not complete.</summary>
    private async Task<LettaAgent?> NextAsync(Session session, IAsyncEnumerator<LettaAgent> agents)
    {
        try
        {
            return await agents.MoveNextAsync().ConfigureAwait(false) ? agents.Current : null;
        }
        catch (Exception e) when (!ItemBoundary.EndsRun(e))
        {
            await RefuseAsync(session, ItemBoundary.Error(e, $"The agents of '{session.Source.Connection.BaseUri}' cannot be listed", session.Source.Connection.BaseUri)).ConfigureAwait(false);
            return null;
        }
    }

    /// <summary>The identifier as Letta writes it; <see langword="null"/> where it is none, which is told. No set is made for that.</summary>
    private async Task<string?> CheckAsync(Session session, string id)
    {
        try
        {
            return EntityId.Require(id, "agent");
        }
        catch (LettaException e)
        {
            await RefuseAsync(session, e).ConfigureAwait(false);
            return null;
        }
    }

    private async ValueTask RefuseAsync(Session session, LettaException failure)
    {
        session.Refused.Add(failure);
        await WriteErrorAsync(failure).ConfigureAwait(false);
    }

    /// <summary>Whether an agent is to be exported: it was not asked for before in this run, and the user agrees.</summary>
    private async Task<bool> WantsAsync(Session session, string id, LettaAgent? agent)
    {
        if (session.Asked.Add(id))
        {
            return await AgreeAsync(session, id, agent).ConfigureAwait(false);
        }

        await WriteVerboseAsync($"{id} was asked for before; it is exported once.").ConfigureAwait(false);
        return false;
    }

    /// <summary>The work on the server of an order; <see langword="null"/> if the server cannot be used, which is one error for each agent that was asked for.</summary>
    private async Task<Session?> SessionOfAsync(Order order, CancellationToken cancellationToken)
    {
        var server = order.Connection.BaseUri;
        if (_sessions.Find(s => ServerAddress.IsSame(s.Source.Connection.BaseUri, server)) is { } open)
        {
            return open;
        }

        if (!_unusable.TryGetValue(server, out var failure))
        {
            try
            {
                var source = await OpenSourceAsync(order.Connection, _progress.AddBytes, _warnings.Enqueue, cancellationToken).ConfigureAwait(false);
                var request = new BackupSetRequest(
                    _folder, source.Connection, ToolIdentity.WithVersion, Resume, Force, order.Id is null ? BackupScope.All : BackupScope.Selected, TimeProvider.System);
                var session = new Session(source, request);
                _sessions.Add(session);
                return session;
            }
            catch (Exception e) when (!ItemBoundary.EndsRun(e))
            {
                _unusable[server] = failure = ItemBoundary.Error(e, $"The server '{server}' cannot be used", server);
            }
        }

        await WriteErrorAsync(failure, (object?)order.Id ?? server).ConfigureAwait(false);
        return null;
    }

    private async Task<bool> AgreeAsync(Session session, string id, LettaAgent? agent)
    {
        var folder = session.Set is { } open ? open.Replaces ?? open.Folder : BackupSet.Plan(session.Request);
        if (!await ShouldProcessAsync(agent is null ? id : $"{agent.Name} ({id})", $"Back up to {folder}").ConfigureAwait(false))
        {
            return false;
        }

        try
        {
            session.Set ??= BackupSet.Open(session.Request);
            session.Set.Want(id, agent?.Name);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteFailed(folder, e);
        }

        return true;
    }

    private async Task ExportAgentAsync(Session session, string id, LettaAgent? agent, CancellationToken cancellationToken)
    {
        var set = session.Set!;
        LettaAgentBackup? backup = null;
        try
        {
            var begun = TimeProvider.System.GetTimestamp();
            backup = Resume ? set.Reuse(agent ?? await session.Source.GetAsync(id, cancellationToken).ConfigureAwait(false), _leftOut) : null;
            if (backup is null)
            {
                using var snapshot = await session.Source.ReadAsync(id, new SnapshotOptions(set.Folder, !NoHistory, !NoArchive, IncludeSecret), cancellationToken).ConfigureAwait(false);
                backup = set.Write(snapshot, _leftOut, begun, cancellationToken);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A disk that is full or a folder that may not be written stays so for every other agent.
            throw WriteFailed(set.Folder, e);
        }
        catch (Exception e) when (!ItemBoundary.EndsRun(e))
        {
            var failure = ItemBoundary.Error(e, $"The agent '{agent?.Name ?? id}' ({id}) cannot be backed up", id);
            set.Fail(id, agent?.Name, failure);
            await WriteErrorAsync(failure, id).ConfigureAwait(false);
        }

        if (backup is not null)
        {
            await session.EmitAsync(backup, WriteObjectAsync).ConfigureAwait(false);
        }

        _progress.AddDone();
        while (_warnings.TryDequeue(out var warning))
        {
            await WriteWarningAsync(warning).ConfigureAwait(false);
        }
    }

    private static LettaException WriteFailed(string folder, Exception cause) => new(
        ErrorIds.BackupWriteFailed,
        LettaErrorKind.Storage,
        $"The backup in '{folder}' cannot be written: {cause.Message}",
        $"Free space, then resume the set: Export-LettaAgent -Path '{folder}' -Resume",
        folder,
        cause);

    private async Task CompleteAsync(Session session, CancellationToken cancellationToken)
    {
        if (session.Set is not { } set)
        {
            await SayWhyNothingIsWrittenAsync(session).ConfigureAwait(false);
            return;
        }

        foreach (var failure in session.Refused)
        {
            set.Fail(failure.Target as string ?? string.Empty, null, failure);
        }

        try
        {
            if (set.Complete(session.Source.Connection.ReportedVersion) is not { } manifest)
            {
                await WriteWarningAsync($"The set '{set.Folder}' stays unfinished: it was begun for all agents of the server. Complete it: Export-LettaAgent -Path '{set.Folder}' -Resume").ConfigureAwait(false);
                return;
            }

            await WriteVerboseAsync($"{manifest.Files.Count} agents are in {set.Folder}, {manifest.Failed.Count} failed.").ConfigureAwait(false);
            foreach (var older in manifest.Files.Where(f => f.IsOlder))
            {
                await WriteWarningAsync($"The set keeps the file of '{older.AgentName}' ({older.AgentId}) from {older.ExportedAt:yyyy-MM-dd HH:mm} UTC, because the agent could not be exported again.").ConfigureAwait(false);
            }

            if (manifest.AgentsOutside() is { Count: > 0 } outside)
            {
                await WriteWarningAsync(
                    $"{outside.Count} agents belong to groups of the exported agents and are not in the set: {string.Join(", ", outside)}. Add them: Export-LettaAgent -Path '{set.Replaces ?? set.Folder}' -Resume -Id {string.Join(", ", outside)}").ConfigureAwait(false);
            }

            if (set.Replaces is { } old)
            {
                await ReplaceAsync(set, old, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteFailed(set.Folder, e);
        }

        foreach (var backup in session.Held)
        {
            await WriteObjectAsync(set.InPlace(backup)).ConfigureAwait(false);
        }
    }

    /// <summary>Puts the new set in the place of the old one, unless the new set is less whole: then both are kept.</summary>
    private async Task ReplaceAsync(BackupSet set, string old, CancellationToken cancellationToken)
    {
        var (deleted, obstacles) = set.ReviewReplacement();
        cancellationToken.ThrowIfCancellationRequested();
        if (obstacles.Count > 0)
        {
            await WriteErrorAsync(new LettaException(
                ErrorIds.BackupSetReplaceFailed,
                LettaErrorKind.Refused,
                $"The set '{old}' was not replaced, because the new set is less complete. The new set is kept as '{set.Folder}'. {string.Join(' ', obstacles)}",
                $"Complete the new set: Export-LettaAgent -Path '{set.Folder}' -Resume",
                old)).ConfigureAwait(false);
        }
        else if (await ShouldProcessAsync(old, DescribeReplacement(deleted)).ConfigureAwait(false))
        {
            set.Replace();
        }
    }

    private async Task SayWhyNothingIsWrittenAsync(Session session)
    {
        if (session.Asked.Count == 0 && session.Refused.Count == 0 && session.Request.Scope == BackupScope.All)
        {
            await WriteWarningAsync($"The server '{session.Source.Connection.BaseUri}' has no agents. No backup set was written.").ConfigureAwait(false);
        }
        else if (Force && IsWhatIf && BackupSet.PlanReplacement(session.Request, session.Asked) is { Count: > 0 } deleted)
        {
            await ShouldProcessAsync(_folder, DescribeReplacement(deleted)).ConfigureAwait(false);
        }
    }

    private static string DescribeReplacement(IReadOnlyList<BackupEntry> deleted) =>
        $"Replace the backup set, deleting {string.Join(", ", deleted.Select(d => $"{d.Name} ({d.AgentName})"))}";

    /// <summary>An agent to export; without an identifier, all of the server.</summary>
    private sealed record Order(LettaConnection Connection, string? Id, LettaAgent? Agent);

    /// <summary>The work on one server.</summary>
    private sealed class Session(IAgentSource source, BackupSetRequest request) : IDisposable
    {
        public IAgentSource Source => source;

        public BackupSetRequest Request => request;

        public BackupSet? Set { get; set; }

        /// <summary>The agents that were asked for so far.</summary>
        public HashSet<string> Asked { get; } = new(StringComparer.Ordinal);

        /// <summary>Of agents whose identifier is none of Letta's: there may be no set yet that could note them.</summary>
        public List<LettaException> Refused { get; } = [];

        /// <summary>Results that wait for the place of their files: a set that replaces another one gets its final place at the end.</summary>
        public ConcurrentQueue<LettaAgentBackup> Held { get; } = new();

        /// <summary>Gives a result, now or when its file is in its place.</summary>
        public ValueTask EmitAsync(LettaAgentBackup backup, Func<object, ValueTask> write)
        {
            if (Set?.Replaces is null)
            {
                return write(backup);
            }

            Held.Enqueue(backup);
            return default;
        }

        public void Dispose()
        {
            Set?.Dispose();
            source.Dispose();
        }
    }
}
