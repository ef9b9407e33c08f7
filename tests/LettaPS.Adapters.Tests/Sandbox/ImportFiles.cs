using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LettaPS.Sandbox;

namespace LettaPS.Adapters.Tests.Sandbox;

/// <summary>
/// The files of the recorded imports. The recordings hold only their lengths; their notes say what they were: exports of the fleet, as they
/// are or with something done to them, which is done here again.
/// </summary>
internal static partial class ImportFiles
{
    private static readonly Lazy<Task<Dictionary<string, string>>> s_legacy = new(() => ExportAsync("0.11.3"));
    private static readonly Lazy<Task<Dictionary<string, string>>> s_v2 = new(() => ExportAsync("0.16.2"));
    private static readonly Lazy<Task<Dictionary<string, string>>> s_last = new(() => ExportAsync("0.16.8"));

    public static async Task<byte[]> MakeAsync(string release, Exchange exchange, string recorded, SandboxServer server, HttpClient client, CancellationToken cancellationToken)
    {
        if (recorded.StartsWith('\x1f'))
        {
            return [0x1F, 0x8B, 0x08, 0x00, .. "abc"u8];
        }

        if (!recorded.StartsWith("[text of ", StringComparison.Ordinal))
        {
            return Encoding.UTF8.GetBytes(recorded);
        }

        var note = State().Replace(exchange.Note, string.Empty);
        if (release == "0.11.3")
        {
            return Encoding.UTF8.GetBytes(note switch
            {
                "memo default" or "memo append_copy_suffix=false" or "strip_messages" => (await s_legacy.Value)["Memo"],
                "thoth append_copy_suffix=false" => (await s_legacy.Value)["thoth_main_orchestrator"],
                "bad name in file" => Edited((await s_legacy.Value)["Memo"], f => f["name"] = "AI/ML Expert"),
                "truncated" => (await s_legacy.Value)["Memo"][..1000],
                "0.16.2 format" => (await s_v2.Value)["Memo"],
                "AI/ML Expert exported from 0.11.3" => (await s_legacy.Value)["AI/ML Expert"],
                _ => throw new ArgumentException($"Nobody knows the file of {exchange}."),
            });
        }

        if (note == "sleeptime export")
        {
            var agent = server.State.Groups.Single().ManagerAgentId;
            return await client.GetByteArrayAsync(new Uri(server.BaseUri, $"v1/agents/{agent}/export"), cancellationToken);
        }

        var v2 = await s_v2.Value;
        var (thoth, analyzer, memo) = (v2["thoth_main_orchestrator"], v2["system_citation_analyzer"], v2["Memo"]);
        return note switch
        {
            "UTF-8 BOM" => [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(memo)],
            "UTF-16" => [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(memo)],
            "invalid UTF-8" => [.. Encoding.UTF8.GetBytes(memo[..^20]), 0xFF, 0xFE, .. Encoding.UTF8.GetBytes(memo[^20..])],
            _ => Encoding.UTF8.GetBytes(note switch
            {
                "thoth as exported (2 sources attached, one without files)" => thoth,
                "thoth with the dangling source id removed" or "secrets given" => Edited(thoth, f => f["agents"]![0]!["source_ids"] = new JsonArray([.. f["sources"]!.AsArray().Select(s => s!["id"]!.DeepClone())])),
                "curator, append_copy_suffix=false" => v2["organization_curator"],
                "0.16.2 export of citation_analyzer" => analyzer,
                "0.16.8 export of citation_analyzer" => (await s_last.Value)["system_citation_analyzer"],
                _ when note.StartsWith("citation_analyzer, ", StringComparison.Ordinal) => analyzer,
                _ when note.StartsWith("override_existing_tools", StringComparison.Ordinal) => WithTool(analyzer, "custom"),
                "legacy 0.11.3 export" => (await s_legacy.Value)["Memo"],
                "legacy thoth" => (await s_legacy.Value)["thoth_main_orchestrator"],
                "truncated JSON" => memo[..(memo.Length / 2)],
                "double-encoded" => JsonSerializer.Serialize(memo),
                _ => Memo(note, memo),
            }),
        };
    }

