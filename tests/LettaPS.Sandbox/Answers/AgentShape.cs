using System.Text.Json;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Answers;

/// <summary>What of an agent's surroundings an answer shows.</summary>
[Flags]
internal enum Relations
{
    None = 0,
    Tools = 1,
    Sources = 2,
    Memory = 4,
    Tags = 8,
    Identities = 16,
    Group = 32,
    Secrets = 64,
    PendingApproval = 128,
    All = Tools | Sources | Memory | Tags | Identities | Group | Secrets,
}

/// <summary>The JSON of an agent.</summary>
internal sealed class AgentShape(Release release, SandboxState state, Shapes shapes, MessageShape messages)
{
    private readonly bool _is016 = release >= Release.V0162;
    private readonly bool _is0168 = release >= Release.V0168;

    public void Write(Utf8JsonWriter w, AgentRow row, Relations with)
    {
        w.WriteStartObject();
        w.Prop("created_by_id"u8, row.CreatedById);
        w.Prop("last_updated_by_id"u8, row.LastUpdatedById);
        w.Prop("created_at"u8, row.CreatedAt);
        w.Prop("updated_at"u8, row.UpdatedAt);
        w.Prop("id"u8, row.Id);
        w.Prop("name"u8, row.Name);
        ToolRules(w, "tool_rules"u8, row.ToolRules);
        w.Prop("message_ids"u8, row.MessageIds);
        w.Prop("system"u8, row.System);
        w.Prop("agent_type"u8, row.AgentType);
        ConfigShape.Llm(release).Write(w, "llm_config"u8, row.LlmConfig);
        ConfigShape.Embedding.Write(w, "embedding_config"u8, row.EmbeddingConfig);
        if (_is016)
        {
            w.Prop("model"u8, row.LlmConfig.Text("handle"));
            w.Prop("embedding"u8, row.EmbeddingConfig?.Text("handle"));
            ModelSettings(w, row.LlmConfig);
            w.Prop("compaction_settings"u8, row.CompactionSettings);
        }

        w.Prop("response_format"u8, row.ResponseFormat);
        w.Prop("description"u8, row.Description);
        w.Prop("metadata"u8, row.Metadata);
        var tags = with.HasFlag(Relations.Tags) || (_is0168 && with.HasFlag(Relations.Memory)) ? row.Tags : [];
        w.WritePropertyName("memory"u8);
        Memory(w, row, with, tags.Contains("git-memory-enabled"));
        if (_is016)
        {
            w.Items("blocks"u8, with.HasFlag(Relations.Memory) ? state.Blocks.Of(row.BlockIds) : [], shapes.Block);
        }

        w.Items("tools"u8, with.HasFlag(Relations.Tools) ? state.Tools.Of(row.ToolIds) : [], shapes.Tool);
        w.Items("sources"u8, with.HasFlag(Relations.Sources) ? state.Sources.Of(row.SourceIds) : [], shapes.Source);
        w.Prop("tags"u8, tags);
        var variables = with.HasFlag(Relations.Secrets) ? row.EnvironmentVariables : [];
        w.Items("tool_exec_environment_variables"u8, variables, shapes.EnvironmentVariable);
        if (_is016)
        {
            w.Items("secrets"u8, variables, shapes.EnvironmentVariable);
        }

        w.Prop("project_id"u8, row.ProjectId);
        w.Prop("template_id"u8, row.TemplateId);
        w.Prop("base_template_id"u8, row.BaseTemplateId);
        if (_is016)
        {
            w.Prop("deployment_id"u8, row.DeploymentId);
            w.Prop("entity_id"u8, row.EntityId);
        }

        var identities = with.HasFlag(Relations.Identities) ? row.IdentityIds : [];
        w.Prop("identity_ids"u8, identities);
        if (_is016)
        {
            w.Items("identities"u8, state.Identities.Of(identities), (x, identity) => shapes.Identity(x, identity, []));
            PendingApproval(w, row, with);
        }

        w.Prop("message_buffer_autoclear"u8, row.MessageBufferAutoclear);
        w.Prop("enable_sleeptime"u8, row.EnableSleeptime);
        var group = with.HasFlag(Relations.Group) ? state.Groups.FirstOrDefault(g => g.ManagerAgentId == row.Id) : null;
        Group(w, "multi_agent_group"u8, group);
        if (_is016)
        {
            Group(w, "managed_group"u8, group);
        }

        w.Prop("last_run_completion"u8, row.LastRunCompletion);
        w.Prop("last_run_duration_ms"u8, row.LastRunDurationMs);
        if (_is016)
        {
            w.Prop("last_stop_reason"u8, row.LastStopReason);
        }

        w.Prop("timezone"u8, row.Timezone);
        w.Prop("max_files_open"u8, row.MaxFilesOpen ?? FileDefaults(row).MaxOpen);
        w.Prop("per_file_view_window_char_limit"u8, CharacterLimit(row));
        w.Prop("hidden"u8, row.Hidden);
        w.WriteEndObject();
    }

