using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.AgentFiles.Reading;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Backups;
using LettaPS.Core.Json;
using LettaPS.Core.Markdown;
using LettaPS.Core.Restores;
using LettaPS.Core.Tests.Backups;
using LettaPS.TestKit;

namespace LettaPS.Core.Tests.AgentFiles;

/// <summary>A file says what it lacks, and nothing that a reader does not know is dropped in silence.</summary>
public sealed class FileContentTests : IDisposable
{
    private static readonly CancellationToken s_cancel = TestContext.Current.CancellationToken;

    private readonly TempFolder _folder = new();

    [Fact]
    public async Task What_was_left_out_on_request_is_in_the_file_itself()
    {
        var path = _folder["agent.af"];
        using (var snapshot = SmallSet.Snapshot(Guid.Parse("11111111-1111-4111-8111-111111111111"), _folder.Path))
        using (var file = File.Create(path))
        {
            SnapshotFileWriter.Write(snapshot, [AgentFilePart.History, AgentFilePart.Secrets], file, DateTimeOffset.UnixEpoch, s_cancel);
        }

        using var document = await AgentFileReader.ReadAsync(path, _folder.Path, outline: true, s_cancel);

        Assert.Equal(["History", "Secrets"], document.LeftOut.Order());
        Assert.Equal(["History", "Secrets"], (await AgentFileInspector.InspectAsync(path, null, s_cancel)).LeftOut);
    }

    [Fact]
    public async Task Of_a_file_of_Lettas_own_the_format_tells_what_it_cannot_hold()
    {
        using var document = await ReadAsync(Fixture.Bytes("exports/0.16.8.json.gz"));

        Assert.Equal(["Archive", "Conversations", "History", "Identities", "Secrets"], document.LeftOut.Order());
    }

    [Theory]
    [InlineData("exports/0.16.2.json.gz")]
    [InlineData("exports/0.16.8.json.gz")]
    [InlineData("exports/0.11.3-Incognito.json.gz")]
    [InlineData("states/0.11.3.json.gz")]
    [InlineData("states/0.16.2.json.gz")]
    [InlineData("states/0.16.8.json.gz")]
    public async Task Nothing_in_a_file_of_a_real_server_is_unknown(string name)
    {
        using var document = await ReadAsync(Fixture.Bytes(name));

        Assert.Empty(document.Agents.SelectMany(a => UnrestoredContent.Of(document, a)));
    }

    [Fact]
    public async Task Skills_survive_a_conversion_and_are_written_as_Markdown()
    {
        var original = JsonDocument.Parse(Fixture.Bytes("agent-files/skilled.af")).RootElement.GetProperty("skills");
        await File.WriteAllBytesAsync(_folder["skilled.af"], Fixture.Bytes("agent-files/skilled.af"), s_cancel);

        await AgentFileConverter.ConvertAsync(_folder["skilled.af"], _folder["new.af"], s_cancel);

        var converted = JsonDocument.Parse(await File.ReadAllBytesAsync(_folder["new.af"], s_cancel)).RootElement;
        Assert.True(JsonEquality.Of(original, converted.GetProperty("skills")));
        using var markdown = MarkdownFolder.Open(_folder["markdown"], force: false);
        await markdown.AddAsync(_folder["new.af"], s_cancel);
        var folder = Assert.Single(markdown.Commit()).Path;
        Assert.Contains("tide\\-table".Replace("\\-", "-", StringComparison.Ordinal), await File.ReadAllTextAsync(Path.Combine(folder, "skills.md"), s_cancel), StringComparison.Ordinal);
        Assert.Contains("print('high')\n", Directory.GetFiles(Path.Combine(folder, "skills")).Select(File.ReadAllText));
    }

