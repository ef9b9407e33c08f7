using System.Text.Json;
using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Files;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>Makes agents from what a client asks for, and changes them: the same for the endpoints and for imports.</summary>
internal sealed class AgentFactory(LettaApi api)
{
    /// <summary>Ids that take the place of those in the request, as an import maps them.</summary>
    internal sealed record Links(string[] ToolIds, string[] BlockIds, string[] SourceIds);

    /// <summary>Makes an agent without messages and keeps it.</summary>
    /// <param name="request">The properties of a CreateAgent request.</param>
    /// <param name="name">Its name.</param>
    /// <param name="links">Its tools, blocks and sources; from the request if left out.</param>
    /// <param name="baseTools">Whether an agent that names no tools gets those that all have.</param>
    public AgentRow Make(JsonElement request, string? name, Links? links, bool baseTools)
    {
        AgentNames.Demand(api.Release, name);
        var llm = request.Property("llm_config") ?? throw new Problem(400, "llm_config is required");
        var type = request.Text("agent_type") ?? (api.Is016 ? "letta_v1_agent" : "memgpt_v2_agent");
        var sleeptime = request.Property("enable_sleeptime") is { ValueKind: JsonValueKind.True };
        var tools = ToolIds(request, links, baseTools ? BaseTools.Of(type, sleeptime) : []);
        var blocks = links?.BlockIds ?? Texts(request.Property("block_ids")) ?? [];
        var row = api.State.Stamp(
            new AgentRow
            {
                Name = name,
                Description = request.Text("description"),
                AgentType = type,
                System = request.Text("system") ?? "You are an agent that keeps its memory in order.",
                LlmConfig = Llm(llm),
                EmbeddingConfig = request.Property("embedding_config"),
                Metadata = request.Property("metadata"),
                ToolRules = baseTools
                    ? BaseTools.Rules(api.Release, request, type, sleeptime, api.State.Tools.Of(tools).Select(t => t.Name!))
                    : request.Property("tool_rules") ?? JsonText.EmptyArray,
                ProjectId = request.Text("project_id"),
                TemplateId = request.Text("template_id"),
                BaseTemplateId = request.Text("base_template_id"),
                MessageBufferAutoclear = request.Property("message_buffer_autoclear")?.GetBoolean() ?? false,
                EnableSleeptime = request.Property("enable_sleeptime")?.GetBoolean(),
                ResponseFormat = request.Property("response_format"),
                CompactionSettings = api.Is016 ? request.Property("compaction_settings") ?? DefaultCompaction(llm) : null,
                Timezone = request.Text("timezone") ?? "UTC",
                MaxFilesOpen = request.Property("max_files_open")?.GetInt32(),
                PerFileViewWindowCharLimit = request.Property("per_file_view_window_char_limit")?.GetInt32(),
                Hidden = api.Is016 ? request.Property("hidden")?.GetBoolean() : null,
                Tags = Texts(request.Property("tags"))?.Distinct().ToList() ?? [],
            },
            "agent");
        if (api.Is0168 && row.Tags.Contains("role:subagent"))
        {
            row.Hidden = true;
        }

        foreach (var block in request.Property("memory_blocks") is { ValueKind: JsonValueKind.Array } given ? given.EnumerateArray() : [])
        {
            // The two blocks that every agent has are described where the client does not.
            row.BlockIds.Add(Block(block, block.Text("label") is "persona" or "human" ? $"What the agent knows about its {block.Text("label")}" : null).Id);
        }

        row.BlockIds.AddRange(blocks.Where(api.State.Blocks.Contains));
        row.ToolIds.AddRange(tools);
        row.SourceIds.AddRange(links?.SourceIds ?? Texts(request.Property("folder_ids")) ?? Texts(request.Property("source_ids")) ?? []);
        Identities(row, request.Property("identity_ids"));
        Variables(row, request.Property("secrets") is { ValueKind: JsonValueKind.Object } secrets && secrets.EnumerateObject().Any()
            ? secrets
            : request.Property("tool_exec_environment_variables"));
        api.State.Agents.Add(row);
        return row;
    }

