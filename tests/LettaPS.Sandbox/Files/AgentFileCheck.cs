using System.Globalization;
using System.Text.Json;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Files;

/// <summary>What 0.16 checks of an agent file before it makes anything of it.</summary>
internal sealed class AgentFileCheck(Release release)
{
    private static readonly string[] s_lists = ["agents", "groups", "blocks", "files", "sources", "tools", "mcp_servers"];

    private static readonly Dictionary<string, string> s_prefixes = new()
    {
        ["agents"] = "agent", ["groups"] = "group", ["blocks"] = "block", ["files"] = "file", ["sources"] = "source", ["tools"] = "tool",
        ["mcp_servers"] = "mcp_server",
    };

    private static readonly HashSet<string> s_agentTypes =
    [
        "memgpt_agent", "memgpt_v2_agent", "letta_v1_agent", "react_agent", "workflow_agent", "split_thread_agent", "sleeptime_agent",
        "voice_convo_agent", "voice_sleeptime_agent",
    ];

    private static readonly HashSet<string> s_toolTypes =
    [
        "custom", "letta_core", "letta_memory_core", "letta_multi_agent_core", "letta_sleeptime_core", "letta_voice_sleeptime_core",
        "letta_builtin", "letta_files_core", "external_langchain", "external_composio", "external_mcp",
    ];

    private static readonly HashSet<string> s_endpoints =
    [
        "openai", "anthropic", "google_ai", "google_vertex", "azure", "groq", "ollama", "webui", "webui-legacy", "lmstudio", "lmstudio-legacy",
        "lmstudio-chatcompletions", "llamacpp", "koboldcpp", "vllm", "hugging-face", "mistral", "together", "bedrock", "deepseek", "xai",
        "minimax", "zai", "openrouter", "chatgpt_oauth", "baseten", "fireworks", "zai_coding",
    ];

    private readonly HashSet<string> _roles =
        [.. release >= Release.V0168 ? ["summary"] : Array.Empty<string>(), "system", "user", "assistant", "tool", "function", "approval"];

    /// <summary>Types and required properties. A name that the rule refuses is an error of its own kind.</summary>
    public void Model(JsonElement document)
    {
        List<string> errors = [];
        foreach (var name in s_lists)
        {
            if (document.Property(name) is not { ValueKind: JsonValueKind.Array })
            {
                errors.Add($"{name}\n  Field required [type=missing]");
            }
        }

        foreach (var (agent, i) in Items(document, "agents"))
        {
            AgentNames.Demand(release, agent.ValueKind == JsonValueKind.Object ? agent.Text("name") : null);
            Check(agent, $"agents.{i}", errors);
        }

        foreach (var (block, i) in Items(document, "blocks"))
        {
            Demand(block, $"blocks.{i}", errors, "id", "label", "value");
            if (block.TryGetProperty("limit", out var limit) && limit.ValueKind != JsonValueKind.Number)
            {
                errors.Add($"blocks.{i}.limit\n  Input should be a valid integer [type=int_type]");
            }
            else if (release < Release.V0168 && limit.ValueKind == JsonValueKind.Number && block.Text("value")?.Length > limit.GetInt32())
            {
                errors.Add($"blocks.{i}\n  Value error, Edit failed: Exceeds {limit} character limit [type=value_error]");
            }
        }

        foreach (var (tool, i) in Items(document, "tools"))
        {
            Demand(tool, $"tools.{i}", errors, "id");
            OneOf(tool, "tool_type", s_toolTypes, $"tools.{i}", errors);
        }

        foreach (var (source, i) in Items(document, "sources"))
        {
            Demand(source, $"sources.{i}", errors, "id", "name");
        }

        foreach (var (file, i) in Items(document, "files"))
        {
            Demand(file, $"files.{i}", errors, "id", "source_id");
        }

        foreach (var (group, i) in Items(document, "groups"))
        {
            Demand(group, $"groups.{i}", errors, "id", "agent_ids", "description");
        }

        if (errors.Count > 0)
        {
            throw new Problem(400, $"{errors.Count} validation error{(errors.Count == 1 ? string.Empty : "s")} for AgentFileSchema\n{string.Join('\n', errors)}");
        }
    }

