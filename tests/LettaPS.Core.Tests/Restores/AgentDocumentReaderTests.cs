using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.AgentFiles.Reading;
using LettaPS.Core.Json;
using LettaPS.TestKit;

namespace LettaPS.Core.Tests.Restores;

public sealed class AgentDocumentReaderTests : IDisposable
{
    private static readonly CancellationToken s_cancel = TestContext.Current.CancellationToken;

    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task A_recorded_agent_file_is_read_whole(string release)
    {
        using var document = await ReadAsync(Fixture.Bytes($"exports/{release}.json.gz"));

        var (file, agent) = (Fixture.Export(release), Assert.Single(document.Agents));
        Assert.Equal(AgentFileFormat.AgentFile, document.Format);
        Assert.Equal(file.GetProperty("agents")[0].GetProperty("messages").GetArrayLength(), agent.Messages.Entries.Count);
        Assert.Equal(file.GetProperty("agents")[0].GetProperty("in_context_message_ids").GetArrayLength(), agent.InContext.Count);
        Assert.Equal(file.GetProperty("blocks").GetArrayLength(), agent.BlockIds.Count);
        Assert.Equal(file.GetProperty("tools").GetArrayLength(), agent.ToolIds.Count);
        Assert.StartsWith("sha256:", agent.SourceId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_was_encoded_twice_is_read_as_once()
    {
        var once = Fixture.Bytes("exports/0.16.2.json.gz");

        using var document = await ReadAsync(JsonSerializer.SerializeToUtf8Bytes(Encoding.UTF8.GetString(once)));

        Assert.Equal(Fixture.Export("0.16.2").GetProperty("agents")[0].GetProperty("messages").GetArrayLength(), Assert.Single(document.Agents).Messages.Entries.Count);
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public async Task A_file_in_UTF_16_is_read_as_in_UTF_8(string encoding)
    {
        var text = Encoding.UTF8.GetString(Fixture.Bytes("exports/0.16.2.json.gz"));
        var into = Encoding.GetEncoding(encoding);

        using var document = await ReadAsync([.. into.GetPreamble(), .. into.GetBytes(text)]);

        Assert.Equal(Fixture.Export("0.16.2").GetProperty("agents")[0].GetProperty("messages").GetArrayLength(), Assert.Single(document.Agents).Messages.Entries.Count);
    }

    /// <summary>Found by damaging files at random: JSON allows a name twice, and Letta takes the last.</summary>
    [Fact]
    public async Task A_name_that_is_given_twice_counts_as_it_was_given_last()
    {
        var legacy = Encoding.UTF8.GetString(Fixture.Bytes("exports/0.11.3-Incognito.json.gz"));
        var twice = legacy.Insert(legacy.IndexOf("\"label\"", StringComparison.Ordinal), "\"label\": \"first\", ");
        Assert.NotEqual(legacy, twice);
        await File.WriteAllTextAsync(_folder["twice.json"], twice, s_cancel);

        await AgentFileConverter.ConvertAsync(_folder["twice.json"], _folder["new.af"], s_cancel);

        using var converted = JsonDocument.Parse(await File.ReadAllBytesAsync(_folder["new.af"], s_cancel));
        Assert.Equal(
            JsonDocument.Parse(legacy).RootElement.GetProperty("core_memory")[0].GetProperty("label").GetString(),
            converted.RootElement.GetProperty("blocks")[0].GetProperty("label").GetString());
    }

    [Fact]
    public async Task A_recorded_legacy_file_becomes_a_valid_agent_file()
    {
        const string name = "exports/0.11.3-Incognito.json.gz";
        var legacy = JsonDocument.Parse(Fixture.Bytes(name)).RootElement;
        await File.WriteAllBytesAsync(_folder["old.json"], Fixture.Bytes(name), s_cancel);

        var result = await AgentFileConverter.ConvertAsync(_folder["old.json"], _folder["new.af"], s_cancel);

        Assert.Equal(AgentFileFormat.Legacy, result.SourceFormat);
        var info = await InspectAsync(_folder["new.af"]);
        Assert.Equal((AgentFileFormat.AgentFile, 1), (info.Format, info.Agents));
        Assert.Empty(info.Problems);
        Assert.Equal(legacy.GetProperty("name").GetString(), info.AgentName);
        Assert.Equal(legacy.GetProperty("messages").GetArrayLength(), info.Messages);
        Assert.Equal(legacy.GetProperty("in_context_message_indices").GetArrayLength(), info.InContext);
        Assert.Equal(legacy.GetProperty("core_memory").GetArrayLength(), info.Blocks);
        Assert.Equal(legacy.GetProperty("tools").GetArrayLength(), info.Tools);
        var agent = JsonNode.Parse(await File.ReadAllBytesAsync(_folder["new.af"], s_cancel))!["agents"]![0]!;
        Assert.Equal(legacy.Items("tags").Select(t => t.GetProperty("tag").GetString()), agent["tags"]!.AsArray().Select(t => (string?)t));
        Assert.Equal(legacy.GetProperty("system").GetString(), (string?)agent["system"]);
        Assert.Equal(legacy.Items("messages").Select(m => m.GetProperty("created_at").GetString()), agent["messages"]!.AsArray().Select(m => (string?)m!["created_at"]));
    }

    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task A_raw_agent_state_becomes_an_agent_file_that_says_what_it_lacks(string release)
    {
        var state = Fixture.State(release);
        await File.WriteAllBytesAsync(_folder["state.json"], Fixture.Bytes($"states/{release}.json.gz"), s_cancel);

        var result = await AgentFileConverter.ConvertAsync(_folder["state.json"], _folder["new.af"], s_cancel);

        Assert.Equal(AgentFileFormat.AgentState, result.SourceFormat);
        Assert.Contains(result.Missing, g => g.StartsWith($"{state.GetProperty("message_ids").GetArrayLength()} messages:", StringComparison.Ordinal));
        Assert.Contains(result.Missing, g => g.StartsWith("Archival passages:", StringComparison.Ordinal));
        var info = await InspectAsync(_folder["new.af"]);
        Assert.Empty(info.Problems);
        Assert.Equal((1, 1), (info.Messages, info.InContext));
        Assert.Equal(state.GetProperty("id").GetString(), info.AgentId);
        Assert.Equal(state.GetProperty("memory").GetProperty("blocks").GetArrayLength(), info.Blocks);
        using var again = await AgentFileReader.ReadAsync(_folder["new.af"], _folder.Path, outline: false, s_cancel);
        Assert.Equal(state.GetProperty("id").GetString(), again.Agents[0].SourceId);
        Assert.Equal(result.Missing, again.Gaps);
    }

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("{", "not well-formed JSON")]
    [InlineData("[]", "holds no agent")]
    [InlineData("null", "not an object")]
    [InlineData("{}", "not an agent")]
    [InlineData("""{"agents":[],"blocks":[]}""", "holds no agent")]
    [InlineData("""{"agents":{},"blocks":[]}""", "agents is not a list")]
    [InlineData("""{"agents":[5],"blocks":[]}""", "agents[0] is not an object")]
    [InlineData("""{"agents":[{"id":"agent-0","messages":[7]}],"blocks":[]}""", "agents[0].messages[0] is not an object")]
    [InlineData("""{"agents":[{"id":"agent-0","messages":[{"id":"message-0"}]}],"blocks":[]}""", "agents[0].messages[0].role is not a text")]
    [InlineData("""{"agents":[{"id":"agent-0","messages":[{"id":"m","role":"user"},{"id":"m","role":"user"}]}],"blocks":[]}""", "another message has already")]
    [InlineData("""{"agents":[{"id":"agent-0","block_ids":"b"}],"blocks":[]}""", "agents[0].block_ids is not a list")]
    [InlineData("""{"agents":[{"id":"agent-0"}],"blocks":[{"label":"x"}]}""", "blocks[0].id is not a text")]
    [InlineData("""{"agents":[{"name":"x"}],"blocks":[]}""", "agents[0].id is missing")]
    [InlineData("""{"core_memory":5,"messages":[]}""", "core_memory is not a list")]
    public async Task A_file_from_a_stranger_is_refused_with_the_place(string content, string place)
    {
        var error = await Assert.ThrowsAsync<LettaException>(() => ReadAsync(Encoding.UTF8.GetBytes(content)));

        Assert.Equal("InvalidAgentFile", error.ErrorId);
        Assert.Contains(place, error.Message, StringComparison.Ordinal);
        Assert.Contains("file.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_identifier_of_a_message_that_is_none_costs_only_itself()
    {
        const string Known = "message-11111111-1111-4111-8111-111111111111";
        using var document = await ReadAsync(Encoding.UTF8.GetBytes($$"""
            {"agents":[{"id":"agent-0","messages":[{"id":"message-0","role":"system"},{"id":"message-1","role":"user"}],"in_context_message_ids":["message-0","message-1"]}],"blocks":[],
             "lettaps":{"message_ids":["../../etc/passwd","{{Known}}"]}
            }
            """));

        Assert.Contains(document.Problems, p => p.Contains("'../../etc/passwd', which is not the identifier of a message", StringComparison.Ordinal));
        var messages = Assert.Single(document.Agents).Messages.Entries;
        Assert.Equal(2, messages.Count);
        Assert.Equal(Guid.Parse(Known["message-".Length..]), messages[1].Id);
        Assert.NotEqual(messages[0].Id, messages[1].Id);
    }

    [Fact]
    public async Task Deep_nesting_is_refused_and_not_followed()
    {
        var error = await Assert.ThrowsAsync<LettaException>(() => ReadAsync(Encoding.UTF8.GetBytes($$"""{"agents":[{"id":"agent-0","metadata":{{new string('[', 100_000)}}""")));

        Assert.Equal("InvalidAgentFile", error.ErrorId);
    }

    [Fact]
    public async Task A_text_of_fifty_megabytes_is_read()
    {
        var text = new string('x', 50 << 20);

        using var document = await ReadAsync(Encoding.UTF8.GetBytes($$"""{"agents":[{"id":"agent-0","name":"n","messages":[{"id":"message-0","role":"system","content":[{"type":"text","text":"{{text}}"}]}],"in_context_message_ids":["message-0"]}],"blocks":[]}"""));

        Assert.True(document.Agents[0].Messages.Row(document.Agents[0].Messages.Entries[0]).Length > 50 << 20);
    }

    [Fact]
    public async Task References_to_nothing_are_left_out_and_said()
    {
        using var document = await ReadAsync("""
            {"agents":[{"id":"agent-0","name":"n","block_ids":["block-7"],"tool_ids":["tool-7"],"source_ids":["source-1"],"in_context_message_ids":["message-9"],
            "messages":[{"id":"message-0","role":"system","content":"old text"}]}],"blocks":[],"sources":[],"tools":[],"files":[]}
            """u8.ToArray());

        var agent = document.Agents[0];
        Assert.Equal((0, 0, 0), (agent.BlockIds.Count, agent.ToolIds.Count, agent.SourceIds.Count));
        Assert.Equal(4, document.Gaps.Count);
        Assert.Equal([0], agent.InContext);
        Assert.Contains("""[{"type":"text","text":"old text"}]""", Encoding.UTF8.GetString(agent.Messages.Row(agent.Messages.Entries[0])), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_without_messages_gets_its_system_message()
    {
        using var document = await ReadAsync("""{"agents":[{"id":"agent-0","name":"n","system":"Be kind."}],"blocks":[]}"""u8.ToArray());

        var agent = document.Agents[0];
        Assert.Equal((1, MessageRole.System), (agent.InContext.Count, agent.Messages.Entries[0].Key.Role));
        Assert.Contains("Be kind.", Encoding.UTF8.GetString(agent.Messages.Row(agent.Messages.Entries[0])), StringComparison.Ordinal);
        Assert.Contains(document.Mended, m => m.Contains("system message", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<AgentFileInfo> InspectAsync(string path)
    {
        return await AgentFileInspector.InspectAsync(path, null, s_cancel);
    }

    private async Task<AgentDocument> ReadAsync(byte[] content)
    {
        await File.WriteAllBytesAsync(_folder["file.json"], content, s_cancel);
        return await AgentFileReader.ReadAsync(_folder["file.json"], _folder.Path, outline: false, s_cancel);
    }
}
