using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Sandbox;

namespace LettaPS.Adapters.Tests.Sandbox;

/// <summary>What an import leaves on the server, which its answer does not tell.</summary>
public class ImportTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("name in file 'AI/ML Expert'", 0, 0, 0, 0)]
    [InlineData("form name='AI/ML'", 0, 2, 0, 0)]
    [InlineData("agent.tools lists unknown tool name", 0, 2, 0, 0)]
    [InlineData("in_context id not among messages", 1, 2, 0, 0)]
    [InlineData("thoth as exported (2 sources attached, one without files)", 0, 5, 1, 3)]
    [InlineData("truncated JSON", 0, 0, 0, 0)]
    public async Task An_import_that_fails_leaves_what_it_had_made(string note, int agents, int blocks, int sources, int files)
    {
        await using var server = await Fixtures.StartAsync("0.16.2");
        using var player = new Player(server, "0.16.2");
        var state = server.State;
        var before = (state.Agents.Count, state.Blocks.Count, state.Sources.Count, state.Files.Count);

        Assert.Empty(await player.PlayAsync(Exchange.Of("0.16.2").Single(e => e.Note == "import: " + note), values: false, Cancel));

        Assert.Equal((agents, blocks, sources, files),
            (state.Agents.Count - before.Item1, state.Blocks.Count - before.Item2, state.Sources.Count - before.Item3, state.Files.Count - before.Item4));
    }

    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task An_agent_that_is_imported_again_has_its_messages_blocks_and_tools(string release)
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Release = release }, Cancel);
        using var client = new HttpClient { BaseAddress = server.BaseUri };
        var agent = server.State.Agents.Single(a => a.Name == "Memo");
        var file = await client.GetByteArrayAsync($"v1/agents/{agent.Id}/export", Cancel);

        await ImportAsync(client, file);

        var again = server.State.Agents.Single(a => a.Name == "Memo_copy");
        var exported = agent.MessageIds.Select(i => agent.Messages.Find(i)!).ToList();
        Assert.Equal(exported.Select(m => (m.Role, m.SingleText, m.CreatedAt)), again.MessageIds.Select(i => again.Messages.Find(i)!).Select(m => (m.Role, m.SingleText, m.CreatedAt)));
        Assert.Equal(agent.ToolIds.Order(), again.ToolIds.Order());
        Assert.Equal(Values(agent.BlockIds), Values(again.BlockIds));
        Assert.Empty(agent.BlockIds.Intersect(again.BlockIds));

        IEnumerable<string> Values(IEnumerable<string> blocks) => blocks.Select(b => server.State.Blocks[b].Value).Order();
    }

    [Fact]
    public async Task A_long_history_comes_in_whole_with_three_messages_in_context()
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Release = "0.16.2" }, Cancel);
        using var client = new HttpClient { BaseAddress = server.BaseUri };
        var memo = server.State.Agents.Single(a => a.Name == "Memo");
        var file = JsonNode.Parse(await client.GetStringAsync($"v1/agents/{memo.Id}/export", Cancel))!;
        var agent = file["agents"]![0]!;
        var one = agent["messages"]!.AsArray().First(m => m!["role"]!.GetValue<string>() == "user")!;
        agent["messages"] = new JsonArray([.. Enumerable.Range(0, 2001).Select(i =>
        {
            var message = one.DeepClone();
            (message["id"], message["content"]) = ($"message-{i}", new JsonArray(new JsonObject { ["type"] = "text", ["text"] = $"number {i}" }));
            return message;
        })]);
        agent["in_context_message_ids"] = new JsonArray("message-0", "message-1999", "message-2000");

        await ImportAsync(client, JsonSerializer.SerializeToUtf8Bytes(file));

        var again = server.State.Agents.Single(a => a.Name == "Memo_copy");
        Assert.Equal(Enumerable.Range(0, 2001).Select(i => $"number {i}"), again.Messages.Select(m => m.SingleText));
        Assert.Equal(["number 0", "number 1999", "number 2000"], again.MessageIds.Select(i => again.Messages.Find(i)!.SingleText));
    }

    private static async Task ImportAsync(HttpClient client, byte[] file)
    {
        using var form = new MultipartFormDataContent { { new ByteArrayContent(file) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } }, "file", "agent.af" } };
        using var answer = await client.PostAsync("v1/agents/import", form, Cancel);
        answer.EnsureSuccessStatusCode();
    }
}
