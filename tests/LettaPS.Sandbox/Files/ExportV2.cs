using System.Text.Json;
using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Api;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Files;

/// <summary>
/// The export of 0.16: agent file v2 with the messages that the release takes (0.16.2 the oldest fifty and those in context, 0.16.8 those in
/// context), secrets without values, sources only if the agent has files of them.
/// </summary>
internal sealed class ExportV2(LettaApi api)
{
    private const int Oldest = 50;

    private readonly FileIds _ids = new();

    /// <summary>Called when a request for an export arrives: from here on, numbers begin at zero for everybody.</summary>
    public void Arrived(HttpContext http) => http.Items[this] = _ids.Clear();

    public Answer Export(Call call)
    {
        if (call.QueryBool("use_legacy_format"))
        {
            return Answer.Detail(400, "Legacy format is not supported");
        }

        var id = call.Ids[0];
        if (!api.State.Agents.TryGet(id, out var agent))
        {
            throw new Problem(500, $"Export failed: The following agent IDs were not found: ['{id}']");
        }

        var groups = api.State.Groups.Where(g => g.ManagerAgentId == agent.Id).ToArray();
        AgentRow[] agents = [agent, .. api.State.Agents.Of(groups.SelectMany(g => g.AgentIds).Distinct().Where(i => i != agent.Id))];
        if (agents.FirstOrDefault(a => !AgentNames.IsValid(api.Release, a.Name)) is { } refused)
        {
            throw new Problem(500, "Export failed: " + AgentNames.Error(refused.Name!));
        }

        if (agents.Length > 1 && !Equals(call.Http.Items[this], _ids.Generation) && api.State.Tools.Of(agent.ToolIds).FirstOrDefault() is { } tool)
        {
            throw new Problem(500, $"Export failed: Unexpected new tool ID '{tool.Id}' encountered during conversion. "
                + "All IDs should have been mapped during agent processing.");
        }

        var conversation = api.Is0168 ? call.Query("conversation_id") : null;
        var scrub = api.Is0168 && call.QueryBool("scrub_messages");
        try
        {
            api.State.Schema.Read("agents", "tools", "block", "sources", "files_agents");
            return Export(agents, groups, agent, conversation, scrub);
        }
        catch (SchemaException e)
        {
            throw new Problem(500, "Export failed: " + e.Message);
        }
    }

    private Answer Export(AgentRow[] agents, GroupRow[] groups, AgentRow agent, string? conversation, bool scrub)
    {
        var parts = agents.Select(a => Part(a, a == agent && conversation is not null ? Conversation(conversation) : a.MessageIds, scrub)).ToArray();
        return Answer.Object(w => Write(w, parts, groups), indented: true);
    }

    private List<string> Conversation(string id) =>
        api.State.Conversations.Find(id)?.InContextMessageIds ?? throw new Problem(500, $"Export failed: Conversation {id} not found");

    /// <summary>Chooses what of an agent is exported, and numbers it.</summary>
    private AgentPart Part(AgentRow agent, List<string> inContext, bool scrub)
    {
        var agentId = _ids.Map("agent", agent.Id);
        List<PageRow> messages = [];
        if (!scrub)
        {
            if (!api.Is0168 || inContext.Count == 0)
            {
                Take(Enumerable.Range(0, Math.Min(Oldest, agent.Messages.Count)));
            }

            var taken = messages.Select(m => m.Row.Id).ToHashSet();
            Take(inContext.Where(i => !taken.Contains(i)).Select(i => agent.Messages.IndexOf(i) is >= 0 and var index
                ? index
                : throw new Problem(500, $"Export failed: Unexpected new message ID '{i}' encountered during conversion.")));
        }

        return new AgentPart(
            agent,
            agentId,
            [.. messages.Select(m => (m, _ids.Map("message", m.Row.Id)))],
            scrub ? [] : [.. inContext.Select(i => _ids.Map("message", i))],
            [.. api.State.Tools.Of(agent.ToolIds).Select(t => (t, _ids.Map("tool", t.Id)))],
            [.. api.State.Sources.Of(agent.SourceIds).Select(s => (s, _ids.Map("source", s.Id)))],
            [.. api.State.Blocks.Of(agent.BlockIds).Select(b => (b, _ids.Map("block", b.Id)))],
            [.. api.State.FileAgents.Where(f => f.AgentId == agent.Id).Select(f => (f, _ids.Map("file", f.FileId), _ids.Map("source", f.SourceId)))],
            [.. api.State.Groups.Where(g => g.ManagerAgentId == agent.Id).Select(g => _ids.Map("group", g.Id))]);

        void Take(IEnumerable<int> positions)
        {
            var reader = new PageReader(api.Release);
            var rows = positions.Select(p => agent.Messages[p]).ToArray();
            api.State.Schema.ReadMessages(rows);
            messages.AddRange(rows.Select(reader.Next));
        }
    }