    /// <summary>The form of ids, their uniqueness, and what files refer to; not what agents refer to.</summary>
    public static void References(JsonElement document)
    {
        List<string> errors = [];
        HashSet<string> all = [];
        foreach (var list in s_lists)
        {
            foreach (var (item, _) in Items(document, list))
            {
                Form(item.Text("id")!, s_prefixes[list], "Invalid ID format", errors);
            }
        }

        foreach (var (agent, _) in Items(document, "agents"))
        {
            foreach (var (message, _) in Items(agent, "messages"))
            {
                Form(message.Text("id")!, "message", "Invalid message ID format", errors);
            }
        }

        foreach (var list in s_lists)
        {
            Unique([.. Items(document, list).Select(i => i.Item.Text("id")!)], $"Duplicate {list} IDs found", all, errors);
        }

        foreach (var (agent, _) in Items(document, "agents"))
        {
            Unique([.. Items(agent, "messages").Select(m => m.Item.Text("id")!)], $"Duplicate message IDs in agent {agent.Text("id")}", all, errors);
        }

        var sources = Items(document, "sources").Select(s => s.Item.Text("id")).ToHashSet();
        var files = Items(document, "files").Select(f => f.Item.Text("id")).ToHashSet();
        errors.AddRange(Items(document, "files").Where(f => !sources.Contains(f.Item.Text("source_id")))
            .Select(f => $"File {f.Item.Text("id")} references non-existent source {f.Item.Text("source_id")}"));
        foreach (var (attached, agent) in Items(document, "agents").SelectMany(a => Items(a.Item, "files_agents").Select(f => (f.Item, a.Item))))
        {
            if (!files.Contains(attached.Text("file_id")))
            {
                errors.Add($"File-agent relationship references non-existent file {attached.Text("file_id")}");
            }

            if (!sources.Contains(attached.Text("source_id")))
            {
                errors.Add($"File-agent relationship references non-existent source {attached.Text("source_id")}");
            }

            if (attached.Text("agent_id") != agent.Text("id"))
            {
                errors.Add($"File-agent relationship has mismatched agent_id {attached.Text("agent_id")} vs {agent.Text("id")}");
            }
        }

        if (errors.Count > 0)
        {
            throw new Problem(400, "Schema validation failed: " + string.Join("; ", errors));
        }
    }

    private void Check(JsonElement agent, string where, List<string> errors)
    {
        Demand(agent, where, errors, "id");
        if (agent.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        if (agent.TryGetProperty("name", out var name) && name.ValueKind != JsonValueKind.String)
        {
            errors.Add($"{where}.name\n  Input should be a valid string [type=string_type]");
        }

        OneOf(agent, "agent_type", s_agentTypes, where, errors);
        if (agent.Property("llm_config") is { } llm)
        {
            Demand(llm, where + ".llm_config", errors, "model", "model_endpoint_type", "context_window");
            OneOf(llm, "model_endpoint_type", s_endpoints, where + ".llm_config", errors);
        }

        foreach (var (message, i) in Items(agent, "messages"))
        {
            Demand(message, $"{where}.messages.{i}", errors, "id", "role");
            OneOf(message, "role", _roles, $"{where}.messages.{i}", errors);
            if (message.ValueKind == JsonValueKind.Object && !message.TryGetProperty("content", out _))
            {
                errors.Add($"{where}.messages.{i}.content\n  Field required [type=missing]");
            }
        }
    }

    private static void Demand(JsonElement item, string where, List<string> errors, params ReadOnlySpan<string> names)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            errors.Add($"{where}\n  Input should be a valid dictionary or object [type=model_type]");
            return;
        }

        foreach (var name in names)
        {
            if (!item.TryGetProperty(name, out var value))
            {
                errors.Add($"{where}.{name}\n  Field required [type=missing]");
            }
            else if (value.ValueKind == JsonValueKind.Null)
            {
                errors.Add($"{where}.{name}\n  Input should be a valid value [type=string_type]");
            }
        }
    }

    private static void OneOf(JsonElement item, string name, HashSet<string> allowed, string where, List<string> errors)
    {
        if (item.ValueKind == JsonValueKind.Object && item.Property(name) is { } value && !allowed.Contains(value.ToString()))
        {
            errors.Add($"{where}.{name}\n  Input should be one of {string.Join(", ", allowed.Select(a => $"'{a}'"))} [type=enum]");
        }
    }

    private static void Form(string id, string prefix, string message, List<string> errors)
    {
        if (!id.StartsWith(prefix + "-", StringComparison.Ordinal))
        {
            errors.Add($"{message}: {id} should start with '{prefix}-'");
        }
        else if (!long.TryParse(id.AsSpan(prefix.Length + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
        {
            errors.Add($"{message}: {id} should have integer suffix");
        }
    }

    private static void Unique(string[] ids, string message, HashSet<string> all, List<string> errors)
    {
        var doubles = ids.GroupBy(i => i).Where(g => g.Count() > 1).Select(g => $"'{g.Key}'").ToArray();
        if (doubles.Length > 0)
        {
            errors.Add($"{message}: {{{string.Join(", ", doubles)}}}");
        }

        errors.AddRange(ids.Where(i => !all.Add(i)).Select(i => $"Duplicate ID across entity types: {i}"));
    }

    private static IEnumerable<(JsonElement Item, int Index)> Items(JsonElement element, string name) =>
        element.Property(name) is { ValueKind: JsonValueKind.Array } items ? items.EnumerateArray().Select((item, i) => (item, i)) : [];
}
