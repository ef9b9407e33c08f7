using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using LettaPS.Hosting;
using LettaPS.Sandbox;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.LettaCode;

/// <summary>Recorded fleets of three releases, converted and opened with the real Letta Code.</summary>
public sealed class RealClientTests
{
    [Fact]
    public async Task Every_agent_of_a_set_made_through_the_API_lives_on_in_the_client()
    {
        await using var client = LettaCodeClient.Open();
        await using var server = await Connected.ToAsync(new SandboxOptions { Release = "0.16.8" });
        server.Run($"$null = Export-LettaAgent -Path {server.Path} -Source Api").Succeed();

        await ProveAsync(client, server.Shell, server.Folder.Path, 16);
    }

    [Fact]
    public async Task Every_agent_of_a_set_made_from_a_database_lives_on_in_the_client()
    {
        await using var client = LettaCodeClient.Open();
        await using var database = await (await PostgresServer.GetAsync(15)).CreateFleetAsync("0.16.2", null);
        using var folder = new TempFolder();
        using var shell = new Shell();
        shell.Run("$null = Get-LettaAgent -IncludeHidden -DatabaseUri $args[0] | Export-LettaAgent -Path $args[1]", database.Uri(), folder.Path).Succeed();

        await ProveAsync(client, shell, folder.Path, 16);
    }

    [Fact]
    public async Task Every_legacy_file_of_0_11_3_lives_on_in_the_client()
    {
        await using var client = LettaCodeClient.Open();
        using var folder = new TempFolder();
        using var shell = new Shell();
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Fixtures", "exports", "0.11.3")))
        {
            await using var packed = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
            await using var target = File.Create(folder[Path.GetFileNameWithoutExtension(file)]);
            await packed.CopyToAsync(target, TestContext.Current.CancellationToken);
        }

        await ProveAsync(client, shell, folder.Path, 16);
    }

    [Fact]
    public async Task An_older_client_of_the_same_format_takes_the_agents_too()
    {
        await using var client = LettaCodeClient.Open(LettaCodeClient.Oldest);
        await using var server = await Connected.ToAsync(new SandboxOptions { Release = "0.16.2" });
        server.Run($"$null = Get-LettaAgent 'Lead Engineer', 'AI/ML Expert' | Export-LettaAgent -Path {server.Path}").Succeed();

        await ProveAsync(client, server.Shell, server.Folder.Path, 4);
    }

    private static async Task ProveAsync(LettaCodeClient client, Shell shell, string path, int count)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var agents = shell.Run("ConvertTo-LettaCodeAgent $args[0] $args[1]", path, client.Root).Succeed().Select(a => new Converted(a.Get<string>("AgentId"), a.Get<string>("AgentName"), a.Get<string>("MemoryPath"))).ToList();
        Assert.Equal(count, agents.Count);
        await client.ConnectAsync();

        var listed = (await client.ListAsync()).ToDictionary(a => (string)a["id"]!, a => (string?)a["name"]);
        Assert.Equal(agents.ToDictionary(a => a.AgentId, a => (string?)a.AgentName).OrderBy(a => a.Key), listed.OrderBy(a => a.Key));

        await Parallel.ForEachAsync(agents, new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = cancellationToken }, async (agent, _) => await ProveAsync(client, agent));

        var port = FreePort.Next();
        using var server = client.StartServer(port);
        try
        {
            var models = await ModelsAsync(port, cancellationToken);
            Assert.All(agents, a => Assert.Contains(models, m => m.Contains(a.AgentId, StringComparison.Ordinal) || m == a.AgentName));
        }
        finally
        {
            server.Kill(entireProcessTree: true);
            await server.WaitForExitAsync(cancellationToken);
        }
    }

    private static async Task ProveAsync(LettaCodeClient client, Converted agent)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var transcript = Path.Combine(client.Root, "conversations", Segment($"default:{agent.AgentId}"), "messages.jsonl");
        var rows = await File.ReadAllTextAsync(transcript, cancellationToken);
        var record = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Path.GetDirectoryName(transcript)!, "conversation.json"), cancellationToken))!;
        var inContext = record["in_context_message_ids"]!.AsArray().Select(i => (string)i!).ToHashSet();

        var request = await client.SayAsync(agent.AgentId, $"A question to {agent.AgentId} after the move");

        // The new turn was appended, and not a byte of the old rows changed.
        var after = await File.ReadAllTextAsync(transcript, cancellationToken);
        Assert.StartsWith(rows, after, StringComparison.Ordinal);
        Assert.True(after.Length > rows.Length);

        var messages = request["messages"]!.AsArray().Select(m => m!).ToList();
        var system = string.Join('\n', messages.Where(m => (string?)m["role"] is "system" or "developer").Select(LettaCodeClient.Text));
        foreach (var file in Directory.GetFiles(agent.MemoryPath, "*.md", SearchOption.AllDirectories).Where(f => f.StartsWith(Path.Combine(agent.MemoryPath, "system") + Path.DirectorySeparatorChar, StringComparison.Ordinal)))
        {
            var text = await File.ReadAllTextAsync(file, cancellationToken);
            Assert.Contains(text[(text.IndexOf("\n---\n", StringComparison.Ordinal) + 5)..].Trim(), system, StringComparison.Ordinal);
        }

        var everything = string.Join('\n', messages.Select(m => m.ToJsonString()));
        var old = rows.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(r => JsonNode.Parse(r)!["message"]!).ToList();
        var said = string.Join('\n', messages.Select(LettaCodeClient.Text));
        foreach (var last in old.Where(m => inContext.Contains((string)m["id"]!) && (string?)m["role"] is "user" or "assistant").TakeLast(2).SelectMany(m => m["content"]!.AsArray()).Where(p => (string?)p!["type"] == "text").Select(p => (string)p!["text"]!))
        {
            Assert.Contains(last.Trim(), said, StringComparison.Ordinal);
        }

        foreach (var skill in Directory.Exists(Path.Combine(agent.MemoryPath, "skills")) ? Directory.GetDirectories(Path.Combine(agent.MemoryPath, "skills")) : [])
        {
            Assert.Contains(Path.GetFileName(skill), everything, StringComparison.Ordinal);
        }

        if (old.SelectMany(m => m["content"]!.AsArray()).FirstOrDefault(p => (string?)p!["type"] == "text" && ((string)p["text"]!).Length > 20) is { } oldest)
        {
            var sentence = ((string)oldest["text"]!).Split('\n').First(l => l.Length > 12).Trim();
            Assert.Contains("message", await client.SearchAsync(agent.AgentId, $"\"{sentence.Replace("\"", "", StringComparison.Ordinal)}\""), StringComparison.Ordinal);
        }
    }

    private static string Segment(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static async Task<List<string>> ModelsAsync(int port, CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var models = JsonNode.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/v1/models"), cancellationToken))!["data"]!.AsArray();
                return [.. models.Select(m => (string)m!["id"]!)];
            }
            catch (HttpRequestException) when (attempt < 300)
            {
                await Task.Delay(100, cancellationToken);
            }
        }
    }

    private sealed record Converted(string AgentId, string AgentName, string MemoryPath);
}
