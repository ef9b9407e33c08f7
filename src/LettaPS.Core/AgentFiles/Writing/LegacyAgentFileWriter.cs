using System.Text.Json;
using LettaPS.Core.IO;
using LettaPS.Core.Json;

namespace LettaPS.Core.AgentFiles.Writing;

/// <summary>Writes one agent as the legacy file that servers up to 0.11.7 import. Every property that its schema demands is there.</summary>
internal sealed class LegacyAgentFileWriter(AgentDocument document, AgentRecord agent, FileSelection selection, Utf8JsonWriter json, DateTimeOffset now)
{
    private readonly string _now = now.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffff+00:00", System.Globalization.CultureInfo.InvariantCulture);
    private readonly MessageDowngrade _adaptation = new(selection.Target!, selection.Identities);

    /// <summary>Writes the file.</summary>
    /// <param name="selection">What of it: exactly one agent, and the target.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="now">The time that the file says where the document says none.</param>
    /// <returns>How many messages had to be said in words of the target's release.</returns>
    public static int Write(AgentDocument document, FileSelection selection, Stream destination, DateTimeOffset now, CancellationToken cancellationToken)
    {
        using var output = new BufferedOutput(destination);
        using var json = new Utf8JsonWriter(output, SnapshotFileWriter.WriterOptions);
        var writer = new LegacyAgentFileWriter(document, selection.Agents[0], selection, json, now);
        writer.WriteAgent(cancellationToken);
        json.Flush();
        output.Flush();
        return writer._adaptation.Adapted;
    }