    private static string Memo(string note, string memo) => note switch
    {
        _ when NameInFile().Match(note) is { Success: true } name =>
            WithAgent(memo, a => a["name"] = name.Groups[1].Value == "None" ? null : name.Groups[1].Value[1..^1]),
        "tool_ids references unknown tool-99" => WithAgent(memo, a => a["tool_ids"]!.AsArray().Add("tool-99")),
        "block_ids references unknown block-99" => WithAgent(memo, a => a["block_ids"]!.AsArray().Add("block-99")),
        "agent.tools lists unknown tool name" => WithAgent(memo, a => a["tools"] = new JsonArray("no_such_tool")),
        "in_context id not among messages" => WithAgent(memo, a => a["in_context_message_ids"]!.AsArray().Add("message-999")),
        "message id bad format" => WithMessage(memo, m => m["id"] = "message-abc"),
        "duplicate message ids" => WithAgent(memo, a => a["messages"]!.AsArray().Add(a["messages"]![0]!.DeepClone())),
        "agent id is a uuid" => WithAgent(memo, a => a["id"] = "agent-11111111-1111-4111-8111-111111111111"),
        "llm_config model unknown" => WithAgent(memo, a => a["llm_config"]!["model"] = "no-such-model"),
        "llm endpoint type unknown" => WithAgent(memo, a => a["llm_config"]!["model_endpoint_type"] = "nope"),
        "llm_config missing, model handle unknown" => WithAgent(memo, a => (a["llm_config"], a["model"]) = (null, "openai/nope")),
        "llm_config missing, model handle known" => WithAgent(memo, a => (a["llm_config"], a["model"]) = (null, "openai/gpt-4o-mini")),
        "llm_config kept, model handle unknown too" => WithAgent(memo, a => a["model"] = "openai/nope"),
        "llm_config and model both missing" => WithAgent(memo, a => a["llm_config"] = null),
        "embedding_config missing" => WithAgent(memo, a => a["embedding_config"] = null),
        "embedding_config missing, embedding unknown" => WithAgent(memo, a => (a["embedding_config"], a["embedding"]) = (null, "openai/nope")),
        "unknown agent_type" => WithAgent(memo, a => a["agent_type"] = "nope"),
        "unknown extra fields" => Edited(memo, f => (f["extra"], f["agents"]![0]!["extra"]) = (1, 1)),
        "unknown tool_type" => Edited(memo, f => f["tools"]![0]!["tool_type"] = "nope"),
        "missing tools key" => Edited(memo, f => f.AsObject().Remove("tools")),
        "missing messages key in agent" => WithAgent(memo, a => a.AsObject().Remove("messages")),
        "unknown message role" => WithMessage(memo, m => m["role"] = "nope"),
        "block value longer than limit" => WithBlock(memo, b => b["value"] = new string('x', 30_000)),
        "block limit null" => WithBlock(memo, b => b["limit"] = null),
        "two agents in one file" => WithTwo(memo, "Memo again"),
        "two agents, the second with a bad name" => WithTwo(memo, "a/b"),
        "NUL character in block value" => WithBlock(memo, b => b["value"] = "a\0b"),
        "NUL character in message" => WithMessage(memo, m => m["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = "a\0b" })),
        "empty message list" => WithAgent(memo, a => (a["messages"], a["in_context_message_ids"]) = (new JsonArray(), new JsonArray())),
        "core tool changed" => WithTool(memo, "letta_core"),
        "without credentials" => "{}",
        _ when AsItIs().IsMatch(note) => memo,
        _ => throw new ArgumentException($"Nobody knows the file of {note}."),
    };

    private static string WithAgent(string file, Action<JsonNode> edit) => Edited(file, f => edit(f["agents"]![0]!));

    private static string WithMessage(string file, Action<JsonNode> edit) => WithAgent(file, a => edit(a["messages"]![0]!));

    private static string WithBlock(string file, Action<JsonNode> edit) => Edited(file, f => edit(f["blocks"]![0]!));

    private static string WithTool(string file, string type) =>
        Edited(file, f => f["tools"]!.AsArray().First(t => t!["tool_type"]!.GetValue<string>() == type)!["description"] = "changed");

    private static string WithTwo(string file, string name) => Edited(file, f =>
    {
        var second = f["agents"]![0]!.DeepClone();
        (second["id"], second["name"], second["messages"], second["in_context_message_ids"]) = ("agent-1", name, new JsonArray(), new JsonArray());
        f["agents"]!.AsArray().Add(second);
    });

    private static string Edited(string file, Action<JsonNode> edit)
    {
        var node = JsonNode.Parse(file)!;
        edit(node);
        return node.ToJsonString();
    }

    private static async Task<Dictionary<string, string>> ExportAsync(string release)
    {
        await using var server = await Fixtures.StartAsync(release);
        using var client = new HttpClient();
        Dictionary<string, string> files = [];
        foreach (var agent in server.State.Agents.Where(a => release == "0.11.3" || a.Name != "AI/ML Expert"))
        {
            files[agent.Name!] = await client.GetStringAsync(new Uri(server.BaseUri, $"v1/agents/{agent.Id}/export"));
        }

        return files;
    }

    /// <summary>The state that the server was in, and the word import, at the beginning of a note.</summary>
    [GeneratedRegex(@"^(\[[^\]]*\] ?)?(import:? ?)?")]
    private static partial Regex State();

    [GeneratedRegex("^name in file (.*)$", RegexOptions.Singleline)]
    private static partial Regex NameInFile();

    [GeneratedRegex("^(memo, .*|form name=.*|secrets not JSON|secrets JSON list|project_id form|X-Project-Id header|embedding (known|unknown|malformed)|x-override-embedding-model header|)$")]
    private static partial Regex AsItIs();
}
