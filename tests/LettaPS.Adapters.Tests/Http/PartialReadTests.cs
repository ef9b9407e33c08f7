using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.Backups;
using LettaPS.Core.Sources;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Http;

/// <summary>What was read is kept, and what could not be read is named: a page that fails, repeats itself or holds something strange is never silently the end.</summary>
public class PartialReadTests
{
    private const string Messages = "/v1/agents/*/messages";
    private const string Passages = "/v1/agents/*/archival-memory";

    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task A_page_that_fails_after_others_loses_none_of_them(string release)
    {
        await using var letta = await Server.OfAsync(release, messages: 4_500);
        letta.Sandbox.Faults.Add(new Fault(new StatusEffect(500, """{"detail":"boom"}""")) { Path = Messages, Skip = 3 });

        using var snapshot = await letta.ReadAsync();

        Assert.InRange(snapshot.Messages.Entries.Count, 2_900, 4_499);
        Assert.Contains("boom", Assert.Single(snapshot.Missing, m => m.StartsWith("Messages of the history after", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(snapshot.Messages.Entries.Count, snapshot.Messages.Entries.Select(e => e.Id).Distinct().Count());
    }

    [Fact]
    public async Task What_one_page_could_not_give_is_read_from_the_other_end()
    {
        await using var letta = await Server.OfAsync("0.16.8", messages: 4_500);
        letta.Sandbox.Faults.Add(new Fault(new StatusEffect(500)) { Path = Messages, Skip = 3, Times = 3 });

        using var snapshot = await letta.ReadAsync();

        Assert.Empty(snapshot.Missing);
        Assert.Equal(4_500, snapshot.Messages.Entries.Count);
    }

    [Theory]
    [InlineData("0.11.3", "before")]
    [InlineData("0.16.8", "after")]
    [InlineData("0.16.8", "after,before")]
    public async Task A_server_that_ignores_cursors_of_messages_is_not_asked_for_ever_and_the_rest_is_missing(string release, string ignored)
    {
        await using var letta = await Server.OfAsync(release, messages: 60_000);
        letta.Sandbox.Faults.Add(new Fault(new IgnoredQueryEffect(ignored.Split(','))) { Path = Messages });

        using var snapshot = await letta.ReadAsync();

        Assert.Equal(snapshot.Messages.Entries.Count, snapshot.Messages.Entries.Select(e => e.Id).Distinct().Count());
        Assert.True(snapshot.Messages.Entries.Count == 60_000 || snapshot.Missing.Any(m => m.StartsWith("Messages of the history after", StringComparison.Ordinal)));
        Assert.InRange(letta.Sandbox.Requests.Count("GET", Messages), 1, 100);
    }

    [Fact]
    public async Task Passages_of_a_server_that_ignores_cursors_are_read_once_each()
    {
        await using var letta = await Server.OfAsync("0.16.8", passages: 450);
        letta.Sandbox.Faults.Add(new Fault(new IgnoredQueryEffect("after")) { Path = Passages });

        using var snapshot = await letta.ReadAsync();

        Assert.Empty(snapshot.Missing);
        AssertPassages(letta, snapshot, 450);
    }

    [Fact]
    public async Task Passages_of_a_server_that_cuts_its_pages_shorter_are_all_read()
    {
        await using var letta = await Server.OfAsync("0.16.8", passages: 450);
        letta.Sandbox.Faults.Add(new Fault(new IgnoredQueryEffect("limit")) { Path = Passages });

        using var snapshot = await letta.ReadAsync();

        Assert.Empty(snapshot.Missing);
        AssertPassages(letta, snapshot, 450);
    }

    [Fact]
    public async Task Passages_of_a_server_that_repeats_one_short_page_are_said_to_be_missing()
    {
        await using var letta = await Server.OfAsync("0.16.8", passages: 450);
        letta.Sandbox.Faults.Add(new Fault(new IgnoredQueryEffect("limit", "after")) { Path = Passages });

        using var snapshot = await letta.ReadAsync();

        AssertPassages(letta, snapshot, 100);
        Assert.Contains("after the first 100", Assert.Single(snapshot.Missing), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Passages_before_a_page_that_fails_are_kept()
    {
        await using var letta = await Server.OfAsync("0.16.8", passages: 450);
        letta.Sandbox.Faults.Add(new Fault(new StatusEffect(500, """{"detail":"boom"}""")) { Path = Passages, Skip = 1 });

        using var snapshot = await letta.ReadAsync();

        AssertPassages(letta, snapshot, 200);
        Assert.Contains("after the first 200", Assert.Single(snapshot.Missing), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_passage_that_is_a_number_is_missing_and_the_others_are_there()
    {
        await using var letta = await Server.OfAsync("0.16.8", passages: 7);
        letta.Edit(Passages, body => body.AsArray()[3] = 5);

        using var snapshot = await letta.ReadAsync();

        AssertPassages(letta, snapshot, 6);
        Assert.StartsWith("1 archival passages:", Assert.Single(snapshot.Missing), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"message_type":"telepathy_message"}""")]
    [InlineData("""{"content":{"odd":true}}""")]
    [InlineData("""{"content":7}""")]
    public async Task A_message_that_LettaPS_does_not_know_is_missing_and_kept_as_it_is(string odd)
    {
        await using var letta = await Server.OfAsync("0.16.8", messages: 40);
        var lost = string.Empty;
        letta.Edit(Messages, body =>
        {
            var item = body.AsArray().OfType<JsonObject>().FirstOrDefault(i => (string?)i["message_type"] == "user_message" && (lost.Length == 0 || (string?)i["id"] == lost));
            if (item is not null)
            {
                lost = (string)item["id"]!;
                foreach (var (name, value) in JsonNode.Parse(odd)!.AsObject())
                {
                    item[name] = value?.DeepClone();
                }
            }
        });

        using var snapshot = await letta.ReadAsync(export: false);

        Assert.Equal(39, snapshot.Messages.Entries.Count);
        Assert.Contains(lost, Assert.Single(snapshot.Missing, m => m.StartsWith("1 messages, first", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(lost, Assert.Single(snapshot.UnreadMessages).GetProperty("id").GetString());
        using var file = letta.Write(snapshot);
        Assert.Equal(lost, file.RootElement.GetProperty("lettaps").GetProperty("unread_messages")[0].GetProperty("id").GetString());
    }

    [Fact]
    public async Task An_export_that_lists_two_agents_of_a_name_gives_no_strangers_messages()
    {
        await using var letta = await Server.OfAsync("0.16.8", messages: 30, agents: 2);
        var stranger = letta.Sandbox.State.Agents.Last();
        stranger.Name = letta.Agent.Name;
        var theirs = await letta.ExportAsync(stranger.Id);
        letta.Edit("/v1/agents/*/export", body =>
        {
            // As in the export of a group, another agent comes first.
            var other = theirs["agents"]![0]!.DeepClone();
            body["agents"]!.AsArray().Insert(0, other);
        });

        using var snapshot = await letta.ReadAsync();

        Assert.Empty(snapshot.Missing);
        Assert.Equal(letta.Agent.Messages.Select(m => m.Id), snapshot.Messages.Entries.Select(e => EntityId.Format("message", e.Id)));
        using var file = letta.Write(snapshot);
        var times = file.RootElement.GetProperty("agents")[0].GetProperty("messages").EnumerateArray().Select(m => m.GetProperty("created_at").GetDateTimeOffset().ToUnixTimeSeconds());
        Assert.Equal(letta.Agent.Messages.Select(m => m.CreatedAt.ToUnixTimeSeconds()), times);
    }

    [Fact]
    public async Task A_source_that_is_listed_twice_is_one_source()
    {
        await using var letta = await Server.OfSeedAsync(a => a.SourceIds.Count > 0);
        letta.Edit("/v1/agents/*", body => body["sources"]!.AsArray().Add(body["sources"]![0]!.DeepClone()));

        using var snapshot = await letta.ReadAsync();
        using var file = letta.Write(snapshot);

        Assert.Equal(letta.Agent.SourceIds.Count, file.RootElement.GetProperty("sources").GetArrayLength());
        Assert.Equal(letta.Sandbox.State.Files.Count(f => letta.Agent.SourceIds.Contains(f.SourceId)), file.RootElement.GetProperty("files").GetArrayLength());
    }

    [Fact]
    public async Task Nesting_200_deep_is_backed_up_as_it_is()
    {
        await using var letta = await Server.OfAsync("0.16.8", messages: 5, passages: 2);
        var deep = string.Concat(Enumerable.Repeat("[", 200)) + string.Concat(Enumerable.Repeat("]", 200));
        letta.EditText("/v1/agents/*", text => text.Replace("\"metadata\":{", $"\"deep\":{deep},\"metadata\":{{", StringComparison.Ordinal));
        letta.EditText(Passages, text => text.Replace("\"text\":", $"\"deep\":{deep},\"text\":", StringComparison.Ordinal));

        using var snapshot = await letta.ReadAsync();
        using var file = letta.Write(snapshot);

        Assert.Equal(deep, file.RootElement.GetProperty("lettaps").GetProperty("state").GetProperty("deep").GetRawText());
        Assert.Equal(deep, file.RootElement.GetProperty("lettaps").GetProperty("passages")[0].GetProperty("deep").GetRawText());
        Assert.Empty((await BackupReader.TestAsync(letta.LastFile, null, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken)).Single().Problems);
    }

    [Fact]
    public async Task Skills_and_whatever_else_an_export_has_that_is_not_known_are_kept()
    {
        await using var letta = await Server.OfAsync("0.16.8", messages: 5);
        letta.Edit("/v1/agents/*/export", body =>
        {
            body["skills"] = new JsonArray(new JsonObject { ["name"] = "tide-table" });
            body["voices"] = "alto";
            body["agents"]![0]!["temperament"] = "choleric";
        });

        using var snapshot = await letta.ReadAsync();
        using var file = letta.Write(snapshot);

        Assert.Equal("tide-table", file.RootElement.GetProperty("skills")[0].GetProperty("name").GetString());
        Assert.Equal("alto", file.RootElement.GetProperty("voices").GetString());
        Assert.Equal("choleric", file.RootElement.GetProperty("agents")[0].GetProperty("temperament").GetString());
    }

    [Fact]
    public async Task Messages_of_a_conversation_that_the_history_does_not_have_are_missing()
    {
        await using var letta = await Server.OfAsync("0.16.8", messages: 20);
        letta.Sandbox.Faults.Add(new Fault(new StatusEffect(200, $$"""[{"id":"conv-00000001-0000-4000-8000-000000000000","agent_id":"{{letta.Agent.Id}}"}]""")) { Path = "/v1/conversations/" });
        letta.Sandbox.Faults.Add(new Fault(new StatusEffect(200, """[{"id":"message-00000009-0000-4000-8000-000000000000","message_type":"user_message","content":"Hi"}]""")) { Path = "/v1/conversations/*/messages" });

        using var snapshot = await letta.ReadAsync();

        Assert.Contains("1 of the 1 messages of the conversation conv-00000001", Assert.Single(snapshot.Missing), StringComparison.Ordinal);
    }

    private static void AssertPassages(Server letta, AgentSnapshot snapshot, int count)
    {
        var ids = snapshot.Passages.Read().Select(p => p.GetProperty("id").GetString()!).ToList();
        Assert.Equal(count, ids.Count);
        Assert.Equal(count, ids.Distinct().Count());
        Assert.Subset(letta.Sandbox.State.Passages.Select(p => p.Id).ToHashSet(), ids.ToHashSet());
    }

    private sealed class Server : IAsyncDisposable
    {
        private readonly TempFolder _folder = new();
        private readonly ILettaServer _source;

        private Server(SandboxServer sandbox, AgentRow agent)
        {
            (Sandbox, Agent) = (sandbox, agent);
            _source = new AdapterFactory().OpenServer(new LettaConnection(sandbox.BaseUri));
        }

        public SandboxServer Sandbox { get; }

        public AgentRow Agent { get; }

        public string LastFile => _folder["agent.af"];

        public static async Task<Server> OfAsync(string release, int messages = 10, int passages = 0, int agents = 1)
        {
            var sandbox = await SandboxServer.StartAsync(new SandboxOptions { Release = release, Fleet = Fleet.Generated(new GeneratedOptions { Agents = agents, Messages = messages, Passages = passages }) });
            return new Server(sandbox, sandbox.State.Agents.First());
        }

        public static async Task<Server> OfSeedAsync(Func<AgentRow, bool> which)
        {
            var sandbox = await SandboxServer.StartAsync();
            return new Server(sandbox, sandbox.State.Agents.First(which));
        }

        public void Edit(string path, Action<JsonNode> edit) => EditText(path, text =>
        {
            var body = JsonNode.Parse(text)!;
            edit(body);
            return body.ToJsonString();
        });

        public void EditText(string path, Func<string, string> edit) =>
            Sandbox.Faults.Add(new Fault(new EditEffect(body => Encoding.UTF8.GetBytes(edit(Encoding.UTF8.GetString(body))))) { Method = "GET", Path = path, AgentId = Agent.Id });

        public async Task<JsonNode> ExportAsync(string agentId)
        {
            using var client = new HttpClient();
            return JsonNode.Parse(await client.GetStringAsync(new Uri(Sandbox.BaseUri, $"v1/agents/{agentId}/export"), TestContext.Current.CancellationToken))!;
        }

        public Task<AgentSnapshot> ReadAsync(bool export = true) =>
            _source.ReadAsync(Agent.Id, new SnapshotOptions(_folder.Path, IncludeExport: export), TestContext.Current.CancellationToken);

        public JsonDocument Write(AgentSnapshot snapshot)
        {
            using (var file = File.Create(LastFile))
            {
                Core.AgentFiles.Writing.SnapshotFileWriter.Write(snapshot, [], file, DateTimeOffset.UnixEpoch, TestContext.Current.CancellationToken);
            }

            return JsonDocument.Parse(File.ReadAllBytes(LastFile), new JsonDocumentOptions { MaxDepth = 1000 });
        }

        public async ValueTask DisposeAsync()
        {
            _source.Dispose();
            await Sandbox.DisposeAsync();
            _folder.Dispose();
        }
    }
}
