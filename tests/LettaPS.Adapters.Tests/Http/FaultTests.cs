using System.Text;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.Sources;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Http;

/// <summary>What comes of servers and networks that fail, and of servers that mean harm.</summary>
public class FaultTests
{
    private const string Messages = "/v1/agents/*/messages";
    private const string Export = "/v1/agents/*/export";
    private const string Agent = "/v1/agents/*";

    [Theory]
    [InlineData(429)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task What_may_pass_is_tried_again(int status)
    {
        await using var letta = await TestedServer.StartAsync();
        letta.Server.Faults.Add(new Fault(new StatusEffect(status, retryAfter: 0)) { Path = Messages, Times = 2 });

        using var snapshot = await letta.ReadAsync();

        Assert.Empty(snapshot.Missing);
        Assert.Equal(2, letta.Server.Requests.Of("GET", Messages).Count(r => r.Status == status));
    }

    [Fact]
    public async Task The_server_is_given_the_time_it_asks_for()
    {
        await using var letta = await TestedServer.StartAsync();
        letta.Server.Faults.Add(new Fault(new StatusEffect(429, retryAfter: 1)) { Path = Agent, Times = 1 });

        using var snapshot = await letta.ReadAsync();

        var attempts = letta.Server.Requests.Of("GET", Agent).ToList();
        Assert.Equal(2, attempts.Count);
        Assert.True(attempts[1].Started - attempts[0].Ended >= TimeSpan.FromSeconds(0.99));
    }

    [Fact]
    public async Task What_does_not_pass_is_told_after_six_attempts()
    {
        await using var letta = await TestedServer.StartAsync();
        letta.Server.Faults.Add(new Fault(new StatusEffect(503, """{"detail":"starting"}""", retryAfter: 0)) { Path = Agent });

        var e = await Assert.ThrowsAsync<LettaException>(letta.ReadAsync);

        Assert.Equal("ServerUnavailable", e.ErrorId);
        Assert.Contains("starting", e.Message, StringComparison.Ordinal);
        Assert.Equal(6, letta.Server.Requests.Count("GET", Agent));
    }

    [Theory]
    [InlineData(400, "RequestRefused")]
    [InlineData(404, "AgentNotFound")]
    [InlineData(409, "RequestRefused")]
    [InlineData(422, "RequestRefused")]
    [InlineData(500, "ServerFailed")]
    [InlineData(302, "InvalidServer")]
    public async Task What_is_refused_is_told_at_once(int status, string errorId)
    {
        await using var letta = await TestedServer.StartAsync();
        letta.Server.Faults.Add(new Fault(new StatusEffect(status, """{"detail":"because"}""")) { Path = Agent });

        Assert.Equal(errorId, (await Assert.ThrowsAsync<LettaException>(letta.ReadAsync)).ErrorId);
        Assert.Equal(1, letta.Server.Requests.Count("GET", Agent));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5_000)]
    [InlineData(150_000)]
    public async Task A_history_that_breaks_off_is_gone_on_with_where_it_broke(int afterBytes)
    {
        await using var letta = await TestedServer.StartAsync();
        letta.Server.Faults.Add(new Fault(new ResetEffect(afterBytes)) { Path = Messages, Times = 1 });

        using var snapshot = await letta.ReadAsync();

        Assert.Empty(snapshot.Missing);
        Assert.Equal(letta.Agent.Messages.Select(m => m.Id), snapshot.Messages.Entries.Select(e => EntityId.Format("message", e.Id)));
    }

    [Fact]
    public async Task Passages_that_break_off_are_each_there_once()
    {
        await using var letta = await TestedServer.StartAsync();
        letta.Server.Faults.Add(new Fault(new ResetEffect(300_000)) { Path = "/v1/agents/*/archival-memory", Times = 2 });

        using var snapshot = await letta.ReadAsync();

        var ids = snapshot.Passages.Read().Select(p => p.GetProperty("id").GetString()).ToList();
        Assert.Equal(72, ids.Count);
        Assert.Equal(72, ids.Distinct().Count());
    }

    [Fact]
    public async Task An_answer_shorter_than_it_promised_is_asked_for_again()
    {
        await using var letta = await TestedServer.StartAsync();
        letta.Server.Faults.Add(new Fault(EditEffect.Truncated(100)) { Path = Export, Times = 1 });

        using var snapshot = await letta.ReadAsync();

        Assert.Equal(2, letta.Server.Requests.Count("GET", Export));
        Assert.True(snapshot.Messages.Rebuilt < snapshot.Messages.Entries.Count);
    }

