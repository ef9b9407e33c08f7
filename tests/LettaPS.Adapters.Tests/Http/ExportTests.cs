using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using LettaPS.Core.Json;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;
using MessageRow = LettaPS.Sandbox.Store.MessageRow;
using PassageRow = LettaPS.Core.AgentFiles.PassageRow;

namespace LettaPS.Adapters.Tests.Http;

/// <summary>What a backup through the API holds, compared with the rows that the server really has.</summary>
public class ExportTests(ExportTests.Seeds seeds) : IClassFixture<ExportTests.Seeds>
{
    public static TheoryData<string> Releases => ["0.11.3", "0.16.2", "0.16.8"];

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Every_message_that_the_server_stores_is_in_the_file_in_order(string release)
    {
        var exported = await seeds.OfAsync(release);

        foreach (var agent in exported.Server.State.Agents)
        {
            var expected = agent.Messages.Select(Describe).ToList();
            var found = exported.Files[agent.Id].GetProperty("agents")[0].Items("messages").Select(Describe).ToList();
            Assert.Equal(expected, found);
        }
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Exactly_the_messages_in_context_are_said_to_be_in_context(string release)
    {
        var exported = await seeds.OfAsync(release);

        foreach (var agent in exported.Server.State.Agents)
        {
            var file = exported.Files[agent.Id];
            var ids = file.GetProperty("lettaps").Strings("message_ids").ToList();
            Assert.Equal(agent.Messages.Select(m => m.Id), ids);
            Assert.Equal(agent.MessageIds, file.GetProperty("agents")[0].Strings("in_context_message_ids").Select(i => ids[Number(i)]));
        }
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Messages_in_context_are_copied_to_the_microsecond(string release)
    {
        var exported = await seeds.OfAsync(release);

        foreach (var agent in exported.Server.State.Agents.Where(a => release == "0.11.3" || a.Name != "AI/ML Expert"))
        {
            var messages = exported.Files[agent.Id].GetProperty("agents")[0].Items("messages").ToList();
            var ids = exported.Files[agent.Id].GetProperty("lettaps").Strings("message_ids").ToList();
            Assert.All(agent.MessageIds, id => Assert.Equal(agent.Messages.Find(id)!.CreatedAt, messages[ids.IndexOf(id)].TimeOrNull("created_at")));
        }
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Every_passage_is_there_with_text_tags_time_and_exact_vector(string release)
    {
        var exported = await seeds.OfAsync(release);
        var state = exported.Server.State;

        foreach (var agent in state.Agents)
        {
            var archives = agent.ArchiveIds.ToHashSet();
            var expected = state.Passages.Where(p => p.ArchiveId is { } a && archives.Contains(a)).ToDictionary(p => p.Id);
            var found = exported.Files[agent.Id].GetProperty("lettaps").Items("passages").ToList();
            Assert.Equal(expected.Keys.Order(), found.Select(p => p.StringOrNull("id")!).Order());
            foreach (var passage in found)
            {
                var row = expected[passage.StringOrNull("id")!];
                Assert.Equal(row.Text, passage.StringOrNull("text"));
                Assert.Equal(row.CreatedAt, passage.TimeOrNull("created_at"));
                Assert.Equal(row.Embedding!, PassageRow.ReadVector(passage)!.Take(row.Embedding!.Length));
                if (release != "0.11.3")
                {
                    Assert.Equal(row.Tags ?? [], passage.Strings("tags"));
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Blocks_tools_tags_rules_sources_files_and_identities_are_those_of_the_server(string release)
    {
        var exported = await seeds.OfAsync(release);
        var state = exported.Server.State;

        foreach (var agent in state.Agents)
        {
            var file = exported.Files[agent.Id];
            var entry = file.GetProperty("agents")[0];
            var ids = file.GetProperty("lettaps").GetProperty("ids").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!);
            Assert.Equal(agent.Name, entry.StringOrNull("name"));
            Assert.Equal(agent.System, entry.StringOrNull("system"));
            Assert.Equal(agent.Tags.Order(), entry.Strings("tags"));
            Assert.Equal((agent.ToolRules is { } rules ? rules.EnumerateArray() : []).Select(r => r.StringOrNull("tool_name")), entry.Items("tool_rules").Select(r => r.StringOrNull("tool_name")));
            Assert.Equal(agent.BlockIds.Order(), entry.Strings("block_ids").Select(i => ids[i]).Order());
            Assert.Equal(agent.ToolIds.Order(), entry.Strings("tool_ids").Select(i => ids[i]).Order());
            Assert.Equal(agent.SourceIds.Order(), entry.Strings("source_ids").Select(i => ids[i]).Order());
            Assert.All(file.Items("blocks"), b => Assert.Equal(state.Blocks.Find(ids[b.StringOrNull("id")!])!.Value, b.StringOrNull("value")));
            Assert.All(file.Items("tools"), t => Assert.Equal(state.Tools.Find(ids[t.StringOrNull("id")!])!.SourceCode, t.StringOrNull("source_code")));
            Assert.Equal(
                state.Files.Where(f => agent.SourceIds.Contains(f.SourceId)).Select(f => (f.Id, f.Content)).Order(),
                file.Items("files").Select(f => (ids[f.StringOrNull("id")!], f.StringOrNull("content"))).Order());
            Assert.Equal(
                agent.IdentityIds.Order(),
                file.GetProperty("lettaps").Items("identities").Select(i => i.StringOrNull("id")!).Order());
        }
    }

    [Theory]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task Conversations_are_there_with_the_messages_that_belong_to_them(string release)
    {
        var exported = await seeds.OfAsync(release);
        var conversations = exported.Server.State.Conversations;

        Assert.NotEmpty(conversations);
        foreach (var conversation in conversations)
        {
            var extension = exported.Files[conversation.AgentId].GetProperty("lettaps");
            var ids = extension.Strings("message_ids").ToList();
            var found = extension.Items("conversations").Single(c => c.StringOrNull("id") == conversation.Id);
            var agent = exported.Server.State.Agents.Find(conversation.AgentId)!;
            Assert.Equal(agent.Messages.Where(m => m.ConversationId == conversation.Id).Select(m => m.Id), found.Strings("message_ids").Select(i => ids[Number(i)]));
        }
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task A_group_is_in_the_files_of_its_members(string release)
    {
        await using var exported = await Exported.AllAsync(new SandboxOptions { Release = release, Fleet = Fleet.SeedWithGroup() });
        var group = Assert.Single(exported.Server.State.Groups);

        var holders = exported.Files.Where(f => f.Value.GetProperty("lettaps").Items("groups").Any(g => g.StringOrNull("id") == group.Id)).Select(f => f.Key);

        Assert.Contains(group.ManagerAgentId!, holders);
        Assert.Equal(18 + 1, exported.Files.Count);
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Reading_changes_nothing_on_the_server(string release)
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Release = release });
        var before = server.State.ContentHash();

        var exported = await seeds.OfAsync(release);

        Assert.Equal(before, exported.Server.State.ContentHash());
        Assert.DoesNotContain(exported.Server.Requests.Entries, r => r.Method != "GET");
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Every_agent_is_complete(string release)
    {
        var exported = await seeds.OfAsync(release);

        Assert.Equal(16, exported.Backups.Count);
        Assert.All(exported.Backups.Values, b => Assert.Empty(b.Missing));
    }

    [Theory]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task An_agent_whose_name_the_export_refuses_is_whole_all_the_same(string release)
    {
        var exported = await seeds.OfAsync(release);
        var agent = exported.Server.State.Agents.Single(a => a.Name == "AI/ML Expert");

        Assert.Contains(exported.Server.Requests.Of("GET", $"/v1/agents/{agent.Id}/export"), r => r.Status == 500);
        Assert.True(exported.Backups[agent.Id].IsComplete);
        Assert.Equal(agent.Messages.Count, exported.Backups[agent.Id].MessageCount);
        Assert.Equal(agent.Messages.Count, exported.Backups[agent.Id].RebuiltMessageCount);
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task When_no_export_works_everything_is_built_from_the_other_answers(string release)
    {
        var whole = await seeds.OfAsync(release);
        await using var built = await Exported.AllAsync(release, s => s.Faults.Add(new Fault(new StatusEffect(500, """{"detail":"An unknown error occurred"}""")) { Path = "/v1/agents/*/export" }));

        foreach (var (id, file) in whole.Files)
        {
            var other = built.Files[id];
            Assert.Equal(file.GetProperty("agents")[0].Items("messages").Select(Describe), other.GetProperty("agents")[0].Items("messages").Select(Describe));
            foreach (var part in (string[])["blocks", "tools", "sources", "files"])
            {
                Assert.Equal(file.GetProperty(part).GetRawText(), other.GetProperty(part).GetRawText());
            }
        }
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Secret_values_are_left_out_unless_they_are_asked_for(string release)
    {
        var without = await seeds.OfAsync(release);
        await using var with = await Exported.AllAsync(release, options: new Core.Sources.SnapshotOptions(".", IncludeSecrets: true));
        var secrets = without.Server.State.Agents.SelectMany(a => a.EnvironmentVariables.Select(v => (Agent: a.Id, v.Key, Value: v.Value ?? v.ValueEnc!))).ToList();

        Assert.NotEmpty(secrets);
        foreach (var (agent, key, value) in secrets)
        {
            Assert.DoesNotContain(value, without.Files[agent].GetRawText(), StringComparison.Ordinal);
            Assert.Equal(string.Empty, without.Files[agent].GetProperty("agents")[0].GetProperty("tool_exec_environment_variables").StringOrNull(key));
            Assert.Equal(value, with.Files[agent].GetProperty("agents")[0].GetProperty("tool_exec_environment_variables").StringOrNull(key));
        }
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task Exports_are_asked_for_one_at_a_time_while_other_reads_overlap(string release)
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Release = release, Latency = TimeSpan.FromMilliseconds(10) });
        using var source = new AdapterFactory().OpenServer(new LettaConnection(server.BaseUri));
        using var folder = new TestKit.TempFolder();
        var cancel = TestContext.Current.CancellationToken;
        var agents = server.State.Agents.Select(a => a.Id).ToList();

        await Parallel.ForEachAsync(agents, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancel }, async (id, token) =>
        {
            using var snapshot = await source.ReadAsync(id, new Core.Sources.SnapshotOptions(folder.Path), token);
        });

        Assert.Equal(1, server.Requests.PeakOf("GET", "/v1/agents/*/export"));
        Assert.True(server.Requests.Peak > 8);
    }

    [Theory]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task Every_message_can_be_had_where_reading_has_damaged_the_rows_that_0_11_wrote(string release)
    {
        await using var exported = await Exported.AllAsync(new SandboxOptions { Release = release, Fleet = Fleet.Seed(Upgrade.Damaged) });

        // Parallel calls, which 0.11 never made, are the one thing that no page can hold (next test).
        foreach (var agent in exported.Server.State.Agents.Where(a => !a.Messages.Any(m => m.ToolCalls?.Count > 1)))
        {
            Assert.Empty(exported.Backups[agent.Id].Missing);
            Assert.Equal(agent.Messages.Select(m => m.Id), exported.Files[agent.Id].GetProperty("lettaps").Strings("message_ids"));
            Assert.All(exported.Files[agent.Id].GetProperty("agents")[0].Items("messages").Where(m => m.StringOrNull("role") == "tool"), m => Assert.NotNull(m.StringOrNull("tool_call_id")));
        }

        Assert.Single(exported.Warnings);
        Assert.Contains("Invoke-LettaSchemaFix -Kind MessageData", exported.Warnings[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.11.3", 0)]
    [InlineData("0.16.2", 1)]
    [InlineData("0.16.8", 1)]
    public async Task All_955_messages_of_the_recorded_fleet_are_had_also_when_reading_has_damaged_its_rows(string release, int warnings)
    {
        var server = await Sandbox.Fixtures.StartAsync(release, repaired: false);
        foreach (var _ in Enumerable.Range(0, 2))
        {
            await using var exported = await Exported.AllAsync(server);

            Assert.All(exported.Backups.Values, b => Assert.Empty(b.Missing));
            Assert.Equal(955, exported.Backups.Values.Sum(b => b.MessageCount));
            Assert.Equal(warnings, exported.Warnings.Count);
            foreach (var agent in server.State.Agents)
            {
                Assert.Equal(agent.Messages.Select(m => m.Id), exported.Files[agent.Id].GetProperty("lettaps").Strings("message_ids"));
            }
        }

        await server.DisposeAsync();
    }

    [Fact]
    public async Task Messages_that_no_page_can_hold_are_named_and_all_before_and_behind_them_are_there()
    {
        await using var exported = await Exported.AllAsync(new SandboxOptions { Release = "0.16.2", Fleet = Fleet.Seed(Upgrade.Damaged) });
        var agent = exported.Server.State.Agents.First(a => a.Messages.Any(m => m.ToolCalls?.Count > 1));

        // What does not follow its call at once (an approval is between them, or it is one of several): the server finds no call for it on any page.
        var unreadable = agent.Messages.Select((m, i) => (m, i))
            .Where(p => p.m is { Role: "tool", ToolCallId: null } && agent.Messages[p.i - 1] is not { Role: "assistant", ToolCalls.Count: 1 })
            .Select(p => p.i).ToList();
        var found = exported.Files[agent.Id].GetProperty("lettaps").Strings("message_ids").ToHashSet();

        Assert.Equal(
            agent.Messages.Where((_, i) => i < unreadable[0] || i > unreadable[^1]).Select(m => m.Id),
            agent.Messages.Where((m, i) => (i < unreadable[0] || i > unreadable[^1]) && found.Contains(m.Id)).Select(m => m.Id));
        Assert.False(exported.Backups[agent.Id].IsComplete);
        Assert.Contains("Messages of the history after message-", exported.Backups[agent.Id].Missing[0], StringComparison.Ordinal);
    }

    /// <summary>The seed fleet of each release, exported once for all tests that only look.</summary>
    public sealed class Seeds : IAsyncDisposable
    {
        private readonly ConcurrentDictionary<string, Lazy<Task<Exported>>> _exports = new();

        public async ValueTask DisposeAsync()
        {
            foreach (var export in _exports.Values)
            {
                await (await export.Value).DisposeAsync();
            }
        }

        internal Task<Exported> OfAsync(string release) => _exports.GetOrAdd(release, r => new(() => Exported.AllAsync(r))).Value;
    }

    private static int Number(string fileId) => int.Parse(fileId[(fileId.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture);

    /// <summary>What of a stored message every view shows.</summary>
    private static string Describe(MessageRow row) => string.Join(
        " | ",
        row.Role is "summary" ? "user" : row.Role,
        row.CreatedAt.ToUnixTimeSeconds(),
        string.Join(" + ", VisibleParts(row)),
        string.Join(" + ", (row.ToolCalls ?? []).Select(c => $"{c.Id} {c.Function.Name} {c.Function.Arguments}")));

    private static string Describe(JsonElement row) => string.Join(
        " | ",
        row.StringOrNull("role") is "summary" ? "user" : row.StringOrNull("role"),
        row.TimeOrNull("created_at")!.Value.ToUnixTimeSeconds(),
        string.Join(" + ", VisibleParts(row)),
        string.Join(" + ", row.Items("tool_calls").Select(c => $"{c.StringOrNull("id")} {c.GetProperty("function").StringOrNull("name")} {c.GetProperty("function").StringOrNull("arguments")}")));

    private static IEnumerable<string> VisibleParts(MessageRow row) => VisibleParts(JsonSerializer.SerializeToElement(row, JsonText.Rows));

    private static IEnumerable<string> VisibleParts(JsonElement row)
    {
        var role = row.StringOrNull("role");
        var returns = row.Items("tool_returns").ToList();
        if (role == "tool")
        {
            var texts = returns.Exists(r => r.TryGetProperty("func_response", out var f) && f.ValueKind != JsonValueKind.Null) ? returns.Select(r => Text(r, "func_response")) : row.Items("content").Select(c => c.StringOrNull("text") ?? string.Empty);
            return texts.Select(t => Packed(t) is { } p ? $"{p.StringOrNull("status")}: {p.StringOrNull("message")}" : t);
        }

        return row.Items("content").Select(c => c.StringOrNull("type") switch
        {
            "text" => "text " + (role is "user" or "summary" && Packed(c.StringOrNull("text")!) is { } p && p.StringOrNull("type") == "user_message" ? p.StringOrNull("message") : c.StringOrNull("text")),
            "reasoning" => $"reasoning {c.StringOrNull("reasoning")} {c.StringOrNull("signature")}",
            "summarized_reasoning" => $"reasoning {string.Concat(c.Items("summary").Select(s => s.StringOrNull("text")))} {c.StringOrNull("encrypted_content")}",
            "redacted_reasoning" => $"redacted {c.StringOrNull("data")}",
            "image" => $"image {c.ObjectOrNull("source")?.StringOrNull("data")}",
            var other => other!,
        });
    }

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var v) ? v.ValueKind == JsonValueKind.String ? v.GetString()! : v.GetRawText() : string.Empty;

    private static JsonElement? Packed(string text)
    {
        try
        {
            return JsonDocument.Parse(text).RootElement is { ValueKind: JsonValueKind.Object } o ? o : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
