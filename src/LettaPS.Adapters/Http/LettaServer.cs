using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.Connections;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;
using LettaPS.Core.Sources;

namespace LettaPS.Adapters.Http;

/// <summary>A Letta server, spoken to over HTTP.</summary>
internal sealed partial class LettaServer : ILettaServer
{
    private const int PageSize = 100;

    // One export at a time per server, whoever asks: overlapping ones answer 200 with wrong contents (letta-facts.md 10.1).
    private static readonly ConcurrentDictionary<string, SemaphoreSlim> s_exportGates = new();

    private readonly HttpTransport _http;
    private readonly Action<string>? _warn;

    // Of the version that the server says now: the connection may be older than an upgrade of the server.
    private ReleaseCapabilities? _release;
    private int _warned;

    /// <summary>Prepares to speak to a server.</summary>
    /// <param name="connection">The server.</param>
    /// <param name="received">Told of bytes as they arrive.</param>
    /// <param name="warn">Told what the user should know.</param>
    /// <param name="retrying">Told of each request that is sent again.</param>
    public LettaServer(LettaConnection connection, Action<long>? received, Action<string>? warn, Func<ServerRetry, ValueTask>? retrying = null)
    {
        Connection = connection;
        _http = new HttpTransport(connection, retrying: retrying) { Received = received };
        _warn = warn;
    }

    /// <inheritdoc/>
    public LettaConnection Connection { get; private set; }

    /// <inheritdoc/>
    public async Task<LettaConnection> CheckAsync(CancellationToken cancellationToken)
    {
        var release = await AskVersionAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await _http.GetAsync("agents/?limit=1&" + ApiQueries.Include(release, everything: false), cancellationToken).ConfigureAwait(false);
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.ServerFailed)
        {
            // Health is green on a broken database (letta-facts.md 10.3). The connection is good, and needed to mend it.
            _warn?.Invoke($"{e.Message} {e.RecommendedAction}");
        }