    /// <summary>Gives an agent the tools for files, and the files of a source.</summary>
    public void OpenSource(AgentRow row, string sourceId)
    {
        BaseTools.AddFileTools(api.State, row);
        foreach (var file in api.State.Files.Where(f => f.SourceId == sourceId && !api.State.FileAgents.Any(x => x.AgentId == row.Id && x.FileId == f.Id)).ToArray())
        {
            OpenFile(row, file, file.Content);
        }
    }

    /// <summary>Shows a file to an agent; beyond the number that it may have open, closed.</summary>
    public void OpenFile(AgentRow agent, FileRow file, string? visible)
    {
        var open = api.State.FileAgents.Count(f => f.AgentId == agent.Id && f.IsOpen) < (agent.MaxFilesOpen ?? AgentShape.FileDefaults(agent).MaxOpen);
        api.State.FileAgents.Add(api.State.Stamp(
            new FileAgentRow
            {
                AgentId = agent.Id,
                FileId = file.Id,
                SourceId = file.SourceId,
                FileName = file.FileName ?? string.Empty,
                IsOpen = open,
                VisibleContent = open ? visible : string.Empty,
                LastAccessedAt = api.State.Now,
            },
            "file_agent"));
    }

    /// <summary>Makes the agent that thinks while another sleeps, with the same blocks and one of its own, and the group of both.</summary>
    public void AddSleeper(AgentRow main)
    {
        var request = JsonText.From(new
        {
            agent_type = "sleeptime_agent",
            block_ids = main.BlockIds,
            memory_blocks = new[] { new { label = "memory_persona", value = "I keep the memory of another agent in order while it rests." } },
            llm_config = main.LlmConfig,
            embedding_config = main.EmbeddingConfig,
            project_id = main.ProjectId,
        });
        var sleeper = Make(request, main.Name + "-sleeptime", null, baseTools: true);
        BeginHistory(sleeper);
        IdentityChangesApi.Group(
            api,
            JsonText.From(new { agent_ids = new[] { sleeper.Id }, manager_config = new { manager_type = "sleeptime", manager_agent_id = main.Id, sleeptime_agent_frequency = 5 } }),
            id => id);
    }

    /// <summary>Makes a block from the properties of a CreateBlock request.</summary>
    public BlockRow Block(JsonElement request, string? description = null)
    {
        var row = new BlockRow
        {
            Label = request.Text("label")!,
            Value = request.Text("value") ?? string.Empty,
            Limit = request.Property("limit")?.GetInt32() ?? 20_000,
            Description = request.Text("description") ?? description,
            Metadata = request.Property("metadata") ?? JsonText.EmptyObject,
            ReadOnly = request.Property("read_only")?.GetBoolean() ?? false,
            PreserveOnMigration = request.Property("preserve_on_migration")?.GetBoolean() ?? false,
            TemplateName = request.Text("template_name") ?? request.Text("name"),
            IsTemplate = request.Property("is_template")?.GetBoolean() ?? false,
            Hidden = api.Is016 ? request.Property("hidden")?.GetBoolean() : null,
            Tags = api.Is0168 ? [.. Texts(request.Property("tags")) ?? []] : [],
        };
        api.State.Blocks.Add(api.State.Stamp(row, "block"));
        return row;
    }

