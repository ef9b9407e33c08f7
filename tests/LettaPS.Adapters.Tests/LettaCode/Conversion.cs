using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Adapters.LettaCode;
using LettaPS.Core.LettaCode;
using LettaPS.Core.Restores;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.LettaCode;

/// <summary>An agent file of a test and the folder that it is converted into.</summary>
internal sealed class Conversion : IDisposable
{
    public const string Source = "agent-0a0a0a0a-0000-4000-8000-00000000000a";
    public const string Id = "agent-local-0a0a0a0a-0000-4000-8000-00000000000a";

    private readonly TempFolder _folder = new();
    private int _messages;

    public Conversion(string agentType = "memgpt_v2_agent")
    {
        Agent = new JsonObject
        {
            ["id"] = "agent-0",
            ["name"] = "AI/ML Expert",
            ["agent_type"] = agentType,
            ["system"] = "You are an expert.\n{CORE_MEMORY}",
            ["description"] = null,
            ["tags"] = new JsonArray("a", "b"),
            ["tool_ids"] = new JsonArray(),
            ["block_ids"] = new JsonArray(),
            ["source_ids"] = new JsonArray(),
            ["messages"] = new JsonArray(),
            ["in_context_message_ids"] = new JsonArray(),
        };
        File = new JsonObject
        {
            ["agents"] = new JsonArray(Agent),
            ["groups"] = new JsonArray(),
            ["blocks"] = new JsonArray(),
            ["files"] = new JsonArray(),
            ["sources"] = new JsonArray(),
            ["tools"] = new JsonArray(),
            ["mcp_servers"] = new JsonArray(),
            ["metadata"] = new JsonObject(),
            ["created_at"] = "2026-11-23T00:00:00Z",
            ["lettaps"] = new JsonObject { ["format"] = 1, ["ids"] = new JsonObject { ["agent-0"] = Source }, ["passages"] = new JsonArray(), ["conversations"] = new JsonArray(), ["missing"] = new JsonArray(), ["left_out"] = new JsonArray() },
        };
        Say("system", "the compiled prompt");
    }

    public JsonObject File { get; }

    public JsonObject Agent { get; }

    public string Root { get; set; } = null!;

    public string DefaultRoot => _folder["root"];

