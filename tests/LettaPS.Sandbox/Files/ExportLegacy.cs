using System.Text.Json;
using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Api;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Files;

/// <summary>The export of 0.11.3: one agent with its blocks and tools inline, and the messages since its last so many user messages.</summary>
internal sealed class ExportLegacy(LettaApi api)
{
    public Answer Export(Call call)
    {
        var id = call.Ids[0];
        if (!api.State.Agents.TryGet(id, out var agent))
        {
            throw Problem.NotFound($"Agent with id={id} not found for user_id={SandboxState.UserId}.");
        }

        var messages = Messages(agent, call.QueryInt("max_steps", 100));
        return Answer.Object(w => Write(w, agent, messages), indented: true);
    }

    private static MessageRow[] Messages(AgentRow agent, int steps)
    {
        var all = agent.Messages.ToArray();
        var from = System.Array.FindAll(all, m => m.Role == "user").TakeLast(steps).FirstOrDefault()?.SequenceId;
        var system = System.Array.Find(all, m => m.Role == "system");
        return [.. system is null ? [] : new[] { system }, .. all.Where(m => m.Role != "system" && m.SequenceId >= (from ?? long.MaxValue))];
    }

    private void Write(Utf8JsonWriter w, AgentRow row, MessageRow[] messages)
    {
        w.WriteStartObject();
        w.Prop("agent_type"u8, row.AgentType);
        w.Items("core_memory"u8, api.State.Blocks.Of(row.BlockIds), Block);
        w.PropIso("created_at"u8, row.CreatedAt);
        w.Prop("description"u8, row.Description);
        ConfigShape.Embedding.Write(w, "embedding_config"u8, row.EmbeddingConfig);
        ConfigShape.Llm(api.Release).Write(w, "llm_config"u8, row.LlmConfig);
        w.Prop("message_buffer_autoclear"u8, row.MessageBufferAutoclear);
        w.WriteStartArray("in_context_message_indices"u8);
        var positions = messages.Select((m, i) => (m.Id, i)).ToDictionary(p => p.Id, p => p.i);
        foreach (var id in row.MessageIds)
        {
            if (positions.TryGetValue(id, out var position))
            {
                w.WriteNumberValue(position);
            }
        }

        w.WriteEndArray();
        w.WriteStartArray("messages"u8);
        foreach (var message in messages)
        {
            Message(w, message);
        }

        w.WriteEndArray();
        w.Prop("metadata_"u8, row.Metadata);
        w.WriteNull("multi_agent_group"u8);
        w.Prop("name"u8, row.Name);
        w.Prop("system"u8, row.System);
        w.Items("tags"u8, row.Tags, (x, tag) =>
        {
            x.WriteStartObject();
            x.WriteString("tag"u8, tag);
            x.WriteEndObject();
        });
        w.Items("tool_exec_environment_variables"u8, row.EnvironmentVariables, Variable);
        w.Items("tool_rules"u8, row.ToolRules is { ValueKind: JsonValueKind.Array } rules ? rules.EnumerateArray() : [], Rule);
        w.Items("tools"u8, api.State.Tools.Of(row.ToolIds), Tool);
        w.PropIso("updated_at"u8, row.UpdatedAt);
        w.Prop("version"u8, api.Release.ToString());
        w.WriteEndObject();
    }

    private static void Block(Utf8JsonWriter w, BlockRow row)
    {
        w.WriteStartObject();
        w.PropIso("created_at"u8, row.CreatedAt);
        w.Prop("description"u8, row.Description);
        w.Prop("is_template"u8, row.IsTemplate);
        w.Prop("label"u8, row.Label);
        w.Prop("limit"u8, row.Limit);
        w.Prop("metadata_"u8, row.Metadata);
        w.Prop("template_name"u8, row.TemplateName);
        w.PropIso("updated_at"u8, row.UpdatedAt);
        w.Prop("value"u8, row.Value);
        w.WriteEndObject();
    }

    private void Message(Utf8JsonWriter w, MessageRow row)
    {
        w.WriteStartObject();
        w.PropIso("created_at"u8, row.CreatedAt);
        w.Prop("group_id"u8, row.GroupId);
        w.Prop("model"u8, row.Model);
        w.Prop("name"u8, row.Name);
        w.Prop("role"u8, row.Role);
        w.Items("content"u8, row.Content ?? [], api.Messages.Content);
        w.Prop("tool_call_id"u8, row.ToolCallId);
        w.Prop("tool_calls"u8, JsonText.From(row.ToolCalls ?? []));
        w.Prop("tool_returns"u8, JsonText.From(row.ToolReturns ?? []));
        w.PropIso("updated_at"u8, row.UpdatedAt);
        w.WriteEndObject();
    }

    private static void Variable(Utf8JsonWriter w, EnvironmentVariableRow row)
    {
        w.WriteStartObject();
        w.PropIso("created_at"u8, row.CreatedAt);
        w.Prop("description"u8, row.Description);
        w.Prop("key"u8, row.Key);
        w.PropIso("updated_at"u8, row.UpdatedAt);
        w.WriteString("value"u8, string.Empty);
        w.WriteEndObject();
    }

    private static void Rule(Utf8JsonWriter w, JsonElement rule)
    {
        w.WriteStartObject();
        foreach (var property in rule.EnumerateObject().Where(p => p.Name is not ("prompt_template" or "child_arg_nodes" or "args")))
        {
            property.WriteTo(w);
        }

        w.WriteEndObject();
    }

    /// <summary>A tool; of its parameters only type and description are kept.</summary>
    private static void Tool(Utf8JsonWriter w, ToolRow row)
    {
        w.WriteStartObject();
        w.Prop("args_json_schema"u8, row.ArgsJsonSchema);
        w.PropIso("created_at"u8, row.CreatedAt);
        w.Prop("description"u8, row.Description);
        w.WriteStartObject("json_schema"u8);
        var schema = row.JsonSchema ?? JsonText.EmptyObject;
        w.Prop("name"u8, schema.Text("name"));
        w.Prop("description"u8, schema.Text("description"));
        w.WriteStartObject("parameters"u8);
        w.Prop("type"u8, schema.Property("parameters")?.Text("type") ?? "object");
        w.WriteStartObject("properties"u8);
        foreach (var property in schema.Property("parameters")?.Property("properties") is { } properties ? properties.EnumerateObject() : default)
        {
            w.WriteStartObject(property.Name);
            w.Prop("type"u8, property.Value.Text("type"));
            w.Prop("description"u8, property.Value.Text("description"));
            w.WriteEndObject();
        }

        w.WriteEndObject();
        w.Prop("required"u8, schema.Property("parameters")?.Property("required") ?? JsonText.EmptyArray);
        w.WriteEndObject();
        w.Prop("type"u8, schema.Text("type"));
        w.Prop("required"u8, schema.Property("required") ?? JsonText.EmptyArray);
        w.WriteEndObject();
        w.Prop("name"u8, row.Name);
        w.Prop("return_char_limit"u8, row.ReturnCharLimit);
        w.Prop("source_code"u8, row.SourceCode);
        w.Prop("source_type"u8, row.SourceType);
        w.Prop("tags"u8, row.Tags ?? []);
        w.Prop("tool_type"u8, row.ToolType);
        w.PropIso("updated_at"u8, row.UpdatedAt);
        w.Prop("metadata_"u8, row.Metadata ?? JsonText.EmptyObject);
        w.WriteEndObject();
    }
}