        return Connection;
    }

    /// <inheritdoc/>
    public async Task<int?> CountAgentsAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await _http.GetAsync("agents/count", cancellationToken).ConfigureAwait(false)) is { ValueKind: JsonValueKind.Number } count ? count.GetInt32() : null;
        }
        catch (LettaException e) when (e.ErrorId is ErrorIds.ServerFailed or ErrorIds.NotFound or ErrorIds.RequestRefused)
        {
            // The number is a courtesy. What is wrong with the server, CheckAsync reports.
            return null;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<LettaAgent> ListAsync(AgentQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var filter = Filter(query) + ApiQueries.Include(await ReleaseAsync(cancellationToken).ConfigureAwait(false), everything: false);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        string? last = null;
        while (true)
        {
            var page = await _http.GetAsync(
                $"agents/?limit={PageSize}&{filter}" + (last is null ? string.Empty : $"&after={last}"),
                (json, token) => ReadAgentsAsync(json, Connection, token),
                cancellationToken).ConfigureAwait(false);
            if (page.Count == 0)
            {
                yield break;
            }

            // A cursor that the server does not know gives the first page again: an agent deleted meanwhile, or a server that ignores cursors.
            // What is no identifier is no cursor either: it must not reach an address.
            var cursor = page.FindLast(a => a.Agent is not null).Agent?.Id;
            if (cursor is null ? page.Count == PageSize : cursor == last)
            {
                throw new LettaException(
                    ErrorIds.PagingFailed,
                    LettaErrorKind.InvalidData,
                    $"The agent list of '{Connection.BaseUri}' did not advance past {(last is null ? "the first page" : $"'{last}'")}.",
                    "Run the command again. If the error stays, connect without the proxy, which may change the addresses: Connect-Letta http://<host>:8283",
                    Connection.BaseUri);
            }

            foreach (var (agent, invalid) in page.Where(a => seen.Add(a.Agent?.Id ?? a.Invalid!.Message)))
            {
                if (agent is not null)
                {
                    yield return agent;
                }
                else if (query.OnInvalid is { } tell)
                {
                    await tell(invalid!).ConfigureAwait(false);
                }
                else
                {
                    throw invalid!;
                }
            }

            last = cursor;
            if (page.Count < PageSize)
            {
                yield break;
            }
        }
    }

    /// <inheritdoc/>
    public async Task<LettaAgent> GetAsync(string agentId, CancellationToken cancellationToken) =>
        LettaAgent.FromState(await ReadStateAsync(agentId, everything: false, cancellationToken).ConfigureAwait(false), Connection);

    /// <inheritdoc/>
    public async Task<AgentSnapshot> ReadAsync(string agentId, SnapshotOptions options, CancellationToken cancellationToken)
    {
        var release = await ReleaseAsync(cancellationToken).ConfigureAwait(false);
        var gate = s_exportGates.GetOrAdd(ServerAddress.Key(Connection.BaseUri), _ => new SemaphoreSlim(1));
        var logs = new AgentReader.Logs(new MessageLog(options.WorkFolder), new JsonLog(options.WorkFolder), new JsonLog(options.WorkFolder));
        try
        {
            var reader = new AgentReader(_http, release, gate, agentId, token => ReadStateAsync(agentId, everything: true, token), options, logs, WarnOnce);
            return await reader.ReadAsync(Connection, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            logs.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string Filter(AgentQuery query)
    {
        var filter = string.Concat(query.Tags.Select(t => $"tags={Uri.EscapeDataString(t)}&"));
        if (query.Tags.Count > 0)
        {
            filter += "match_all_tags=true&";
        }

        if (query.Name is { } name)
        {
            filter += $"name={Uri.EscapeDataString(name)}&";
        }

        return query.IncludeHidden ? filter + "show_hidden_agents=true&" : filter;
    }

    private static async Task<List<(LettaAgent? Agent, LettaException? Invalid)>> ReadAgentsAsync(JsonStreamReader json, LettaConnection connection, CancellationToken cancellationToken)
    {
        var page = new List<(LettaAgent? Agent, LettaException? Invalid)>();
        await foreach (var state in json.ReadArrayAsync(cancellationToken).ConfigureAwait(false))
        {
            if (page.Count == PageSize)
            {
                throw new JsonException("The list is longer than was asked for.");
            }

            page.Add(EntityId.TryParse(state.StringOrNull("id"), "agent", out _)
                ? (LettaAgent.FromState(state, connection), null)
                : (null, HttpErrors.InvalidAgentId(connection, state.StringOrNull("id"), state.StringOrNull("name"))));
        }

        return page;
    }

    private async Task<JsonElement> ReadStateAsync(string agentId, bool everything, CancellationToken cancellationToken)
    {
        var id = EntityId.Require(agentId, "agent");
        var release = await ReleaseAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var state = await _http.GetAsync($"agents/{id}?{ApiQueries.Include(release, everything)}", cancellationToken).ConfigureAwait(false);
            return state.StringOrNull("id") == id
                ? state
                : throw new LettaException(ErrorIds.AgentMismatch, LettaErrorKind.InvalidData, $"'{Connection.BaseUri}' returned another agent instead of '{id}'.", "Connect without the proxy or cache in front of the server: Connect-Letta http://<host>:8283", id);
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.NotFound)
        {
            throw new LettaException(ErrorIds.AgentNotFound, LettaErrorKind.NotFound, $"The agent '{id}' does not exist at '{Connection.BaseUri}'.", "List the agents: Get-LettaAgent -IncludeHidden", id, e);
        }
    }

    private async ValueTask<ReleaseCapabilities> ReleaseAsync(CancellationToken cancellationToken) => _release ?? await AskVersionAsync(cancellationToken).ConfigureAwait(false);

    private async Task<ReleaseCapabilities> AskVersionAsync(CancellationToken cancellationToken)
    {
        JsonElement health;
        try
        {
            health = await _http.GetAsync("health/", cancellationToken).ConfigureAwait(false);
        }
        catch (LettaException e) when (e.ErrorId is ErrorIds.NotFound or ErrorIds.InvalidAnswer)
        {
            throw e.ErrorId == ErrorIds.NotFound && await AppServerProbe.IsAppServerAsync(Connection.BaseUri, cancellationToken).ConfigureAwait(false)
                ? HttpErrors.AppServer(Connection)
                : HttpErrors.NotLetta(Connection, "/v1/health/ does not answer as Letta's does");
        }

        var version = health.StringOrNull("version") ?? throw HttpErrors.NotLetta(Connection, "/v1/health/ tells no version");
        Connection = Connection.WithServerVersion(version);
        return _release = new ReleaseCapabilities(version);
    }

    private void WarnOnce(string message)
    {
        if (Interlocked.Exchange(ref _warned, 1) == 0)
        {
            _warn?.Invoke(message);
        }
    }
}