    private void Write(Utf8JsonWriter w, AgentPart[] parts, GroupRow[] groups)
    {
        w.WriteStartObject();
        w.WriteStartArray("agents"u8);
        foreach (var part in parts)
        {
            w.WriteStartObject();
            Agent(w, part);
            w.WriteStartArray("messages"u8);
            foreach (var (row, id) in part.Messages)
            {
                Message(w, row, id, part.Id);
            }

            w.WriteEndArray();
            w.WriteEndObject();
        }

        w.WriteEndArray();
        w.Items("groups"u8, groups, Group);
        w.Items("blocks"u8, parts.SelectMany(p => p.Blocks).DistinctBy(b => b.Id).OrderBy(b => b.Row.Label, StringComparer.Ordinal), (x, b) => Block(x, b.Row, b.Id));
        var files = parts.SelectMany(p => p.Files).DistinctBy(f => f.FileId).ToArray();
        w.Items("files"u8, files, (x, f) => File(x, f.Row, f.FileId, f.SourceId));
        w.Items("sources"u8, files.DistinctBy(f => f.SourceId), (x, f) => Source(x, api.State.Sources[f.Row.SourceId], f.SourceId));
        var tools = parts.SelectMany(p => p.Tools).DistinctBy(t => t.Id).OrderBy(t => t.Row.Name, StringComparer.Ordinal).ToArray();
        w.Items("tools"u8, tools, (x, t) => Tool(x, t.Row, t.Id));
        var servers = tools.Select(t => t.Row.Metadata?.Property("mcp")?.Text("server_id")).OfType<string>().Distinct();
        w.Items("mcp_servers"u8, api.State.McpServers.Of(servers), McpServer);
        if (api.Is0168)
        {
            w.WriteStartArray("skills"u8);
            w.WriteEndArray();
        }

        w.WriteStartObject("metadata"u8);
        w.Prop("revision_id"u8, api.State.Revision);
        w.WriteEndObject();
        w.PropIso("created_at"u8, api.State.Now);
        w.WriteEndObject();
    }

    private void Agent(Utf8JsonWriter w, AgentPart part)
    {
        var row = part.Row;
        w.Prop("name"u8, row.Name);
        Empty(w, "memory_blocks"u8);
        Empty(w, "tools"u8);
        w.Prop("tool_ids"u8, part.Tools.Select(t => t.Id));
        w.Prop("source_ids"u8, part.Sources.Select(s => s.Id));
        Nulls(w, "folder_ids");
        w.Prop("block_ids"u8, part.Blocks.Select(b => b.Id));
        api.Agents.ToolRules(w, "tool_rules"u8, row.ToolRules);
        w.Prop("tags"u8, row.Tags);
        w.Prop("system"u8, row.System);
        w.Prop("agent_type"u8, row.AgentType);
        Nulls(w, "initial_message_sequence");
        False(w, "include_base_tools", "include_multi_agent_tools", "include_base_tool_rules", "include_default_source");
        w.Prop("description"u8, row.Description);
        w.Prop("metadata"u8, row.Metadata);
        ConfigShape.Llm(api.Release).Write(w, "llm_config"u8, row.LlmConfig);
        ConfigShape.Embedding.Write(w, "embedding_config"u8, row.EmbeddingConfig);
        Nulls(w, "model", "embedding", "model_settings", "compaction_settings", "context_window_limit", "embedding_chunk_size", "max_tokens",
            "max_reasoning_tokens");
        False(w, "enable_reasoner");
        Nulls(w, "reasoning", "from_template");
        False(w, "template");
        Nulls(w, "project");
        Variables(w, "tool_exec_environment_variables"u8, row);
        if (row.EnvironmentVariables.Count > 0)
        {
            Variables(w, "secrets"u8, row);
        }
        else
        {
            Nulls(w, "secrets");
        }

        Nulls(w, "memory_variables", "project_id", "template_id", "base_template_id", "identity_ids");
        w.Prop("message_buffer_autoclear"u8, row.MessageBufferAutoclear);
        False(w, "enable_sleeptime");
        w.Prop("response_format"u8, row.ResponseFormat);
        w.Prop("timezone"u8, row.Timezone ?? "UTC");
        w.Prop("max_files_open"u8, row.MaxFilesOpen ?? AgentShape.FileDefaults(row).MaxOpen);
        w.Prop("per_file_view_window_char_limit"u8, AgentShape.CharacterLimit(row));
        Nulls(w, "hidden", "parallel_tool_calls");
        w.Prop("id"u8, part.Id);
        w.Prop("in_context_message_ids"u8, part.InContext);
        w.Items("files_agents"u8, part.Files, (x, f) => FileAgent(x, f.Row, f.FileId, f.SourceId, part.Id));
        w.Prop("group_ids"u8, part.GroupIds);
    }

