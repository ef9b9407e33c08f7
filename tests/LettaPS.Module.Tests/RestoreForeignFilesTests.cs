using System.IO.Compression;
using System.Management.Automation;
using System.Text.Json.Nodes;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;

namespace LettaPS.Module.Tests;

/// <summary>Files that LettaPS did not write: those that real servers gave, and those that no server imports.</summary>
public class RestoreForeignFilesTests
{
    private static readonly string[] s_releases = ["0.11.3", "0.16.2", "0.16.8"];

    public static TheoryData<string, string> Pairs => new(from source in s_releases from target in s_releases select (source, target));

    /// <summary>Texts and long lists of numbers are shortened in recordings; the lists of 0.11.3, which say what is in context, are complete here.</summary>
    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Every_file_that_a_real_server_exported_comes_back_on_every_release(string source, string release)
    {
        await using var target = await Connected.ToAsync(new SandboxOptions { Release = release, Fleet = Fleet.Empty });
        var recorded = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Fixtures", "exports", source)).ToDictionary(f => target.Folder[Path.GetFileNameWithoutExtension(f)], Read);
        foreach (var (path, file) in recorded)
        {
            File.WriteAllText(path, file.ToJsonString());
        }

        var results = target.Run($"Restore-LettaAgent {target.Path}").Succeed();

        Assert.Equal(recorded.Values.Sum(f => (f["agents"] as JsonArray)?.Count ?? 1), results.Count);
        foreach (var result in results)
        {
            var file = recorded[result.Get<string>("Path")];
            var agent = (file["agents"] as JsonArray)?.Single(a => (string?)a!["name"] == result.Get<string>("AgentName")) ?? file;
            AssertSame(agent, target, result);
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_recorded_state_comes_back_on_every_release(string source, string release)
    {
        await using var target = await Connected.ToAsync(new SandboxOptions { Release = release, Fleet = Fleet.Empty });
        File.WriteAllText(target.Folder["state.json"], State(source).ToJsonString());

        AssertSame(State(source), target, Assert.Single(target.Run($"Restore-LettaAgent {target.Path}").Succeed()));
    }

    [Fact]
    public async Task The_users_own_backup_of_that_night_comes_back_with_its_shared_blocks()
    {
        await using var source = await Connected.ToAsync(new SandboxOptions { Release = "0.11.3" });
        await using var target = await Connected.ToAsync(new SandboxOptions { Release = "0.16.2", Fleet = Fleet.Empty });
        using var http = new HttpClient { BaseAddress = source.Server.BaseUri };
        foreach (var agent in source.Server.State.Agents)
        {
            await File.WriteAllBytesAsync(target.Folder[agent.Id + ".json"], await http.GetByteArrayAsync(new Uri($"v1/agents/{agent.Id}", UriKind.Relative), TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);
        }

        var results = target.Run($"Restore-LettaAgent {target.Path}").Succeed();

        Assert.Equal(16, results.Count);
        Assert.All(results, r => Assert.Contains(Gaps(r), g => g.Contains("no text", StringComparison.Ordinal)));
        Assert.Equal(source.Server.State.Agents.Select(a => a.Name).Order(), target.Server.State.Agents.Select(a => a.Name).Order());
        Assert.Equal(source.Server.State.Blocks.Count(b => source.Server.State.Agents.Any(a => a.BlockIds.Contains(b.Id))), target.Server.State.Blocks.Count);
        Assert.All(target.Server.State.Agents, a => Assert.NotEmpty(a.MessageIds));
    }

    [Fact]
    public async Task Agents_of_one_file_share_its_blocks_again()
    {
        foreach (var release in s_releases)
        {
            await using var target = await Connected.ToAsync(new SandboxOptions { Release = release, Fleet = Fleet.Empty });
            var file = Small();
            var second = file["agents"]![0]!.DeepClone();
            second["id"] = "agent-1";
            second["name"] = "Second";
            second["in_context_message_ids"] = new JsonArray("message-1");
            second["messages"]![0]!["id"] = "message-1";
            file["agents"]!.AsArray().Add(second);
            file["groups"] = JsonNode.Parse("""[{"id":"group-0","agent_ids":["agent-1"],"description":"pair","manager_config":{"manager_type":"sleeptime","manager_agent_id":"agent-0","sleeptime_agent_frequency":3}}]""");
            File.WriteAllText(target.Folder["pair.af"], file.ToJsonString());

            var results = target.Run($"Restore-LettaAgent {target.Path}").Succeed();

            Assert.Equal(2, results.Count);
            Assert.Equal([], results.SelectMany(Gaps));
            Assert.Single(target.Server.State.Blocks);
            Assert.Equal(2, target.Server.State.Agents.Count);
            var group = Assert.Single(target.Server.State.Groups);
            Assert.Equal(("Small", "Second", 3), (target.Server.State.Agents.Find(group.ManagerAgentId!)!.Name, target.Server.State.Agents.Find(group.AgentIds.Single())!.Name, group.SleeptimeAgentFrequency));
        }
    }

    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task What_Letta_itself_cannot_import_is_put_right_and_said(string release)
    {
        await using var target = await Connected.ToAsync(new SandboxOptions { Release = release, Fleet = Fleet.Empty });
        var file = Small();
        var agent = file["agents"]![0]!.AsObject();
        agent.Remove("llm_config");
        agent["source_ids"] = new JsonArray("source-1");
        agent["tool_ids"] = new JsonArray("tool-99");
        agent["in_context_message_ids"] = new JsonArray("message-0", "message-77");
        file["blocks"]![0]!["value"] = "longer than its limit\0";
        file["blocks"]![0]!["limit"] = 5;
        file["blocks"]![0]!["id"] = "not-a-number";
        agent["block_ids"] = new JsonArray("not-a-number");
        File.WriteAllText(target.Folder["strange.af"], file.ToJsonString());

        var result = Assert.Single(target.Run($"Restore-LettaAgent {target.Path}").Succeed());

        Assert.Equal("RestoredWithGaps", Status(result));
        Assert.Contains(Gaps(result), g => g.Contains("source-1", StringComparison.Ordinal));
        Assert.Contains(Gaps(result), g => g.Contains("tool-99", StringComparison.Ordinal));
        Assert.Contains(Gaps(result), g => g.StartsWith("1 of the 2 messages in context", StringComparison.Ordinal));
        Assert.Contains(result.Get<IReadOnlyList<string>>("Warnings"), w => w.Contains("no llm_config", StringComparison.Ordinal));
        Assert.Contains(result.Get<IReadOnlyList<string>>("Warnings"), w => w.Contains("U+0000", StringComparison.Ordinal));
        Assert.Equal("longer than its limit", Assert.Single(target.Server.State.Blocks).Value);
    }

    [Fact]
    public async Task A_file_that_is_no_agent_is_one_error_and_the_others_go_on()
    {
        await using var target = await Connected.ToAsync(new SandboxOptions { Fleet = Fleet.Empty });
        File.WriteAllText(target.Folder["a.json"], "{ truncated");
        File.WriteAllText(target.Folder["b.json"], """{"agents":[{"id":"agent-0","messages":[{"id":7,"role":"user"}]}],"blocks":[]}""");
        File.WriteAllText(target.Folder["c.af"], Small().ToJsonString());

        var outcome = target.Run($"Restore-LettaAgent {target.Path}");

        Assert.Equal("Small", Assert.Single(outcome.Output).Get<string>("AgentName"));
        Assert.Equal(2, outcome.Errors.Count);
        Assert.All(outcome.Errors, e => Assert.Equal("InvalidAgentFile,LettaPS.Cmdlets.RestoreLettaAgentCommand", e.FullyQualifiedErrorId));
        Assert.Contains("agents[0].messages[0].id", outcome.Errors[1].Exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("old.json", "new.af")]
    [InlineData("new.af", "old.json")]
    public async Task A_file_and_what_it_was_converted_to_are_one_agent(string first, string second)
    {
        await using var target = await Connected.ToAsync(new SandboxOptions { Fleet = Fleet.Empty });
        File.WriteAllText(target.Folder["old.json"], Read(Path.Combine(AppContext.BaseDirectory, "Fixtures", "exports", "0.11.3", "thoth_main_orchestrator-1358ca.json.gz")).ToJsonString());
        target.Run("ConvertTo-LettaAgentFile $args[0] $args[1]", target.Folder["old.json"], target.Folder["new.af"]).Succeed();
        target.Run("Restore-LettaAgent $args[0]", target.Folder[first]).Succeed();

        var result = Assert.Single(target.Run("Restore-LettaAgent $args[0]", target.Folder[second]).Succeed());

        Assert.Equal("Skipped", result.Get<object>("Status").ToString());
        Assert.Single(target.Server.State.Agents);
    }

    [Fact]
    public async Task A_legacy_file_is_converted_without_a_server()
    {
        await using var target = await Connected.ToAsync(new SandboxOptions { Release = "0.16.2", Fleet = Fleet.Empty });
        File.WriteAllText(target.Folder["old.json"], Read(Path.Combine(AppContext.BaseDirectory, "Fixtures", "exports", "0.11.3", "thoth_main_orchestrator-1358ca.json.gz")).ToJsonString());

        var converted = Assert.Single(target.Run("ConvertTo-LettaAgentFile $args[0] $args[1]", target.Folder["old.json"], target.Folder["new.af"]).Succeed());

        using var http = new HttpClient { BaseAddress = target.Server.BaseUri };
        using var form = new MultipartFormDataContent { { new ByteArrayContent(File.ReadAllBytes(target.Folder["new.af"])), "file", "new.af" } };
        using var answer = await http.PostAsync(new Uri("v1/agents/import", UriKind.Relative), form, TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode);
        Assert.Equal(converted.Get<int>("MessageCount"), Assert.Single(target.Server.State.Agents).Messages.Count);
    }

    [Fact]
    public async Task A_conversion_overwrites_nothing_unless_it_is_asked_for()
    {
        await using var target = await Connected.ToAsync(new SandboxOptions { Fleet = Fleet.Empty });
        File.WriteAllText(target.Folder["state.json"], State("0.16.2").ToJsonString());
        File.WriteAllText(target.Folder["new.af"], "mine");

        var error = Assert.Single(target.Run("ConvertTo-LettaAgentFile $args[0] $args[1]", target.Folder["state.json"], target.Folder["new.af"]).Errors);
        var untouched = File.ReadAllText(target.Folder["new.af"]);
        target.Run("ConvertTo-LettaAgentFile $args[0] $args[1] -Force", target.Folder["state.json"], target.Folder["new.af"]).Succeed();

        // Of several agents, each would take the place of the one before.
        var several = target.Run("$args[0], $args[0] | ConvertTo-LettaAgentFile -OutPath $args[1] -Force", target.Folder["state.json"], target.Folder["new.af"]);
        Assert.Single(several.Output);
        Assert.StartsWith("DestinationPathConflict,", Assert.Single(several.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);

        Assert.StartsWith("AgentFileExists,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal("mine", untouched);
        Assert.Contains(target.Shell.Console.Warnings, w => w.Contains("no text", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Folders_and_backup_objects_are_converted_file_by_file()
    {
        await using var target = await Connected.ToAsync(new SandboxOptions { Fleet = Fleet.Empty });
        var folder = Directory.CreateDirectory(target.Folder["foreign"]).FullName;
        File.WriteAllText(Path.Combine(folder, "state.json"), State("0.16.2").ToJsonString());
        File.WriteAllText(Path.Combine(folder, "small.af"), Small().ToJsonString());
        File.WriteAllText(Path.Combine(folder, "broken.json"), "{");

        foreach (var (command, place) in ((string, string)[])[
            ("ConvertTo-LettaAgentFile $args[0] $args[1]", "by-path"),
            ("Get-LettaBackup $args[0] | ConvertTo-LettaAgentFile -OutPath $args[1]", "by-object"),
            ("Get-Item $args[0] | ConvertTo-LettaAgentFile -OutPath $args[1]", "by-item")])
        {
            var result = target.Run(command, folder, target.Folder[place]);

            Assert.Equal(["small.af", "state.af"], result.Output.Select(o => Path.GetFileName(o.Get<string>("Path"))).Order(StringComparer.Ordinal));
            Assert.All(result.Output, o => Assert.Equal(target.Folder[place], Path.GetDirectoryName(o.Get<string>("Path"))));
            Assert.Equal(Path.Combine(folder, "broken.json"), Assert.Single(result.Errors).TargetObject);
            Assert.Equal(2, Directory.GetFileSystemEntries(target.Folder[place]).Length);
        }
    }

    internal static JsonObject Small() => JsonNode.Parse("""
        {"agents":[{"id":"agent-0","name":"Small","system":"You are small.","agent_type":"memgpt_v2_agent","tags":["a"],"tool_rules":[],
        "llm_config":{"model":"gpt-4o-mini","model_endpoint_type":"openai","context_window":32000,"handle":"openai-proxy/gpt-4o-mini"},
        "embedding_config":{"embedding_endpoint_type":"openai","embedding_model":"text-embedding-3-small","embedding_dim":1536,"handle":"letta/letta-free"},
        "tool_ids":[],"block_ids":["block-0"],"source_ids":[],"in_context_message_ids":["message-0"],
        "messages":[{"id":"message-0","role":"system","content":[{"type":"text","text":"You are small."}],"created_at":"2026-01-17T06:10:00Z"}]}],
        "groups":[],"blocks":[{"id":"block-0","label":"persona","value":"Small.","limit":100}],"files":[],"sources":[],"tools":[],"mcp_servers":[]}
        """)!.AsObject();

    private static void AssertSame(JsonNode agent, Connected target, PSObject result)
    {
        var row = target.Server.State.Agents.Find(result.Get<string>("AgentId"))!;
        Assert.Equal((string?)agent["name"], row.Name);
        Assert.Equal((string?)agent["system"], row.System);
        Assert.Equal((agent["messages"] as JsonArray)?.Count ?? 1, row.Messages.Count);
        Assert.Equal((agent["in_context_message_ids"] ?? agent["in_context_message_indices"])?.AsArray().Count ?? 1, row.MessageIds.Count);
        Assert.Equal([], Gaps(result).Where(g => g.Contains("the server shows", StringComparison.Ordinal) || g.StartsWith("The block", StringComparison.Ordinal) || g.StartsWith("The messages in context", StringComparison.Ordinal)));
    }

    private static JsonObject State(string release) => Read(Path.Combine(AppContext.BaseDirectory, "Fixtures", "states", release + ".json.gz"));

    private static JsonObject Read(string path)
    {
        using var file = File.OpenRead(path);
        using var json = new GZipStream(file, CompressionMode.Decompress);
        return JsonNode.Parse(json)!.AsObject();
    }

    private static string Status(PSObject result) => result.Get<object>("Status").ToString()!;

    private static IReadOnlyList<string> Gaps(PSObject result) => result.Get<IReadOnlyList<string>>("Missing");
}