    public static TheoryData<string, FaultEffect> Nonsense => new()
    {
        { "HTML", new StatusEffect(200, "<html><body>It works!</body></html>", "text/html") },
        { "empty", new StatusEffect(200, string.Empty) },
        { "a number", new StatusEffect(200, "7") },
        { "null", new StatusEffect(200, "null") },
        { "a list where an object belongs", new StatusEffect(200, "[]") },
        { "an object where a list belongs", new StatusEffect(200, "{}") },
        { "cut off", EditEffect.ShortLength(3) },
        { "not UTF-8", EditEffect.InvalidUtf8() },
        { "100,000 deep", new StatusEffect(200, new string('[', 100_000)) },
        { "100,000 objects deep", new StatusEffect(200, string.Concat(Enumerable.Repeat("{\"a\":", 100_000))) },
        { "an endless list", new EndlessEffect() },
        { "an endless list of one message", new EndlessEffect("[{\"id\":\"message-00000000-0000-4000-8000-000000000001\",\"message_type\":\"user_message\"}", ",{\"id\":\"message-00000000-0000-4000-8000-000000000001\",\"message_type\":\"user_message\"}") },
        { "an endless text", new EndlessEffect("\"", "xxxxxxxx") },
        { "half a surrogate pair", new StatusEffect(200, "[{\"id\":\"message-00000000-0000-4000-8000-000000000001\",\"message_type\":\"user_message\",\"content\":\"\\ud800\"}]") },
    };

    [Theory]
    [MemberData(nameof(Nonsense), DisableDiscoveryEnumeration = true)]
    public async Task Nonsense_in_place_of_the_agent_is_an_error(string what, FaultEffect effect)
    {
        await using var letta = await TestedServer.StartAsync();
        letta.Server.Faults.Add(new Fault(effect) { Path = Agent });

        var e = await Assert.ThrowsAsync<LettaException>(letta.ReadAsync);

        Assert.True(e.ErrorId is "InvalidAnswer" or "AgentMismatch", $"{what}: {e.ErrorId}");
    }

    [Theory]
    [MemberData(nameof(Nonsense), DisableDiscoveryEnumeration = true)]
    public async Task Nonsense_in_place_of_the_history_is_told_and_the_rest_is_there(string what, FaultEffect effect)
    {
        await using var letta = await TestedServer.StartAsync();
        letta.Server.Faults.Add(new Fault(effect) { Path = Messages });

        using var snapshot = await letta.ReadAsync();

        // An empty list is no nonsense here, but a history without messages: those in context come from the export. What was read before the nonsense is kept.
        var told = snapshot.Missing.Any(m => m.StartsWith("The history:", StringComparison.Ordinal) || m.StartsWith("Messages of the history after", StringComparison.Ordinal));
        Assert.True(told || what == "a list where an object belongs" || snapshot.Messages.Entries.Count == letta.Agent.Messages.Count, what);
        Assert.Subset(snapshot.Messages.Entries.Select(e => EntityId.Format("message", e.Id)).ToHashSet(), letta.Agent.MessageIds.ToHashSet());
        Assert.Equal(72, snapshot.Passages.Count);
    }