    /// <summary>Changes what a request names. <c>hidden</c> is not among it: no release lets it be changed.</summary>
    public void Update(AgentRow row, JsonElement request)
    {
        row.Name = request.Text("name") ?? row.Name;
        row.System = request.Text("system") ?? row.System;
        row.Description = request.Text("description") ?? row.Description;
        row.LlmConfig = request.Property("llm_config") is { } llm ? Llm(llm) : row.LlmConfig;
        row.EmbeddingConfig = request.Property("embedding_config") ?? row.EmbeddingConfig;
        row.ToolRules = request.Property("tool_rules") ?? row.ToolRules;
        row.Metadata = request.Property("metadata") ?? row.Metadata;
        row.ProjectId = request.Text("project_id") ?? row.ProjectId;
        row.TemplateId = request.Text("template_id") ?? row.TemplateId;
        row.BaseTemplateId = request.Text("base_template_id") ?? row.BaseTemplateId;
        row.MessageBufferAutoclear = request.Property("message_buffer_autoclear")?.GetBoolean() ?? row.MessageBufferAutoclear;
        row.EnableSleeptime = request.Property("enable_sleeptime")?.GetBoolean() ?? row.EnableSleeptime;
        row.ResponseFormat = request.Property("response_format") ?? row.ResponseFormat;
        row.Timezone = request.Text("timezone") ?? row.Timezone;
        row.MaxFilesOpen = request.Property("max_files_open")?.GetInt32() ?? row.MaxFilesOpen;
        row.PerFileViewWindowCharLimit = request.Property("per_file_view_window_char_limit")?.GetInt32() ?? row.PerFileViewWindowCharLimit;
        row.LastRunCompletion = request.Property("last_run_completion")?.GetDateTimeOffset() ?? row.LastRunCompletion;
        row.LastRunDurationMs = request.Property("last_run_duration_ms")?.GetInt64() ?? row.LastRunDurationMs;
        row.MessageIds = Texts(request.Property("message_ids"))?.ToList() ?? row.MessageIds;
        row.ToolIds = Texts(request.Property("tool_ids"))?.Distinct().ToList() ?? row.ToolIds;
        row.BlockIds = Texts(request.Property("block_ids"))?.Distinct().ToList() ?? row.BlockIds;
        row.Tags = Texts(request.Property("tags"))?.Distinct().ToList() ?? row.Tags;
        row.SourceIds = (Texts(api.Is016 ? request.Property("folder_ids") : null) ?? Texts(request.Property("source_ids")))?.Distinct().ToList() ?? row.SourceIds;
        if (request.Property("identity_ids") is { } identities)
        {
            row.IdentityIds.Clear();
            Identities(row, identities);
        }

        if (api.Is016)
        {
            row.CompactionSettings = request.Property("compaction_settings") ?? row.CompactionSettings;
            row.LastStopReason = request.Text("last_stop_reason") ?? row.LastStopReason;
            ModelSettings(row, request.Property("model_settings"));
        }

        if ((api.Is016 ? request.Property("secrets") : null) is { } secrets)
        {
            Variables(row, secrets);
        }
        else if (request.Property("tool_exec_environment_variables") is { } variables)
        {
            Variables(row, variables);
        }

        if (request.Property("context_window_limit") is { } window)
        {
            row.LlmConfig = With(row.LlmConfig, ("context_window", window));
        }

        Touch(row);
    }

    public void Touch(AgentRow row)
    {
        row.UpdatedAt = api.State.Tick();
        row.LastUpdatedById = SandboxState.UserId;
    }

    /// <summary>Replaces an agent's environment variables by those of an object.</summary>
    public void Variables(AgentRow row, JsonElement? variables)
    {
        row.EnvironmentVariables.Clear();
        foreach (var variable in variables is { ValueKind: JsonValueKind.Object } given ? given.EnumerateObject() : default)
        {
            var value = variable.Value.ValueKind == JsonValueKind.String ? variable.Value.GetString()! : variable.Value.GetRawText();
            var added = api.State.Stamp(
                new EnvironmentVariableRow { Key = variable.Name, AgentId = row.Id, Value = api.Is016 ? string.Empty : value, ValueEnc = api.Is016 ? value : null },
                "agent-env");
            added.CreatedById = added.LastUpdatedById = null;
            row.EnvironmentVariables.Add(added);
        }
    }

    /// <summary>The messages that a new agent begins with: the system message, and before 0.12 a first exchange.</summary>
    public void BeginHistory(AgentRow row)
    {
        Add(new MessageRow { Role = "system", Content = [ContentPart.OfText(row.System + "\n\n<memory_blocks>\n</memory_blocks>")] });
        if (row.AgentType is not ("letta_v1_agent" or "sleeptime_agent"))
        {
            const string Id = "call_first";
            Add(new MessageRow
            {
                Role = "assistant",
                Content = [ContentPart.OfText("I am ready.")],
                ToolCalls = [new ToolCall { Id = Id, Function = new ToolCallFunction { Name = "send_message", Arguments = """{"message": "Ready."}""" } }],
            });
            Add(new MessageRow { Role = "tool", Name = "send_message", ToolCallId = Id, Content = [ContentPart.OfText("""{"status": "OK", "message": null}""")] });
            Add(new MessageRow { Role = "user", Content = [ContentPart.OfText("""{"type": "login", "last_login": "Never (first login)"}""")] });
        }

        void Add(MessageRow message)
        {
            message.Model = row.LlmConfig.Text("model");
            row.MessageIds.Add(api.State.Append(row, message).Id);
        }
    }