    /// <summary>An agent's blocks and open files, as <c>memory</c> and as the answer of <c>core-memory</c>.</summary>
    public void Memory(Utf8JsonWriter w, AgentRow row, Relations with, bool gitEnabled = false)
    {
        var shown = with.HasFlag(Relations.Memory);
        w.WriteStartObject();
        if (_is016)
        {
            w.Prop("agent_type"u8, row.AgentType);
        }

        if (_is0168)
        {
            w.Prop("git_enabled"u8, gitEnabled);
        }

        w.Items("blocks"u8, shown ? state.Blocks.Of(row.BlockIds) : [], shapes.Block);
        w.Items("file_blocks"u8, shown ? state.FileAgents.Where(f => f.AgentId == row.Id) : [],
            (x, file) => shapes.FileBlock(x, file, CharacterLimit(row), "block-" + Ids.Random()));
        w.Prop("prompt_template"u8, _is016 ? string.Empty : "{% for block in blocks %}<{{ block.label }}>{{ block.value }}</{{ block.label }}>{% endfor %}");
        w.WriteEndObject();
    }

    /// <summary>Tool rules as stored, with the properties that 0.16 adds.</summary>
    public void ToolRules(Utf8JsonWriter w, ReadOnlySpan<byte> name, JsonElement? rules)
    {
        if (rules is not { ValueKind: JsonValueKind.Array } given)
        {
            w.Prop(name, rules);
            return;
        }

        w.WriteStartArray(name);
        foreach (var rule in given.EnumerateArray())
        {
            w.WriteStartObject();
            foreach (var property in rule.EnumerateObject())
            {
                property.WriteTo(w);
            }

            WriteMissing(w, rule, "prompt_template");
            if (_is016 && rule.Text("type") is "constrain_child_tools")
            {
                WriteMissing(w, rule, "child_arg_nodes");
            }
            else if (_is016 && rule.Text("type") is "run_first")
            {
                WriteMissing(w, rule, "args");
            }

            w.WriteEndObject();
        }

        w.WriteEndArray();
    }

    /// <summary>How many characters of an open file an agent sees.</summary>
    public static int CharacterLimit(AgentRow row) => row.PerFileViewWindowCharLimit ?? FileDefaults(row).CharacterLimit;

    public static (int MaxOpen, int CharacterLimit) FileDefaults(AgentRow row) =>
        (row.LlmConfig.Property("context_window") is { } window ? window.GetInt64() : 0) switch
        {
            0 => (5, 50_000),
            <= 8_000 => (3, 5_000),
            <= 32_000 => (5, 15_000),
            <= 128_000 => (10, 25_000),
            <= 200_000 => (10, 40_000),
            _ => (15, 40_000),
        };

    private static void WriteMissing(Utf8JsonWriter w, JsonElement rule, string name)
    {
        if (!rule.TryGetProperty(name, out _))
        {
            w.WriteNull(name);
        }
    }

    private void Group(Utf8JsonWriter w, ReadOnlySpan<byte> name, GroupRow? group)
    {
        if (group is null)
        {
            w.WriteNull(name);
            return;
        }

        w.WritePropertyName(name);
        shapes.Group(w, group);
    }

    private void PendingApproval(Utf8JsonWriter w, AgentRow row, Relations with)
    {
        if (with.HasFlag(Relations.PendingApproval) && row.MessageIds is [.., var last] && row.Messages.Find(last) is { Role: "approval", ToolCalls: [_, ..] } request)
        {
            w.WritePropertyName("pending_approval"u8);
            messages.ApprovalRequest(w, request);
        }
        else
        {
            w.WriteNull("pending_approval"u8);
        }
    }

    private void ModelSettings(Utf8JsonWriter w, JsonElement llm)
    {
        if (llm.Text("model_endpoint_type") is not { } provider)
        {
            w.WriteNull("model_settings"u8);
            return;
        }

        w.WriteStartObject("model_settings"u8);
        var google = provider is "google_ai" or "google_vertex";
        w.Prop("max_output_tokens"u8, llm.Property("max_tokens") is { } most && most.GetInt64() != 0 ? most.GetInt64() : google ? 65_536 : 4096);
        w.Prop("parallel_tool_calls"u8, _is0168);
        w.Prop("provider_type"u8, provider);
        w.Prop("temperature"u8, llm.Property("temperature") ?? JsonText.From(_is0168 ? 1.0 : 0.7));
        if (provider == "openai")
        {
            w.WriteStartObject("reasoning"u8);
            w.Prop("reasoning_effort"u8, llm.Text("reasoning_effort") ?? "minimal");
            w.WriteEndObject();
        }
        else if (provider == "anthropic")
        {
            w.WriteStartObject("thinking"u8);
            w.Prop("type"u8, llm.Property("enable_reasoner") is { ValueKind: JsonValueKind.False } ? "disabled" : "enabled");
            w.Prop("budget_tokens"u8, llm.Property("max_reasoning_tokens") is { } budget && budget.GetInt64() != 0 ? budget.GetInt64() : 1024);
            w.WriteEndObject();
            w.Prop("verbosity"u8, llm.Text("verbosity"));
        }

        w.WriteNull("response_format"u8);
        if (_is0168)
        {
            w.Prop("strict"u8, llm.Property("strict") is not { ValueKind: JsonValueKind.False });
        }

        w.WriteEndObject();
    }
}