    [Theory]
    [MemberData(nameof(Nonsense), DisableDiscoveryEnumeration = true)]
    public async Task Nonsense_in_place_of_the_export_costs_nothing(string what, FaultEffect effect)
    {
        await using var letta = await TestedServer.StartAsync();
        letta.Server.Faults.Add(new Fault(effect) { Path = Export });

        using var snapshot = await letta.ReadAsync();

        Assert.True(snapshot.Missing.Count == 0, $"{what}: {string.Join(' ', snapshot.Missing)}");
        Assert.Equal(letta.Agent.Messages.Select(m => m.Id), snapshot.Messages.Entries.Select(e => EntityId.Format("message", e.Id)));
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_given_up_on()
    {
        await using var letta = await TestedServer.StartAsync(timeout: TimeSpan.FromSeconds(0.3));
        letta.Server.Faults.Add(new Fault(new HangEffect()) { Path = Messages });

        var e = await Assert.ThrowsAsync<LettaException>(letta.ReadAsync);

        Assert.Equal("ServerTimeout", e.ErrorId);
    }

    [Fact]
    public async Task What_a_server_gave_before_it_fell_silent_is_kept_and_it_is_not_asked_again()
    {
        await using var letta = await TestedServer.StartAsync(timeout: TimeSpan.FromSeconds(1));
        letta.Server.Faults.Add(new Fault(new HangEffect(1000)) { Path = Messages });

        using var snapshot = await letta.ReadAsync();

        Assert.Single(snapshot.Missing, m => m.StartsWith("Messages of the history after", StringComparison.Ordinal));
        Assert.Equal(1, letta.Server.Requests.Count("GET", Messages));
        Assert.Subset(snapshot.Messages.Entries.Select(e => EntityId.Format("message", e.Id)).ToHashSet(), letta.Agent.MessageIds.ToHashSet());
    }

    [Fact]
    public async Task Giving_up_ends_every_request()
    {
        await using var letta = await TestedServer.StartAsync();
        letta.Server.Faults.Add(new Fault(new HangEffect()) { Path = "/v1/agents/**" });
        using var cancel = new CancellationTokenSource();
        var reading = letta.Source.ReadAsync(letta.Agent.Id, new SnapshotOptions(letta.Folder.Path), cancel.Token);
        while (letta.Server.Requests.Running < 3)
        {
            await Task.Yield();
        }

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        while (letta.Server.Requests.Running > 0)
        {
            await Task.Yield();
        }
    }

    [Fact]
    public async Task An_identifier_that_leads_out_of_the_folder_is_refused()
    {
        await using var letta = await TestedServer.StartAsync();
        letta.Server.Faults.Add(new Fault(EditEffect.HostileId()) { Path = "/v1/agents/" });

        var e = await Assert.ThrowsAsync<LettaException>(async () => await letta.Source.ListAsync(AgentQuery.Everything, CancellationToken.None).ToListAsync());

        Assert.Equal("InvalidIdInAnswer", e.ErrorId);
    }

    [Fact]
    public async Task An_identifier_that_is_none_never_becomes_a_cursor_and_the_list_goes_on_behind_it()
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Fleet = Fleet.Generated(agents: 150, messages: 1) });
        using var source = new AdapterFactory().OpenServer(new LettaConnection(server.BaseUri));
        var whole = await source.ListAsync(AgentQuery.Everything, CancellationToken.None).ToListAsync();
        var last = whole[99].Id;
        server.Faults.Add(new Fault(new EditEffect(body => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(body).Replace(last, "../../outside", StringComparison.Ordinal)))) { Path = "/v1/agents/" });
        var invalid = new List<LettaException>();

        var agents = await source.ListAsync(AgentQuery.Everything with { OnInvalid = e => { invalid.Add(e); return ValueTask.CompletedTask; } }, CancellationToken.None).ToListAsync();

        Assert.Equal(whole.Select(a => a.Id).Where(id => id != last), agents.Select(a => a.Id));
        Assert.Equal("../../outside", Assert.Single(invalid).Target);
        Assert.DoesNotContain(server.Requests.Entries, r => r.Query.Contains("outside", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_was_asked_for_is_told_by_path_and_query()
    {
        await using var letta = await TestedServer.StartAsync();
        letta.Server.Faults.Add(new Fault(new StatusEffect(418, "teapot")) { Path = "/v1/agents/" });

        var e = await Assert.ThrowsAsync<LettaException>(async () => await letta.Source.ListAsync(AgentQuery.Everything, CancellationToken.None).ToListAsync());

        Assert.Contains("GET /v1/agents/?limit=100&", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_about_another_agent_is_refused()
    {
        await using var letta = await TestedServer.StartAsync();
        letta.Server.Faults.Add(new Fault(EditEffect.HostileId("agent-00000000-0000-4000-8000-000000000000")) { Path = Agent });

        Assert.Equal("AgentMismatch", (await Assert.ThrowsAsync<LettaException>(letta.ReadAsync)).ErrorId);
    }

    /// <summary>A sandbox server with the agent that has everything.</summary>
    private sealed class TestedServer : IAsyncDisposable
    {
        private TestedServer(SandboxServer server, TimeSpan? timeout)
        {
            Server = server;
            Agent = server.State.Agents.Single(a => a.Name == "thoth_main_orchestrator");
            Source = new AdapterFactory().OpenServer(new LettaConnection(server.BaseUri, timeout: timeout));
        }

        public SandboxServer Server { get; }

        public AgentRow Agent { get; }

        public ILettaServer Source { get; }

        public TempFolder Folder { get; } = new();

        public static async Task<TestedServer> StartAsync(TimeSpan? timeout = null) => new(await SandboxServer.StartAsync(), timeout);

        public Task<AgentSnapshot> ReadAsync() => Source.ReadAsync(Agent.Id, new SnapshotOptions(Folder.Path), TestContext.Current.CancellationToken);

        public async ValueTask DisposeAsync()
        {
            Source.Dispose();
            await Server.DisposeAsync();
            Folder.Dispose();
        }
    }
}