    private void WriteAgent(CancellationToken cancellationToken)
    {
        json.WriteStartObject();
        json.WriteString("agent_type"u8, agent.Text("agent_type") ?? "memgpt_agent");
        json.WriteStartArray("core_memory"u8);
        var blocks = document.Blocks.ToDictionary(b => b.FileId, StringComparer.Ordinal);
        foreach (var id in agent.BlockIds.Where(i => !selection.OmittedBlocks.Contains(i)))
        {
            WriteBlock(blocks[id].Value);
        }

        json.WriteEndArray();
        json.WriteString("created_at"u8, agent.Text("created_at") ?? _now);
        json.WriteString("description"u8, agent.Text("description"));
        Copy("embedding_config", agent.Fields);
        Copy("llm_config", agent.Fields);
        json.WriteBoolean("message_buffer_autoclear"u8, agent.Fields.TryGetValue("message_buffer_autoclear", out var clear) && clear.ValueKind == JsonValueKind.True);
        json.WriteStartArray("in_context_message_indices"u8);
        agent.InContext.ForEach(json.WriteNumberValue);
        json.WriteEndArray();
        WriteMessages(cancellationToken);
        json.WritePropertyName("metadata_"u8);
        WriteOrNull(agent.Config("metadata"));
        json.WriteNull("multi_agent_group"u8);
        json.WriteString("name"u8, selection.Names.GetValueOrDefault(agent.FileId) ?? agent.Name);
        json.WriteString("system"u8, agent.Text("system") ?? string.Empty);
        json.WriteStartArray("tags"u8);
        foreach (var tag in agent.Items("tags").Where(t => t.ValueKind == JsonValueKind.String))
        {
            json.WriteStartObject();
            json.WriteString("tag"u8, tag.GetString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteVariables();
        Copy("tool_rules", agent.Fields);
        WriteTools();
        json.WriteString("updated_at"u8, _now);
        json.WriteString("version"u8, "0.11.3"u8);
        json.WriteEndObject();
    }

    private void WriteBlock(JsonElement block)
    {
        json.WriteStartObject();
        json.WriteString("created_at"u8, _now);
        json.WriteString("description"u8, block.StringOrNull("description"));
        json.WriteBoolean("is_template"u8, block.TryGetProperty("is_template", out var template) && template.ValueKind == JsonValueKind.True);
        json.WriteString("label"u8, block.StringOrNull("label"));
        json.WriteNumber("limit"u8, block.TryGetProperty("limit", out var limit) && limit.ValueKind == JsonValueKind.Number ? limit.GetInt32() : 20_000);
        json.WritePropertyName("metadata_"u8);
        WriteOrNull(block.ObjectOrNull("metadata"));
        json.WriteString("template_name"u8, block.StringOrNull("template_name"));
        json.WriteString("updated_at"u8, _now);
        json.WriteString("value"u8, block.StringOrNull("value") ?? string.Empty);
        json.WriteEndObject();
    }

    private void WriteMessages(CancellationToken cancellationToken)
    {
        json.WriteStartArray("messages"u8);
        foreach (var entry in agent.Messages.Entries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var bytes = agent.Messages.Row(entry);
            WriteMessage(_adaptation.Adapt(bytes) ?? JsonValues.Parse(bytes));
        }

        json.WriteEndArray();
    }

    private void WriteMessage(JsonElement row)
    {
        var time = row.StringOrNull("created_at") ?? _now;
        json.WriteStartObject();
        json.WriteString("created_at"u8, time);
        json.WriteNull("group_id"u8);
        json.WriteString("model"u8, row.StringOrNull("model"));
        json.WriteString("name"u8, row.StringOrNull("name"));
        json.WriteString("role"u8, row.StringOrNull("role"));
        json.WriteElements("content", row.Items("content"));
        json.WriteString("tool_call_id"u8, row.StringOrNull("tool_call_id"));
        json.WriteElements("tool_calls", row.Items("tool_calls"));
        json.WriteElements("tool_returns", row.Items("tool_returns"));
        json.WriteString("updated_at"u8, time);
        json.WriteEndObject();
    }

    private void WriteVariables()
    {
        json.WriteStartArray("tool_exec_environment_variables"u8);
        foreach (var variable in agent.Config("tool_exec_environment_variables") is { } variables ? variables.EnumerateObject() : default)
        {
            json.WriteStartObject();
            json.WriteString("created_at"u8, _now);
            json.WriteNull("description"u8);
            json.WriteString("key"u8, variable.Name);
            json.WriteString("updated_at"u8, _now);
            json.WriteString("value"u8, variable.Value.ValueKind == JsonValueKind.String ? variable.Value.GetString() : string.Empty);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void WriteTools()
    {
        json.WriteStartArray("tools"u8);
        var tools = document.Tools.ToDictionary(t => t.FileId, StringComparer.Ordinal);
        foreach (var id in agent.ToolIds.Where(i => !selection.OmittedTools.Contains(i)))
        {
            WriteTool(tools[id].Value);
        }

        json.WriteEndArray();
    }

    private void WriteTool(JsonElement tool)
    {
        var schema = tool.ObjectOrNull("json_schema");
        var name = tool.StringOrNull("name") ?? schema?.StringOrNull("name") ?? string.Empty;
        json.WriteStartObject();
        json.WritePropertyName("args_json_schema"u8);
        WriteOrNull(tool.ObjectOrNull("args_json_schema"));
        json.WriteString("created_at"u8, _now);
        json.WriteString("description"u8, tool.StringOrNull("description") ?? schema?.StringOrNull("description") ?? string.Empty);
        WriteSchema(name, schema);
        json.WriteString("name"u8, name);
        json.WriteNumber("return_char_limit"u8, tool.TryGetProperty("return_char_limit", out var limit) && limit.ValueKind == JsonValueKind.Number ? limit.GetInt32() : 6000);
        json.WriteString("source_code"u8, tool.StringOrNull("source_code"));
        json.WriteString("source_type"u8, tool.StringOrNull("source_type") ?? "python");
        json.WriteElements("tags", tool.Items("tags"));
        json.WriteString("tool_type"u8, tool.StringOrNull("tool_type") ?? "custom");
        json.WriteString("updated_at"u8, _now);
        json.WriteStartObject("metadata_"u8);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The legacy schema knows type and description of a parameter and nothing below.</summary>
    private void WriteSchema(string name, JsonElement? schema)
    {
        var parameters = schema?.ObjectOrNull("parameters");
        json.WriteStartObject("json_schema"u8);
        json.WriteString("name"u8, name);
        json.WriteString("description"u8, schema?.StringOrNull("description") ?? string.Empty);
        json.WriteStartObject("parameters"u8);
        json.WriteString("type"u8, "object"u8);
        json.WriteStartObject("properties"u8);
        foreach (var property in parameters?.ObjectOrNull("properties") is { } properties ? properties.EnumerateObject() : default)
        {
            json.WriteStartObject(property.Name);
            json.WriteString("type"u8, property.Value.StringOrNull("type") ?? "string");
            json.WriteString("description"u8, property.Value.StringOrNull("description"));
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteElements("required", parameters?.Items("required") ?? []);
        json.WriteEndObject();
        json.WriteNull("type"u8);
        json.WriteElements("required", []);
        json.WriteEndObject();
    }

    private void Copy(string name, Dictionary<string, JsonElement> from)
    {
        json.WritePropertyName(name);
        if (from.TryGetValue(name, out var value) && value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
        {
            value.WriteTo(json);
        }
        else if (name == "tool_rules")
        {
            json.WriteStartArray();
            json.WriteEndArray();
        }
        else
        {
            json.WriteNullValue();
        }
    }

    private void WriteOrNull(JsonElement? value)
    {
        if (value is { } given)
        {
            given.WriteTo(json);
        }
        else
        {
            json.WriteNullValue();
        }
    }
}