    /// <summary>The settings that later releases keep inside the model's configuration.</summary>
    private static void ModelSettings(AgentRow row, JsonElement? settings)
    {
        if (settings is not { ValueKind: JsonValueKind.Object } given)
        {
            return;
        }

        List<(string, JsonElement)> changes = [];
        foreach (var (name, column) in new[]
        {
            ("max_output_tokens", "max_tokens"), ("temperature", "temperature"), ("parallel_tool_calls", "parallel_tool_calls"),
            ("response_format", "response_format"), ("verbosity", "verbosity"), ("strict", "strict"),
        })
        {
            if (given.Property(name) is { } value)
            {
                changes.Add((column, value));
            }
        }

        if (given.Property("reasoning")?.Property("reasoning_effort") is { } effort)
        {
            changes.Add(("reasoning_effort", effort));
        }

        row.LlmConfig = With(row.LlmConfig, [.. changes]);
    }

    /// <summary>A model's configuration as a new row gets it: 0.16.8 writes down what it leaves open in rows that are older.</summary>
    private JsonElement Llm(JsonElement given) =>
        api.Is0168 && !given.TryGetProperty("strict", out _) ? With(given, ("strict", JsonText.Parse("false"))) : given;

    private static JsonElement With(JsonElement given, params (string Name, JsonElement Value)[] changes)
    {
        var properties = given.EnumerateObject().ToDictionary(p => p.Name, p => p.Value);
        foreach (var (name, value) in changes)
        {
            properties[name] = value;
        }

        return JsonText.From(properties);
    }

    private JsonElement? DefaultCompaction(JsonElement llm) => api.Is0168
        ? JsonText.From(new
        {
            model = llm.Text("provider_name") is "letta" ? "letta/auto" : "openai/gpt-5-mini",
            model_settings = (object?)null,
            prompt = "Summarize what was said.",
            prompt_acknowledgement = false,
            clip_chars = 50_000,
            mode = "sliding_window",
            sliding_window_percentage = 0.3,
        })
        : null;

    private void Identities(AgentRow row, JsonElement? ids)
    {
        foreach (var id in Texts(ids) ?? [])
        {
            if (!api.State.Identities.Contains(id))
            {
                throw new Problem(409, $"insert or update on table \"identities_agents\" violates foreign key constraint: Key (identity_id)=({id}) is not present");
            }

            row.IdentityIds.Add(id);
        }
    }

    private string[] ToolIds(JsonElement request, Links? links, string[] baseTools)
    {
        var status = api.Is016 ? 400 : 500;
        List<string> ids = [.. links?.ToolIds ?? Texts(request.Property("tool_ids")) ?? []];
        if (ids.FirstOrDefault(i => !api.State.Tools.Contains(i)) is { } unknown)
        {
            throw new Problem(status, $"Tools not found by id:   {{'{unknown}'}}");
        }

        foreach (var name in Texts(request.Property("tools")) ?? [])
        {
            ids.Add((api.State.Tools.FirstOrDefault(t => t.Name == name) ?? throw new Problem(status, $"Tools not found by name: {{'{name}'}}")).Id);
        }

        if (request.Property("include_base_tools") is not { ValueKind: JsonValueKind.False })
        {
            ids.AddRange(api.State.Tools.Where(t => baseTools.Contains(t.Name)).Select(t => t.Id));
        }

        return [.. ids.Distinct()];
    }

    private static string[]? Texts(JsonElement? list) =>
        list is { ValueKind: JsonValueKind.Array } given ? [.. given.EnumerateArray().Select(e => e.GetString()!)] : null;
}
