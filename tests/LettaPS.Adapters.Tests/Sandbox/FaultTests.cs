using System.Net;
using System.Text;
using System.Text.Json;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Http;

namespace LettaPS.Adapters.Tests.Sandbox;

/// <summary>What can go wrong on demand does go wrong, and only there.</summary>
public sealed class FaultTests : IAsyncLifetime
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private SandboxServer _server = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await SandboxServer.StartAsync(cancellationToken: Cancel);
        _client = new HttpClient { BaseAddress = _server.BaseUri };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_status_meets_the_nth_request_of_a_path_and_no_other()
    {
        _server.Faults.Add(new Fault(new StatusEffect(503, retryAfter: 7)) { Method = "GET", Path = "/v1/agents/*/export", Skip = 1, Times = 2 });
        var path = $"v1/agents/{_server.State.Agents.First().Id}";
        List<HttpStatusCode> statuses = [];
        for (var i = 0; i < 4; i++)
        {
            using var answer = await _client.GetAsync(path + "/export", Cancel);
            statuses.Add(answer.StatusCode);
            Assert.Equal(answer.IsSuccessStatusCode ? null : TimeSpan.FromSeconds(7), answer.Headers.RetryAfter?.Delta);
        }

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK], statuses);
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync(path, Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_fault_of_an_agent_spares_the_others_and_can_be_removed()
    {
        var (one, other) = (_server.State.Agents.First().Id, _server.State.Agents.Last().Id);
        var fault = _server.Faults.Add(new Fault(new StatusEffect(409)) { AgentId = one });

        Assert.Equal(HttpStatusCode.Conflict, (await _client.GetAsync($"v1/agents/{one}/messages", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync($"v1/agents/{other}/messages", Cancel)).StatusCode);
        _server.Faults.Remove(fault);
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync($"v1/agents/{one}/messages", Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_status_in_place_of_the_answer_keeps_the_request_from_the_server()
    {
        var before = _server.State.ContentHash();
        _server.Faults.Add(new Fault(new StatusEffect(409)) { Method = "DELETE" });

        Assert.Equal(HttpStatusCode.Conflict, (await _client.DeleteAsync($"v1/agents/{_server.State.Agents.First().Id}", Cancel)).StatusCode);
        Assert.Equal(before, _server.State.ContentHash());
    }

    [Fact]
    public async Task Requests_that_hang_run_until_their_clients_go()
    {
        var fault = _server.Faults.Add(new Fault(new HangEffect()));
        using var leaving = new CancellationTokenSource();
        var requests = Enumerable.Range(0, 3).Select(_ => _client.GetAsync("v1/agents/", leaving.Token)).ToList();
        await _server.Requests.WhenAsync(r => r.Running == 3, Cancel);
        _server.Faults.Remove(fault);
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync("v1/agents/count", Cancel)).StatusCode);

        await leaving.CancelAsync();
        foreach (var request in requests)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        }

        await _server.Requests.WhenAsync(r => r.Running == 0, Cancel);
        Assert.Equal(4, _server.Requests.Peak);
        Assert.Equal(3, _server.Requests.PeakOf("GET", "/v1/agents/"));
        Assert.All(_server.Requests.Of(path: "/v1/agents/"), e => Assert.True(e.Aborted && e.Status == 0 && e.Ended > e.Started));
    }

    [Fact]
    public async Task An_answer_can_hang_in_its_middle()
    {
        _server.Faults.Add(new Fault(new HangEffect(1000)));
        using var answer = await _client.GetAsync("v1/agents/", HttpCompletionOption.ResponseHeadersRead, Cancel);
        await using var body = await answer.Content.ReadAsStreamAsync(Cancel);
        await body.ReadExactlyAsync(new byte[1000], Cancel);

        Assert.Equal(1, _server.Requests.Running);
        Assert.False(body.ReadAsync(new byte[1], Cancel).AsTask().IsCompleted);
    }

    [Fact]
    public async Task A_slow_answer_comes_in_the_end()
    {
        _server.Faults.Add(new Fault(new DelayEffect(TimeSpan.FromMilliseconds(5))));

        Assert.Equal("16", await _client.GetStringAsync("v1/agents/count", Cancel));
        var entry = Assert.Single(_server.Requests.Entries);
        Assert.True(entry.Ended - entry.Started > TimeSpan.FromMilliseconds(4));
    }

    [Fact]
    public async Task A_connection_can_be_reset_in_the_middle_of_an_answer()
    {
        _server.Faults.Add(new Fault(new ResetEffect(1000)));
        using var answer = await _client.GetAsync("v1/agents/", HttpCompletionOption.ResponseHeadersRead, Cancel);
        await using var body = await answer.Content.ReadAsStreamAsync(Cancel);

        await Assert.ThrowsAnyAsync<IOException>(() => body.CopyToAsync(Stream.Null, Cancel));
    }

    [Fact]
    public async Task An_answer_can_end_before_its_length()
    {
        _server.Faults.Add(new Fault(EditEffect.Truncated(10)));
        using var answer = await _client.GetAsync("v1/agents/", HttpCompletionOption.ResponseHeadersRead, Cancel);

        await using var body = await answer.Content.ReadAsStreamAsync(Cancel);
        var thrown = await Assert.ThrowsAsync<HttpIOException>(() => body.CopyToAsync(Stream.Null, Cancel));
        Assert.Equal(HttpRequestError.ResponseEnded, thrown.HttpRequestError);
    }

    [Fact]
    public async Task A_length_that_is_too_short_leaves_JSON_that_is_cut_off()
    {
        var whole = await _client.GetByteArrayAsync("v1/agents/?limit=1", Cancel);
        _server.Faults.Add(new Fault(EditEffect.ShortLength(10)));

        var cut = await _client.GetByteArrayAsync("v1/agents/?limit=1", Cancel);
        Assert.Equal(whole[..^10], cut);
    }

    [Fact]
    public async Task Another_service_may_answer()
    {
        _server.Faults.Add(new Fault(StatusEffect.Html()));

        using var answer = await _client.GetAsync("v1/health/", Cancel);
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        Assert.StartsWith("<!DOCTYPE html>", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_can_be_a_hundred_thousand_levels_deep()
    {
        _server.Faults.Add(new Fault(StatusEffect.DeepJson()));

        var body = await _client.GetStringAsync("v1/agents/", Cancel);
        Assert.Equal(100_000, body.Count(c => c == '['));
        Assert.ThrowsAny<JsonException>(() => JsonDocument.Parse(body));
    }

    [Fact]
    public async Task An_answer_can_go_on_for_ever()
    {
        _server.Faults.Add(new Fault(new EndlessEffect()));
        using (var answer = await _client.GetAsync("v1/agents/", HttpCompletionOption.ResponseHeadersRead, Cancel))
        {
            await using var body = await answer.Content.ReadAsStreamAsync(Cancel);
            await body.ReadExactlyAsync(new byte[10_000_000], Cancel);
        }

        await _server.Requests.WhenAsync(r => r.Running == 0, Cancel);
        Assert.True(_server.Requests.Entries[0].Aborted);
    }

    [Fact]
    public async Task A_text_can_be_no_text()
    {
        _server.Faults.Add(new Fault(EditEffect.InvalidUtf8()));

        var body = await _client.GetByteArrayAsync("v1/agents/?limit=1", Cancel);
        Assert.Throws<DecoderFallbackException>(() => new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(body));
    }

    [Fact]
    public async Task An_id_can_be_a_path()
    {
        _server.Faults.Add(new Fault(EditEffect.HostileId("../../outside")));

        using var body = JsonDocument.Parse(await _client.GetStringAsync("v1/agents/?limit=2", Cancel));
        Assert.Equal("../../outside", body.RootElement[0].GetProperty("id").GetString());
        Assert.StartsWith("agent-", body.RootElement[1].GetProperty("id").GetString(), StringComparison.Ordinal);
    }
}
