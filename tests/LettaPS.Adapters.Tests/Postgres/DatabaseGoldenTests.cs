using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Adapters.Tests.Http;
using LettaPS.Core.Json;

namespace LettaPS.Adapters.Tests.Postgres;

/// <summary>
/// The rows of real servers, in real PostgreSQL, exported from there: the same as what those servers exported themselves, and as what the API gives of
/// the same rows, but for what is listed here.
/// </summary>
public class DatabaseGoldenTests
{
    private const string Default = "the server adds the defaults of its release to what is stored";
    private const string Computed = "the server computes it from what is stored";
    private const string Brought = "servers of 0.16 make the tools that they bring along anew at each start, and the rows are from before";
    private const string Rounded = "the API does not show it exactly (MessageRow)";
    private const string Cut = "the recording that the sandbox plays is cut there";
    private const string Unasked = "the API of 0.11 does not tell, or another name is used there";

    /// <summary>In what a file differs from the server's own export of the agent. A star stands for everything below.</summary>
    private static readonly Dictionary<string, string> s_export = new()
    {
        ["agents[].enable_reasoner"] = "a parameter of making an agent, not a fact of one",
        ["agents[].enable_sleeptime"] = "exports always say false; the true value is in the part lettaps",
        ["agents[].template"] = "a parameter of making an agent, not a fact of one",
        ["agents[].secrets"] = "another name of tool_exec_environment_variables",
        ["agents[].llm_config.*"] = Default,
        ["agents[].max_files_open"] = Default,
        ["agents[].per_file_view_window_char_limit"] = Default,
        ["agents[].messages[].otid"] = "0.16.8 makes up a new one in each export",
        ["tools[].*"] = Brought,
        ["files[]"] = "exports leave out files that the agent never saw",
        ["agents[].source_ids[]"] = "as sources, in their order",
        ["sources[]"] = "exports leave out sources without such files, and cannot be imported then (letta-facts.md 10.1)",
    };

    /// <summary>In what a file differs from the one that is made through the API.</summary>
    private static readonly Dictionary<string, string> s_api = new()
    {
        ["created_at"] = "the time of the export",
        ["lettaps.exported_at"] = "the time of the export",
        ["lettaps.source"] = "the other source",
        ["lettaps.server_version"] = "a database does not know which release runs on it",
        ["metadata.revision_id"] = "the API tells the revision in exports only, and not every agent can be exported",
        ["lettaps.schema_revision"] = "the API tells the revision in exports only, and not every agent can be exported",
        ["lettaps.rebuilt_messages"] = Rounded,
        ["agents[].messages[].created_at"] = Rounded,
        ["agents[].messages[].model"] = Rounded,
        ["agents[].messages[].content[].text"] = Rounded,
        ["agents[].messages[].tool_call_id"] = Rounded,
        ["agents[].messages[].tool_returns"] = Rounded,
        ["agents[].messages[].tool_returns[].func_response"] = Rounded,
        ["agents[].messages[].tool_calls[].function.arguments"] = Cut,
        ["lettaps.passages[].embedding.data"] = Cut,
        ["agents[].llm_config.*"] = Default,
        ["lettaps.state.llm_config.*"] = Default,
        ["agents[].max_files_open"] = Default,
        ["agents[].per_file_view_window_char_limit"] = Default,
        ["lettaps.state.max_files_open"] = Default,
        ["lettaps.state.per_file_view_window_char_limit"] = Default,
        ["lettaps.patch.model_settings"] = Computed,
        ["lettaps.state.model_settings"] = Computed,
        ["lettaps.state.memory"] = "the blocks once more, and what the server computes from files",
        ["lettaps.state.tool_exec_environment_variables"] = "the secrets once more",
        ["lettaps.state.secrets"] = Unasked,
        ["lettaps.state.secrets[].created_at"] = "the API leaves it out",
        ["lettaps.state.secrets[].updated_at"] = "the API leaves it out",
        ["lettaps.state.blocks"] = Unasked,
        ["lettaps.state.blocks[].created_by_id"] = "the API leaves it out",
        ["lettaps.state.blocks[].last_updated_by_id"] = "the API leaves it out",
        ["lettaps.state.identities"] = Unasked,
        ["lettaps.state.model"] = Unasked,
        ["lettaps.state.embedding"] = Unasked,
        ["lettaps.patch.model"] = Unasked,
        ["lettaps.patch.embedding"] = Unasked,
        ["lettaps.archives[]"] = Unasked,
        ["lettaps.identities[].agent_ids"] = "whom else an identity belongs to is in the files of those",
        ["agents[].files_agents[]"] = Unasked,
        ["tools[].*"] = Brought,
        ["lettaps.state.tools[].*"] = Brought,
        ["files[].file_name"] = "lists leave out the name of the source that stored names begin with",
    };

    private static readonly string[] s_lists = ["blocks", "tools", "sources", "files"];