    private void Message(Utf8JsonWriter w, PageRow item, string id, string agentId)
    {
        var row = item.Row;
        w.WriteStartObject();
        w.WriteString("type"u8, "message"u8);
        w.WriteString("role"u8, row.Role);
        if (row.Content is { Count: > 0 } || row.Text is null)
        {
            if (row.Content is null)
            {
                w.WriteNull("content"u8);
            }
            else
            {
                w.Items("content"u8, row.Content, api.Messages.Content);
            }
        }
        else
        {
            w.Items("content"u8, [ContentPart.OfText(row.Text)], api.Messages.Content);
        }

        w.Prop("name"u8, row.Name);
        w.Prop("otid"u8, api.Is0168 ? Ids.Random().ToString() : null);
        w.WriteNull("sender_id"u8);
        w.Prop("batch_item_id"u8, row.BatchItemId);
        w.Prop("group_id"u8, row.GroupId);
        w.Prop("id"u8, id);
        w.Prop("model"u8, row.Model);
        w.Prop("agent_id"u8, agentId);
        if (row.ToolCalls is { Count: > 0 } calls)
        {
            w.Items("tool_calls"u8, calls, Call);
        }
        else
        {
            w.WriteNull("tool_calls"u8);
        }

        w.Prop("tool_call_id"u8, item.ToolCallId);
        w.Items("tool_returns"u8, row.ToolReturns ?? [], (x, r) => Return(x, row, r, item));
        w.PropIso("created_at"u8, row.CreatedAt);
        w.Prop("approve"u8, row.Approve);
        w.Prop("approval_request_id"u8, row.ApprovalRequestId);
        w.Prop("denial_reason"u8, row.DenialReason);
        w.Prop("approvals"u8, row.Approvals ?? JsonText.EmptyArray);
        w.WriteEndObject();
    }

    private static void Return(Utf8JsonWriter w, MessageRow row, ToolReturn given, PageRow item)
    {
        var single = row.ToolReturns!.Count == 1;
        w.WriteStartObject();
        w.Prop("tool_call_id"u8, given.ToolCallId ?? (single ? item.InnerCallId : null));
        w.WriteString("status"u8, given.Status);
        w.Prop("stdout"u8, given.Stdout);
        w.Prop("stderr"u8, given.Stderr);
        w.Prop("func_response"u8, (single ? row.SingleText : null) ?? given.FuncResponse);
        w.WriteEndObject();
    }

    private static void Call(Utf8JsonWriter w, ToolCall call)
    {
        w.WriteStartObject();
        w.WriteString("id"u8, call.Id);
        w.WriteStartObject("function"u8);
        w.WriteString("arguments"u8, call.Function.Arguments);
        w.WriteString("name"u8, call.Function.Name);
        w.WriteEndObject();
        w.WriteString("type"u8, call.Type);
        w.WriteEndObject();
    }

    private static void FileAgent(Utf8JsonWriter w, FileAgentRow row, string fileId, string sourceId, string agentId)
    {
        w.WriteStartObject();
        w.Prop("agent_id"u8, agentId);
        w.Prop("file_id"u8, fileId);
        w.Prop("source_id"u8, sourceId);
        w.Prop("file_name"u8, row.FileName);
        w.Prop("is_open"u8, row.IsOpen);
        w.Prop("visible_content"u8, row.VisibleContent);
        w.PropIso("last_accessed_at"u8, row.LastAccessedAt);
        w.Prop("start_line"u8, row.StartLine);
        w.Prop("end_line"u8, row.EndLine);
        w.Prop("id"u8, row.Id);
        w.WriteEndObject();
    }

