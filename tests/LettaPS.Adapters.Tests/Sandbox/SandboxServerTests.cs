using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Adapters.Tests.Sandbox;

/// <summary>What the recordings do not show of the stand-in server.</summary>
public class SandboxServerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Releases => [.. Exchange.Releases];

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task The_seed_fleet_is_the_one_of_the_story(string release)
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Release = release }, Cancel);

        Assert.Equal(
            [
                "AI/ML Expert", "Incognito", "Lead Engineer", "Lead Engineer", "Lead Engineer", "Memo", "Nameless Agent", "Nameless Agent", "Nameless Agent",
                "document_librarian", "organization_curator", "system_analysis_expert", "system_citation_analyzer", "system_discovery_scout",
                "system_maintenance", "thoth_main_orchestrator",
            ],
            server.State.Agents.Select(a => a.Name!).Order(StringComparer.Ordinal));
        Assert.Contains(server.State.Agents, a => a.Messages.Count > 500 && a.MessageIds.Count * 4 < a.Messages.Count);
        Assert.Contains(server.State.Blocks, b => server.State.Agents.Count(a => a.BlockIds.Contains(b.Id)) > 1);
        Assert.Equal(release != "0.11.3", server.State.Passages.Any(p => p.Tags is { Count: > 0 }));
        Assert.Contains(server.State.Sources, s => !server.State.Files.Any(f => f.SourceId == s.Id) && server.State.Agents.Any(a => a.SourceIds.Contains(s.Id)));
        Assert.Equal(release != "0.11.3", server.State.Conversations.Count > 0);
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task The_same_seed_makes_the_same_server_and_another_seed_another(string release)
    {
        await using var one = await SandboxServer.StartAsync(new SandboxOptions { Release = release }, Cancel);
        await using var same = await SandboxServer.StartAsync(new SandboxOptions { Release = release }, Cancel);
        await using var other = await SandboxServer.StartAsync(new SandboxOptions { Release = release, Seed = 2 }, Cancel);

        Assert.Equal(one.State.ContentHash(), same.State.ContentHash());
        Assert.NotEqual(one.State.ContentHash(), other.State.ContentHash());
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Reading_everything_changes_nothing(string release)
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Release = release, Fleet = Fleet.SeedWithGroup() }, Cancel);
        var before = server.State.ContentHash();

        await ReadAllAsync(server);

        Assert.Equal(before, server.State.ContentHash());
    }

    [Theory]
    [InlineData("0.11.3", false)]
    [InlineData("0.16.2", true)]
    [InlineData("0.16.8", true)]
    public async Task Reading_rows_that_0_11_wrote_damages_them_from_0_13_on(string release, bool damages)
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Release = release, Fleet = Fleet.Seed(Upgrade.Fresh) }, Cancel);
        var before = server.State.ContentHash();

        await ReadAllAsync(server);

        Assert.Equal(damages, server.State.ContentHash() != before);
        Assert.Equal(damages, server.State.Agents.SelectMany(a => a.Messages).Any(m => m.Role == "tool" && m.ToolCallId is null));
    }

    [Fact]
    public async Task A_page_that_begins_with_a_damaged_row_is_an_error_and_a_larger_one_is_not()
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Release = "0.16.2", Fleet = Fleet.Seed(Upgrade.Damaged) }, Cancel);
        using var client = new HttpClient { BaseAddress = server.BaseUri };
        var agent = server.State.Agents.MaxBy(a => a.Messages.Count)!;
        var messages = agent.Messages.ToList();
        var damaged = messages.FindIndex(m => m.Role == "tool" && m.ToolCallId is null && m.ToolReturns is [_]);

        Assert.Equal(HttpStatusCode.BadRequest, await PageAsync(damaged - 1));
        Assert.Equal(HttpStatusCode.OK, await PageAsync(damaged - 2));

        async Task<HttpStatusCode> PageAsync(int after)
        {
            using var answer = await client.GetAsync($"v1/agents/{agent.Id}/messages?order=asc&limit=3&after={messages[after].Id}", Cancel);
            return answer.StatusCode;
        }
    }

    [Theory]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task Exports_that_overlap_are_200_with_wrong_numbers(string release)
    {
        await using var server = await SandboxServer.StartAsync(
            new SandboxOptions { Release = release, Fleet = Fleet.Generated(4, 20), Latency = TimeSpan.FromMilliseconds(250) }, Cancel);
        using var client = new HttpClient { BaseAddress = server.BaseUri };
        var agents = server.State.Agents.Select(a => a.Id).ToList();

        var alone = JsonDocument.Parse(await client.GetStringAsync($"v1/agents/{agents[0]}/export", Cancel)).RootElement;
        var together = await Task.WhenAll(agents.Select(a => client.GetStringAsync($"v1/agents/{a}/export", Cancel)));

        Assert.Equal("agent-0", AgentId(alone));
        Assert.Contains(together, body => AgentId(JsonDocument.Parse(body).RootElement) != "agent-0");

        static string? AgentId(JsonElement file) => file.GetProperty("agents")[0].GetProperty("id").GetString();
    }

    [Fact]
    public async Task An_export_of_a_group_fails_when_another_begins_before_it_is_done()
    {
        await using var server = await SandboxServer.StartAsync(
            new SandboxOptions { Release = "0.16.2", Fleet = Fleet.SeedWithGroup(), Latency = TimeSpan.FromMilliseconds(250) }, Cancel);
        using var client = new HttpClient { BaseAddress = server.BaseUri };
        var manager = server.State.Groups.First().ManagerAgentId;

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => client.GetAsync($"v1/agents/{manager}/export", Cancel)));

        var failed = Assert.IsType<HttpResponseMessage>(answers.FirstOrDefault(a => a.StatusCode == HttpStatusCode.InternalServerError));
        Assert.Contains("Unexpected new tool ID", await failed.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gigabyte_of_messages_is_sent_while_it_is_made()
    {
        var fleet = Fleet.Generated(new GeneratedOptions { Messages = 10_000, MessageLength = 100_000 });
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Release = "0.16.8", Fleet = fleet }, Cancel);
        using var client = new HttpClient { BaseAddress = server.BaseUri };
        var agent = server.State.Agents.Single();
        var source = new CountingSource(agent.Messages.Source!);
        agent.Messages = new MessageList(source);
        using var answer = await client.GetAsync($"v1/agents/{agent.Id}/messages?limit=10000", HttpCompletionOption.ResponseHeadersRead, Cancel);
        await using var body = await answer.Content.ReadAsStreamAsync(Cancel);

        await body.ReadExactlyAsync(new byte[20_000_000], Cancel);

        // Nobody holds the rest: it is not made before there is room for it between server and client, which is a few megabytes.
        Assert.Null(Assert.Single(server.Requests.Entries).Ended);
        Assert.InRange(source.Made, 200, 1_000);
    }

    [Fact]
    public async Task Answers_are_of_one_moment_while_rows_come_and_go()
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Release = "0.11.3", Fleet = Fleet.Generated(500, 1) }, Cancel);
        using var client = new HttpClient { BaseAddress = server.BaseUri };
        foreach (var key in Enumerable.Range(0, 40))
        {
            using var made = await client.PostAsJsonAsync("v1/identities/", new { identifier_key = $"k{key}", name = "n", identity_type = "user" }, Cancel);
            made.EnsureSuccessStatusCode();
        }

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var changes = Task.Run(
            () =>
            {
                while (!enough.IsCancellationRequested)
                {
                    lock (server.State.Gate)
                    {
                        var agent = server.State.Agents.First();
                        server.State.Agents.Remove(agent.Id);
                        server.State.Agents.Add(agent);
                    }
                }
            },
            Cancel);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.GetAsync("v1/identities/", Cancel)));
        await enough.CancelAsync();
        await changes;

        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
    }

    [Theory]
    [InlineData("v1/health/")]
    [InlineData("v1/agents/?limit=1000")]
    public async Task No_client_has_the_whole_answer_of_a_request_that_still_runs(string path)
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Fleet = Fleet.Generated(100, 1) }, Cancel);
        using var client = new HttpClient { BaseAddress = server.BaseUri };
        for (var i = 0; i < 100; i++)
        {
            await client.GetByteArrayAsync(path, Cancel);

            Assert.NotNull(server.Requests.Entries[^1].Ended);
        }
    }

    [Fact]
    public async Task A_failure_of_the_sandbox_itself_fails_the_test_that_it_serves()
    {
        var server = await SandboxServer.StartAsync(null, Cancel);
        server.Faults.Add(new Fault(new EditEffect(_ => throw new FormatException("A bug."))));
        using var client = new HttpClient { BaseAddress = server.BaseUri };

        using var answer = await client.GetAsync("v1/agents/", Cancel);

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => server.DisposeAsync().AsTask());
        Assert.Equal("A bug.", failure.InnerException?.Message);
    }

    [Fact]
    public async Task A_client_that_goes_away_in_the_middle_of_its_request_is_no_failure_of_the_sandbox()
    {
        await using var server = await SandboxServer.StartAsync(null, Cancel);
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(server.BaseUri.Host, server.BaseUri.Port, Cancel);
        await client.GetStream().WriteAsync("PATCH /v1/agents/a HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"u8.ToArray(), Cancel);
        await server.Requests.WhenAsync(r => r.Entries.Count == 1, Cancel);
        client.Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        await server.Requests.WhenAsync(r => r.Entries[0].Ended is not null, Cancel);

        Assert.True(server.Requests.Entries[0].Aborted);
    }

    [Fact]
    public async Task A_request_is_logged_with_what_was_sent_and_answered()
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Password = "secret" }, Cancel);
        using var client = new HttpClient { BaseAddress = server.BaseUri, DefaultRequestHeaders = { { "User-Agent", "LettaPS/1.0" } } };

        await client.GetAsync("v1/agents/?limit=3", Cancel);

        var entry = Assert.Single(server.Requests.Entries);
        Assert.Equal(("GET", "/v1/agents/", "?limit=3", 401, "LettaPS/1.0"), (entry.Method, entry.Path, entry.Query, entry.Status, entry.Headers["User-Agent"]));
        Assert.Equal(1, server.Requests.Count("GET", "/v1/*/"));
        Assert.Equal(0, server.Requests.Count("POST"));
    }

    [Theory]
    [InlineData("0.16.2", "/v1/agents/{0}/context", HttpStatusCode.NotImplemented)]
    [InlineData("0.11.3", "/v1/archives/", HttpStatusCode.NotFound)]
    [InlineData("0.16.2", "/v1/nope/", HttpStatusCode.NotFound)]
    public async Task What_a_release_has_and_the_sandbox_does_not_play_is_not_taken_for_missing(string release, string path, HttpStatusCode status)
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Release = release }, Cancel);
        using var client = new HttpClient { BaseAddress = server.BaseUri };

        using var answer = await client.GetAsync(string.Format(null, path, server.State.Agents.First().Id), Cancel);
        Assert.Equal(status, answer.StatusCode);
    }

    [Fact]
    public async Task The_program_s_help_is_its_usage_and_no_error()
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "LettaPS.Sandbox.dll"), "--help"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync(Cancel);

        Assert.StartsWith("usage: ", await process.StandardOutput.ReadToEndAsync(Cancel), StringComparison.Ordinal);
        Assert.Empty(await error);
        await process.WaitForExitAsync(Cancel);
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task The_program_says_where_it_is_and_plays_the_faults_of_its_command_line()
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "LettaPS.Sandbox.dll"), "--release", "0.16.2", "--agents", "3", "--messages", "5", "--fault", "status=429,retry-after=2,path=/v1/agents/*/export"])
        {
            RedirectStandardOutput = true,
        })!;
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri((await process.StandardOutput.ReadLineAsync(Cancel))!) };
            using var agents = JsonDocument.Parse(await client.GetStringAsync("v1/agents/", Cancel));
            Assert.Equal(3, agents.RootElement.GetArrayLength());
            using var answer = await client.GetAsync($"v1/agents/{agents.RootElement[0].GetProperty("id")}/export", Cancel);
            Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        }
        finally
        {
            process.Kill();
        }
    }

    /// <summary>Every list that a backup reads, and everything of every agent.</summary>
    private static async Task ReadAllAsync(SandboxServer server)
    {
        using var client = new HttpClient { BaseAddress = server.BaseUri };
        string[] lists = ["agents/?limit=1000", "blocks/?limit=1000", "tools/?limit=1000", "sources/", "folders/", "identities/", "groups/", "providers/", "models/", "runs/", "tags/"];
        string[] parts = ["", "/export", "/messages?limit=1000", "/archival-memory?limit=1000", "/core-memory/blocks", "/tools", "/sources", "/folders", "/files", "/groups"];
        var paths = lists.Select(l => "v1/" + l).Concat(server.State.Agents.SelectMany(a => parts.Select(p => $"v1/agents/{a.Id}{p}"))).ToList();
        foreach (var path in paths)
        {
            using var answer = await client.GetAsync(path, Cancel);
            await answer.Content.CopyToAsync(Stream.Null, Cancel);
        }
    }

    private sealed class CountingSource(IMessageSource inner) : IMessageSource
    {
        private int _made;

        public int Made => Volatile.Read(ref _made);

        public int Count => inner.Count;

        public MessageRow Make(int index)
        {
            Interlocked.Increment(ref _made);
            return inner.Make(index);
        }

        public int IndexOf(string id) => inner.IndexOf(id);
    }
}