    [Fact]
    public async Task Skills_are_a_gap_of_every_restore()
    {
        using var document = await ReadAsync(Fixture.Bytes("agent-files/skilled.af"));

        Assert.Contains("1 skills (tide-table)", Assert.Single(UnrestoredContent.Of(document, document.Agents[0])), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_that_the_reader_does_not_know_are_kept_by_a_conversion_and_named_by_a_restore()
    {
        var file = JsonNode.Parse(Fixture.Bytes("exports/0.16.8.json.gz"))!;
        file["voices"] = new JsonArray(new JsonObject { ["name"] = "alto" });
        file["agents"]![0]!["temperament"] = "choleric";
        file["agents"]![0]!["nothing"] = null;
        file["lettaps"] = new JsonObject { ["left_out"] = new JsonArray(), ["from_the_future"] = 7 };
        await File.WriteAllTextAsync(_folder["file.af"], file.ToJsonString(), s_cancel);

        await AgentFileConverter.ConvertAsync(_folder["file.af"], _folder["new.af"], s_cancel);

        var converted = JsonDocument.Parse(await File.ReadAllBytesAsync(_folder["new.af"], s_cancel)).RootElement;
        Assert.Equal("alto", converted.GetProperty("voices")[0].GetProperty("name").GetString());
        Assert.Equal("choleric", converted.GetProperty("agents")[0].GetProperty("temperament").GetString());
        Assert.Equal(7, converted.GetProperty("lettaps").GetProperty("from_the_future").GetInt32());
        using var document = await AgentFileReader.ReadAsync(_folder["new.af"], _folder.Path, outline: true, s_cancel);
        var gaps = UnrestoredContent.Of(document, document.Agents[0]).ToList();
        Assert.Equal(3, gaps.Count);
        Assert.All(["'voices'", "'temperament'", "'lettaps.from_the_future'"], (Action<string>)(name => Assert.Contains(gaps, g => g.Contains(name, StringComparison.Ordinal))));
    }

    [Fact]
    public async Task Conversations_and_identifiers_of_messages_survive_a_conversion()
    {
        using (var set = new SmallSet(Guid.Parse("11111111-1111-4111-8111-111111111111")))
        {
            var file = JsonNode.Parse(await File.ReadAllBytesAsync(Directory.GetFiles(set.Folder, "*.af").Single(), s_cancel))!;
            file["lettaps"]!["conversations"] = new JsonArray(new JsonObject { ["id"] = "conv-1", ["message_ids"] = new JsonArray("message-1") });
            await File.WriteAllTextAsync(_folder["file.af"], file.ToJsonString(), s_cancel);
        }

        await AgentFileConverter.ConvertAsync(_folder["file.af"], _folder["new.af"], s_cancel);

        using var before = await AgentFileReader.ReadAsync(_folder["file.af"], _folder.Path, outline: false, s_cancel);
        using var after = await AgentFileReader.ReadAsync(_folder["new.af"], _folder.Path, outline: false, s_cancel);
        Assert.Equal(1, after.Conversations);
        Assert.Equal(before.Agents[0].Messages.Entries.Select(e => e.Id), after.Agents[0].Messages.Entries.Select(e => e.Id));
        Assert.Empty(after.Problems);
    }

    [Fact]
    public async Task Blocks_within_an_agent_and_variables_under_the_newer_name_are_read()
    {
        using var document = await ReadAsync("""
            {"agents":[{"id":"agent-0","name":"n","memory_blocks":[{"label":"human","value":"Ada"}],"secrets":{"KEY":"v"}}],"blocks":[]}
            """u8.ToArray());

        Assert.Equal("Ada", Assert.Single(document.Blocks).Value.GetProperty("value").GetString());
        Assert.Equal(document.Blocks[0].FileId, Assert.Single(document.Agents[0].BlockIds));
        Assert.Equal("v", document.Agents[0].Config("tool_exec_environment_variables")!.Value.GetProperty("KEY").GetString());
    }

    [Theory]
    [InlineData("""{"value":LIST,"Count":2}""", 2)]
    [InlineData("""{"data":LIST,"has_more":false}""", 2)]
    [InlineData("""{"StatusCode":200,"StatusDescription":"OK","Content":TEXT,"Headers":{}}""", 2)]
    [InlineData("""{"status":200,"body":TEXT}""", 2)]
    [InlineData("""{"response":{"data":LIST}}""", 2)]
    public async Task Answers_are_read_out_of_what_PowerShell_and_scripts_store_around_them(string around, int agents)
    {
        var list = Encoding.UTF8.GetString(Fixture.Bytes("agent-files/list.json"));
        var file = around.Replace("LIST", list, StringComparison.Ordinal).Replace("TEXT", JsonSerializer.Serialize(list), StringComparison.Ordinal);

        using var document = await ReadAsync(Encoding.UTF8.GetBytes(file));

        Assert.Equal(agents, document.Agents.Count);
        Assert.Empty(document.Problems);
    }

    [Theory]
    [InlineData("list.json", 2)]
    [InlineData("sdkwrap.json", 1)]
    [InlineData("utf16.json", 1)]
    public async Task Answers_that_scripts_and_SDKs_stored_are_read_and_pass_the_examination(string name, int agents)
    {
        using var document = await ReadAsync(Fixture.Bytes($"agent-files/{name}"));

        Assert.Equal(agents, document.Agents.Count);
        Assert.All(document.Agents, a => Assert.NotEmpty(a.BlockIds));
        Assert.Equal(agents, document.Agents.Select(a => a.SourceId).Distinct().Count());
        var test = Assert.Single(await BackupReader.TestAsync(_folder["file.json"], null, s_cancel).ToListAsync(s_cancel));
        Assert.Empty(test.Problems);
        await AgentFileConverter.ConvertAsync(_folder["file.json"], _folder["new.af"], s_cancel);
    }

    [Theory]
    [InlineData("psdepth.json", "tools", 0)]
    [InlineData("psdepth2.json", "blocks", 2)]
    public async Task What_PowerShell_cut_off_is_named_and_the_rest_is_read(string name, string lost, int others)
    {
        using var document = await ReadAsync(Fixture.Bytes($"agent-files/{name}"));

        Assert.Single(document.Agents);
        var gaps = document.Gaps.Where(g => g.Contains("-Depth 100", StringComparison.Ordinal)).ToList();
        Assert.Contains(gaps, g => g.Contains(lost, StringComparison.Ordinal));
        Assert.Equal(Math.Max(1, others), gaps.Count);
        var test = Assert.Single(await BackupReader.TestAsync(_folder["file.json"], null, s_cancel).ToListAsync(s_cancel));
        Assert.True(test.Missing.Intersect(gaps).Any());
    }

    [Fact]
    public async Task What_in_a_list_is_not_an_agent_is_a_gap_and_the_agents_are_read()
    {
        var list = JsonNode.Parse(Fixture.Bytes("agent-files/list.json"))!.AsArray();
        list.Insert(1, 7);

        using var document = await ReadAsync(Encoding.UTF8.GetBytes(list.ToJsonString()));

        Assert.Equal(2, document.Agents.Count);
        Assert.Contains(document.Gaps, g => g.StartsWith("Item 1 of the list", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nesting_that_a_server_may_answer_goes_through_a_file_and_back()
    {
        var deep = string.Concat(Enumerable.Repeat("[", 200)) + string.Concat(Enumerable.Repeat("]", 200));
        await File.WriteAllTextAsync(
            _folder["file.af"],
            $$$"""{"agents":[{"id":"agent-0","name":"n","metadata":{"deep":{{{deep}}}},"messages":[{"id":"message-0","role":"system","content":[{"type":"text","text":"x","more":{{{deep}}}}]}]}],"blocks":[],"lettaps":{"passages":[{"id":"p","text":"t","metadata":{{{deep}}}}]}}""",
            s_cancel);

        await AgentFileConverter.ConvertAsync(_folder["file.af"], _folder["new.af"], s_cancel);

        using var document = await AgentFileReader.ReadAsync(_folder["new.af"], _folder.Path, outline: false, s_cancel);
        Assert.Equal(deep, document.Agents[0].Config("metadata")!.Value.GetProperty("deep").GetRawText());
        Assert.Equal(deep, Assert.Single(document.Passages.Read()).GetProperty("metadata").GetRawText());
    }

    public void Dispose() => _folder.Dispose();

    private async Task<AgentDocument> ReadAsync(byte[] content)
    {
        await File.WriteAllBytesAsync(_folder["file.json"], content, s_cancel);
        return await AgentFileReader.ReadAsync(_folder["file.json"], _folder.Path, outline: false, s_cancel);
    }
}