    private void Block(Utf8JsonWriter w, BlockRow row, string id)
    {
        w.WriteStartObject();
        w.Prop("value"u8, row.Value);
        w.Prop("limit"u8, row.Limit);
        Nulls(w, "project_id", "base_template_id", "deployment_id", "entity_id", "template_id", "hidden");
        w.Prop("template_name"u8, row.TemplateName);
        w.Prop("is_template"u8, row.IsTemplate);
        w.Prop("preserve_on_migration"u8, row.PreserveOnMigration);
        w.Prop("label"u8, row.Label);
        w.Prop("read_only"u8, row.ReadOnly);
        w.Prop("description"u8, row.Description);
        w.Prop("metadata"u8, row.Metadata ?? JsonText.EmptyObject);
        if (api.Is0168)
        {
            Nulls(w, "tags");
        }

        w.Prop("id"u8, id);
        w.WriteEndObject();
    }

    private void Tool(Utf8JsonWriter w, ToolRow row, string id)
    {
        w.WriteStartObject();
        w.Prop("id"u8, id);
        api.Shapes.ToolFields(w, row);
        w.WriteEndObject();
    }

    private static void Source(Utf8JsonWriter w, SourceRow row, string id)
    {
        w.WriteStartObject();
        w.Prop("name"u8, row.Name);
        w.Prop("description"u8, row.Description);
        w.Prop("instructions"u8, row.Instructions);
        w.Prop("metadata"u8, row.Metadata);
        Nulls(w, "embedding", "embedding_chunk_size");
        ConfigShape.Embedding.Write(w, "embedding_config"u8, row.EmbeddingConfig);
        w.Prop("id"u8, id);
        w.WriteEndObject();
    }

    private void File(Utf8JsonWriter w, FileAgentRow row, string fileId, string sourceId)
    {
        var file = api.State.Files[row.FileId];
        w.WriteStartObject();
        Shapes.FileFields(w, file, sourceId, file.FileName, withContent: true);
        w.Prop("id"u8, fileId);
        w.WriteEndObject();
    }

    private void McpServer(Utf8JsonWriter w, McpServerRow row)
    {
        w.WriteStartObject();
        w.Prop("id"u8, _ids.Map("mcp_server", row.Id));
        w.Prop("server_type"u8, row.ServerType);
        w.Prop("server_name"u8, row.ServerName);
        w.Prop("server_url"u8, row.ServerUrl);
        w.Prop("stdio_config"u8, row.StdioConfig);
        w.Prop("metadata_"u8, row.Metadata);
        w.WriteEndObject();
    }

    private void Group(Utf8JsonWriter w, GroupRow row)
    {
        w.WriteStartObject();
        w.Prop("agent_ids"u8, row.AgentIds.Select(a => _ids.Map("agent", a)));
        w.Prop("description"u8, row.Description);
        w.WriteStartObject("manager_config"u8);
        w.Prop("manager_type"u8, row.ManagerType);
        if (row.ManagerAgentId is { } manager)
        {
            w.Prop("manager_agent_id"u8, _ids.Map("agent", manager));
        }

        if (row.ManagerType == "sleeptime")
        {
            w.Prop("sleeptime_agent_frequency"u8, row.SleeptimeAgentFrequency);
        }
        else if (row.ManagerType is "round_robin" or "dynamic")
        {
            w.Prop("max_turns"u8, row.MaxTurns);
        }

        w.WriteEndObject();
        w.Prop("project_id"u8, row.ProjectId);
        w.Prop("shared_block_ids"u8, row.SharedBlockIds);
        Nulls(w, "hidden");
        w.Prop("id"u8, _ids.Map("group", row.Id));
        w.WriteEndObject();
    }

    private static void Variables(Utf8JsonWriter w, ReadOnlySpan<byte> name, AgentRow row)
    {
        w.WriteStartObject(name);
        foreach (var variable in row.EnvironmentVariables)
        {
            w.WriteString(variable.Key, string.Empty);
        }

        w.WriteEndObject();
    }

    private static void Empty(Utf8JsonWriter w, ReadOnlySpan<byte> name)
    {
        w.WriteStartArray(name);
        w.WriteEndArray();
    }

    private static void Nulls(Utf8JsonWriter w, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            w.WriteNull(name);
        }
    }

    private static void False(Utf8JsonWriter w, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            w.WriteBoolean(name, false);
        }
    }

    private sealed record AgentPart(
        AgentRow Row,
        string Id,
        (PageRow Row, string Id)[] Messages,
        string[] InContext,
        (ToolRow Row, string Id)[] Tools,
        (SourceRow Row, string Id)[] Sources,
        (BlockRow Row, string Id)[] Blocks,
        (FileAgentRow Row, string FileId, string SourceId)[] Files,
        string[] GroupIds);
}
