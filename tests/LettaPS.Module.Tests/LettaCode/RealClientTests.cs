using System.Collections.Concurrent;
using System.Globalization;
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

    [Fact]
    public async Task Trap_10_a_model_whose_provider_is_not_connected_is_refused_by_the_client_and_the_default_is_not()
    {
        await using var client = LettaCodeClient.Open();
        await using var server = await Connected.ToAsync(new SandboxOptions { Release = "0.16.8" });
        server.Run($"$null = Get-LettaAgent 'Incognito' | Export-LettaAgent -Path {server.Path}").Succeed();
        const string Convert = "(ConvertTo-LettaCodeAgent $args[0] $args[1] -Model $args[2] -Force).AgentId";
        await client.ConnectAsync();

        var id = Assert.Single(server.Shell.Run(Convert, server.Folder.Path, client.Root, "openai/gpt-4o-mini").Succeed()).ToString();
        var (code, output, errors) = await client.TryAsync("--backend", "local", "-p", "hello", "--agent", id, "--conversation", "default");

        Assert.NotEqual(0, code);
        Assert.Contains("Provider is not configured: openai", output + errors, StringComparison.Ordinal);

        server.Shell.Run(Convert, server.Folder.Path, client.Root, "local/default").Succeed();
        Assert.NotNull(await client.SayAsync(id, "A question with the default model"));
    }

    [Fact]
    public async Task A_pinned_agent_is_in_the_information_of_the_client()
    {
        await using var client = LettaCodeClient.Open();
        await using var server = await Connected.ToAsync(new SandboxOptions { Release = "0.16.8" });
        server.Run($"$null = Get-LettaAgent 'Incognito' | Export-LettaAgent -Path {server.Path}").Succeed();
        using var console = ConsoleProcess.Start($"(ConvertTo-LettaCodeAgent '{server.Folder.Path}' '{client.Root}' -Pin).AgentId", home: client.Home);
        var (code, output) = await console.FinishAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, code);

        var information = await client.RunAsync("--backend", "local", "--info");

        Assert.Contains("Incognito", information, StringComparison.Ordinal);
        Assert.Contains(output.Trim().Split('\n')[^1], information, StringComparison.Ordinal);
        Assert.DoesNotContain("not found)\n\n", information.Split("Pinned agents:")[1], StringComparison.Ordinal);
    }

    private static async Task ProveAsync(LettaCodeClient client, Shell shell, string path, int count)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var agents = shell.Run("ConvertTo-LettaCodeAgent $args[0] $args[1]", path, client.Root).Succeed().Select(a => new Converted(a.Get<string>("AgentId"), a.Get<string>("AgentName"), a.Get<string>("MemoryPath"))).ToList();
        Assert.Equal(count, agents.Count);
        await client.ConnectAsync();

        var listed = (await client.ListAsync()).ToDictionary(a => (string)a["id"]!, a => (string?)a["name"]);
        Assert.Equal(agents.ToDictionary(a => a.AgentId, a => (string?)a.AgentName).OrderBy(a => a.Key), listed.OrderBy(a => a.Key));

        var transcripts = agents.ToDictionary(a => a.AgentId, a => File.ReadAllText(Transcript(client, a)));
        var proofs = new ConcurrentBag<Proof>();
        await Parallel.ForEachAsync(
            agents,
            new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = cancellationToken },
            async (agent, _) => proofs.Add(await ProveAsync(client, agent, string.Join('\n', transcripts.Where(t => t.Key != agent.AgentId).Select(t => t.Value)))));

        // What no agent of the fleet has is not proved by it.
        Assert.True(proofs.Sum(p => p.Blocks) > 0 && proofs.Sum(p => p.Turns) > 0 && proofs.Sum(p => p.Searches) > 0, string.Join('\n', proofs));

        var port = FreePort.Next();
        using var server = client.StartServer(port);
        try
        {
            var models = await ModelsAsync(port, cancellationToken);
            Assert.All(agents, a => Assert.Contains(models, m => m.Contains(a.AgentId, StringComparison.Ordinal) || m == a.AgentName));

            // While the App Server uses the folder, nothing is written to it.
            var error = Assert.Single(shell.Run("ConvertTo-LettaCodeAgent $args[0] $args[1] -Force", path, client.Root).Errors);
            Assert.StartsWith("LettaCodeInUse", error.FullyQualifiedErrorId, StringComparison.Ordinal);
            Assert.Contains(server.Id.ToString(CultureInfo.InvariantCulture), error.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            server.Kill(entireProcessTree: true);
            await server.WaitForExitAsync(cancellationToken);
        }
    }

    private static string Transcript(LettaCodeClient client, Converted agent) => Path.Combine(client.Root, "conversations", Segment($"default:{agent.AgentId}"), "messages.jsonl");

    private static async Task<Proof> ProveAsync(LettaCodeClient client, Converted agent, string others)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var transcript = Transcript(client, agent);
        var rows = await File.ReadAllTextAsync(transcript, cancellationToken);
        var record = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Path.GetDirectoryName(transcript)!, "conversation.json"), cancellationToken))!;
        var inContext = record["in_context_message_ids"]!.AsArray().Select(i => (string)i!).ToHashSet();

        var request = await client.SayAsync(agent.AgentId, $"A question to {agent.AgentId} after the move");

        // The new turn was appended, and not a byte of the old rows changed.
        var after = await File.ReadAllTextAsync(transcript, cancellationToken);
        Assert.StartsWith(rows, after, StringComparison.Ordinal);
        Assert.True(after.Length > rows.Length);

        var messages = request["messages"]!.AsArray().Select(m => m!).ToList();
        var (blocks, turns, skills, searches) = (0, 0, 0, 0);
        var system = string.Join('\n', messages.Where(m => (string?)m["role"] is "system" or "developer").Select(LettaCodeClient.Text));
        foreach (var file in Directory.GetFiles(agent.MemoryPath, "*.md", SearchOption.AllDirectories).Where(f => f.StartsWith(Path.Combine(agent.MemoryPath, "system") + Path.DirectorySeparatorChar, StringComparison.Ordinal)))
        {
            var text = await File.ReadAllTextAsync(file, cancellationToken);
            Assert.Contains(text[(text.IndexOf("\n---\n", StringComparison.Ordinal) + 5)..].Trim(), system, StringComparison.Ordinal);
            blocks++;
        }

        var old = rows.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(r => JsonNode.Parse(r)!["message"]!).ToList();
        var said = string.Join('\n', messages.Select(LettaCodeClient.Text));
        foreach (var last in old.Where(m => inContext.Contains((string)m["id"]!) && (string?)m["role"] is "user" or "assistant").TakeLast(2).SelectMany(m => m["content"]!.AsArray()).Where(p => (string?)p!["type"] == "text").Select(p => (string)p!["text"]!))
        {
            Assert.Contains(last.Trim(), said, StringComparison.Ordinal);
            turns++;
        }

        // The client lists skills in what it tells the model, and not in calls of tools that have the same name.
        var told = string.Join('\n', messages.Where(m => (string?)m["role"] is "system" or "developer" or "user").Select(LettaCodeClient.Text));
        foreach (var skill in Directory.Exists(Path.Combine(agent.MemoryPath, "skills")) ? Directory.GetDirectories(Path.Combine(agent.MemoryPath, "skills")) : [])
        {
            Assert.Contains(Path.GetFileName(skill), told, StringComparison.Ordinal);
            skills++;
        }

        // The search finds a sentence of the oldest message, and one that no other agent has; what it finds is this agent's.
        var spoken = old.Where(m => (string?)m["role"] is "user" or "assistant").SelectMany(m => m["content"]!.AsArray().Where(p => (string?)p!["type"] == "text").Select(p => (Id: (string)m["id"]!, Sentence: Sentence((string)p!["text"]!)))).Where(s => s.Sentence.Length > 12).ToList();
        var wanted = spoken.Take(1).Concat(spoken.Where(s => !others.Contains(s.Sentence, StringComparison.Ordinal)).Take(1)).Distinct().ToList();
        foreach (var (id, sentence) in wanted)
        {
            var hits = JsonNode.Parse(await client.SearchAsync(agent.AgentId, $"\"{sentence}\""))!.AsArray();
            Assert.Contains(hits, h => ((string)h!["message_id"]!).StartsWith(id, StringComparison.Ordinal) && h["content"]!.ToString().Length > 0);
            Assert.All(hits, h => Assert.Equal(agent.AgentId, (string?)h!["agent_id"]));
            searches++;
        }

        return new Proof(agent.AgentName, blocks, turns, skills, searches, await ContinueOthersAsync(client, agent));
    }

    /// <summary>Another conversation goes on where it was, with all of its rows.</summary>
    private static async Task<int> ContinueOthersAsync(LettaCodeClient client, Converted agent)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var continued = 0;
        foreach (var folder in Directory.GetDirectories(Path.Combine(client.Root, "conversations")))
        {
            var record = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "conversation.json"), cancellationToken))!;
            if ((string?)record["agent_id"] != agent.AgentId || (string?)record["id"] == "default")
            {
                continue;
            }

            var transcript = Path.Combine(folder, "messages.jsonl");
            var rows = await File.ReadAllTextAsync(transcript, cancellationToken);
            await client.SayAsync(agent.AgentId, $"Another question to {agent.AgentId} in {record["id"]}", (string)record["id"]!);
            var after = await File.ReadAllTextAsync(transcript, cancellationToken);
            Assert.StartsWith(rows, after, StringComparison.Ordinal);
            Assert.True(after.Length > rows.Length);
            continued++;
        }

        return continued;
    }

    /// <summary>A line of a text that can be searched as a phrase: the client's own reminders are not part of its search.</summary>
    private static string Sentence(string text) => text.StartsWith("<system-reminder>", StringComparison.Ordinal)
        ? string.Empty
        : text.Split('\n').Select(l => l.Trim()).FirstOrDefault(l => l.Length > 12 && !l.Contains('"', StringComparison.Ordinal) && !l.Contains('\\', StringComparison.Ordinal)) ?? string.Empty;

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

    /// <summary>How much of an agent was found in the client.</summary>
    private sealed record Proof(string Agent, int Blocks, int Turns, int Skills, int Searches, int Conversations);

    private sealed record Converted(string AgentId, string AgentName, string MemoryPath);
}