    public static TheoryData<int> Versions => [15, 17];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_file_is_what_the_real_server_exported(int major)
    {
        var found = new List<(string, string, string)>();
        foreach (var release in (string[])["0.16.2", "0.16.8"])
        {
            await using var database = await Fleets.RecordedAsync(major, release);
            await using var source = Fleets.Open(database);
            var agents = await Fleets.ListAsync(source);
            foreach (var path in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Fixtures", "exports", release)).Where(f => !f.EndsWith("Sleepy-group.json.gz", StringComparison.Ordinal)))
            {
                var agent = agents.Single(a => a.Id.EndsWith(Path.GetFileName(path)[^14..^8], StringComparison.Ordinal));
                found.AddRange(JsonDifferences.Between(Comparable(Recorded(path)), Comparable(await Fleets.ExportAsync(source, agent.Id))));
            }
        }

        AssertExactly(s_export, found);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_file_is_what_the_api_gives(int major)
    {
        var found = new List<(string, string, string)>();
        foreach (var release in (string[])["0.11.3", "0.16.2", "0.16.8"])
        {
            await using var database = await Fleets.RecordedAsync(major, release);
            await using var source = Fleets.Open(database);
            await using var server = await Sandbox.Fixtures.StartAsync(release);
            await using var api = await Exported.AllAsync(server);
            foreach (var (id, file) in api.Files)
            {
                found.AddRange(JsonDifferences.Between(WithFileIds(file), WithFileIds(await Fleets.ExportAsync(source, id))));
            }
        }

        AssertExactly(s_api, found);
    }

    /// <summary>A file with the true identifiers of its files, whose numbers depend on the order in which they are listed, and without the rows.</summary>
    private static JsonElement WithFileIds(JsonElement file)
    {
        var copy = JsonObject.Create(file)!;
        var ids = copy["lettaps"]!["ids"]!.AsObject();
        var files = ids.Where(i => i.Key.StartsWith("file", StringComparison.Ordinal)).ToDictionary(i => i.Key, i => (string)i.Value!);
        files.Keys.ToList().ForEach(id => ids.Remove(id));
        copy["lettaps"]!.AsObject().Remove("database");
        return JsonSerializer.Deserialize<JsonElement>(files.Aggregate(copy.ToJsonString(), (text, id) => text.Replace($"\"{id.Key}\"", $"\"{id.Value}\"", StringComparison.Ordinal)));
    }

    private static JsonElement Recorded(string path)
    {
        using var stream = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        return JsonSerializer.Deserialize<JsonElement>(stream);
    }

    /// <summary>A file with those messages that are in context, so that files with more of the history can be compared, and with things known by name instead of number.</summary>
    private static JsonElement Comparable(JsonElement file)
    {
        var copy = JsonObject.Create(file)!;
        copy.Remove("lettaps");
        copy.Remove("created_at");
        var names = s_lists
            .SelectMany(list => file.Items(list).Select(i => (Id: i.StringOrNull("id")!, Name: i.StringOrNull("label") ?? i.StringOrNull("name") ?? i.StringOrNull("file_name"))))
            .ToDictionary(p => p.Id, p => p.Name);
        var agent = copy["agents"]![0]!.AsObject();
        var messages = file.GetProperty("agents")[0].Items("messages").ToDictionary(m => m.StringOrNull("id")!);
        agent["messages"] = new JsonArray([.. file.GetProperty("agents")[0].Strings("in_context_message_ids").Select(id => Unnumbered(messages[id]))]);
        agent.Remove("in_context_message_ids");
        foreach (var list in (string[])["block_ids", "tool_ids", "source_ids"])
        {
            agent[list] = new JsonArray([.. agent[list]!.AsArray().Select(id => names.GetValueOrDefault((string)id!, (string)id!)).Order().Select(n => JsonValue.Create(n))]);
        }

        agent["tags"] = new JsonArray([.. agent["tags"]!.AsArray().Select(t => (string)t!).Order().Select(t => JsonValue.Create(t))]);
        foreach (var item in s_lists.SelectMany(list => copy[list]!.AsArray()).Append(agent).Concat(agent["files_agents"]!.AsArray()))
        {
            foreach (var id in (string[])["id", "source_id", "file_id"])
            {
                item!.AsObject().Remove(id);
            }
        }

        return JsonSerializer.SerializeToElement(copy);
    }

    private static JsonObject Unnumbered(JsonElement message)
    {
        var copy = JsonObject.Create(message)!;
        copy.Remove("id");
        copy.Remove("name");
        return copy;
    }

    /// <summary>Every difference is one of those that are accepted, and each of those is found: a list that says more than there is hides what comes next.</summary>
    private static void AssertExactly(Dictionary<string, string> accepted, List<(string Path, string Expected, string Actual)> found)
    {
        var unexpected = found.Where(d => !accepted.Keys.Any(a => Covers(a, d.Path)))
            .GroupBy(d => d.Path)
            .Select(g => $"{g.Key} ({g.Count()}): {Shorten(g.First().Expected)} <> {Shorten(g.First().Actual)}");
        Assert.Equal(string.Empty, string.Join('\n', unexpected));
        Assert.Equal([], accepted.Keys.Where(a => !found.Exists(d => Covers(a, d.Path))));
    }

    private static bool Covers(string accepted, string path) =>
        accepted.EndsWith('*') ? path.StartsWith(accepted[..^1], StringComparison.Ordinal) : path == accepted;

    private static string Shorten(string text) => text.Length > 100 ? text[..100] : text;
}