    /// <summary>Adds a message.</summary>
    /// <returns>Its identifier in the file.</returns>
    public string Say(string role, string text, bool inContext = true, JsonArray? calls = null, JsonArray? returns = null, string? time = null, string? name = null) =>
        Add(new JsonObject { ["role"] = role, ["content"] = text.Length == 0 ? new JsonArray() : new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }), ["tool_calls"] = calls, ["tool_returns"] = returns, ["name"] = name }, inContext, time);

    public string Add(JsonObject message, bool inContext = true, string? time = null)
    {
        var id = $"message-{_messages}";
        message["id"] = id;
        message["agent_id"] = "agent-0";
        message["type"] = "message";
        message["created_at"] = time ?? $"2026-03-01T00:{_messages / 60:00}:{_messages++ % 60:00}Z";
        _messages += time is null ? 0 : 1;
        Agent["messages"]!.AsArray().Add(message);
        if (inContext)
        {
            Agent["in_context_message_ids"]!.AsArray().Add(id);
        }

        return id;
    }

    public static JsonArray Call(string id, string name, string arguments) => [new JsonObject { ["id"] = id, ["type"] = "function", ["function"] = new JsonObject { ["name"] = name, ["arguments"] = arguments } }];

    public static JsonArray Return(string id, string text, string status = "success") => [new JsonObject { ["tool_call_id"] = id, ["status"] = status, ["func_response"] = text }];

    public void Block(string label, string value, string? description = "What it is", bool readOnly = false)
    {
        var id = $"block-{File["blocks"]!.AsArray().Count}";
        File["blocks"]!.AsArray().Add(new JsonObject { ["id"] = id, ["label"] = label, ["value"] = value, ["description"] = description, ["read_only"] = readOnly, ["limit"] = 5000 });
        Agent["block_ids"]!.AsArray().Add(id);
    }

    public void Tool(JsonObject tool)
    {
        var id = $"tool-{File["tools"]!.AsArray().Count}";
        tool["id"] = id;
        File["tools"]!.AsArray().Add(tool);
        Agent["tool_ids"]!.AsArray().Add(id);
    }

    /// <summary>What is converted instead of <see cref="File"/>: the state of an agent, as <c>GET /v1/agents/{id}</c> returns it.</summary>
    public JsonObject? State { get; set; }

    /// <summary>The agent file.</summary>
    public async Task<string> SaveAsync()
    {
        var path = _folder[State is null ? "agent.af" : "agent.json"];
        await System.IO.File.WriteAllTextAsync(path, (State ?? File).ToJsonString());
        return path;
    }

    /// <summary>Converts the file.</summary>
    public async Task<LettaCodeAgent> RunAsync(LettaCodeOptions? options = null, Action<string>? onStep = null, IReadOnlyList<LettaCodeProcess>? processes = null, IMemoryRepositories? repositories = null)
    {
        Root ??= DefaultRoot;
        var file = await SaveAsync();
        var work = Directory.CreateDirectory(_folder["work"]).FullName;
        using var plan = await RestorePlan.ReadAsync([file], work, CancellationToken.None);
        Assert.Equal([], plan.Failures.Select(f => f.Message));
        using var export = await LettaCodeExport.OpenAsync(Root, plan, options ?? new(), repositories ?? new GitRepositories(), processes ?? [], TimeProvider.System, onStep, CancellationToken.None);
        return await export.ConvertAsync(Assert.Single(plan.Agents), CancellationToken.None);
    }

    public string ConversationFolder(string key = $"default:{Id}") => Path.Combine(Root, "conversations", LettaCodeFormat.Segment(key));

    /// <summary>The messages of a transcript.</summary>
    public List<JsonElement> Messages(string key = $"default:{Id}") =>
        [.. System.IO.File.ReadLines(Path.Combine(ConversationFolder(key), "messages.jsonl")).Skip(1).Select(l => JsonSerializer.Deserialize<JsonElement>(l))];

    /// <summary>Who says what, in order: <c>user: text</c>.</summary>
    public List<string> Lines(string key = $"default:{Id}") => [.. Messages(key).Select(r => r.GetProperty("message")).Select(m =>
        $"{m.GetProperty("role").GetString()}: {string.Join(" | ", m.GetProperty("content").EnumerateArray().Select(Part))}")];

    public List<string> InContext(string key = $"default:{Id}") =>
        [.. JsonDocument.Parse(System.IO.File.ReadAllText(Path.Combine(ConversationFolder(key), "conversation.json"))).RootElement.GetProperty("in_context_message_ids").EnumerateArray().Select(i => i.GetString()!)];

    public string Memory(string path) => System.IO.File.ReadAllText(Path.Combine(Root, "memfs", Id, "memory", path));

    /// <summary>All files of the root with their contents, but for git's own.</summary>
    public SortedDictionary<string, string> Everything() => new(Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories)
        .Where(f => !f.Contains("/.git/", StringComparison.Ordinal))
        .ToDictionary(f => Path.GetRelativePath(Root, f), f => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(System.IO.File.ReadAllBytes(f)))), StringComparer.Ordinal);

    public void Dispose() => _folder.Dispose();

    private static string Part(JsonElement part) => part.GetProperty("type").GetString() switch
    {
        "text" => part.GetProperty("text").GetString()!,
        "thinking" => $"({part.GetProperty("thinking").GetString()!.Trim()})",
        "toolCall" => $"{part.GetProperty("name").GetString()}{part.GetProperty("arguments").GetRawText()}",
        var other => new StringBuilder(other).Append(':').Append(part.GetProperty("data").GetString()).ToString(),
    };
}
