using System.Text.Json;
using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Api;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Files;

/// <summary>The import of 0.11.3: one agent in the legacy format, no rule for its name, 500 for whatever else it is given.</summary>
internal sealed class ImportLegacy(LettaApi api)
{
    private static readonly string[] s_required =
    [
        "agent_type", "core_memory", "created_at", "description", "embedding_config", "llm_config", "message_buffer_autoclear",
        "in_context_message_indices", "messages", "multi_agent_group", "name", "system", "tags", "tool_exec_environment_variables", "tool_rules",
        "tools", "updated_at", "version",
    ];

    public Answer Import(Call call)
    {
        var file = call.Form.Files.GetFile("file") ?? throw call.Invalid("missing", ["body", "file"], "Field required", null);
        var document = Read(file);
        var missing = s_required.Where(n => document.ValueKind != JsonValueKind.Object || !document.TryGetProperty(n, out _)).ToArray();
        if (missing.Length > 0)
        {
            throw new Problem(500, $"{missing.Length} validation errors for AgentSchema\n" + string.Join('\n', missing.Select(m => m + "\n  Field required")));
        }

        var row = Agent(document, Flag(call, "append_copy_suffix", true));
        Messages(document, row, Flag(call, "strip_messages", false));
        Tools(document, row, Flag(call, "override_existing_tools", true));
        return Answer.Object(w => api.Agents.Write(w, row, Relations.All));
    }

    private static JsonElement Read(IFormFile file)
    {
        try
        {
            using var stream = file.OpenReadStream();
            return JsonSerializer.Deserialize<JsonElement>(stream);
        }
        catch (JsonException)
        {
            throw new Problem(400, "Corrupted agent file format.");
        }
    }

    private AgentRow Agent(JsonElement document, bool copy)
    {
        var row = api.State.Stamp(
            new AgentRow
            {
                Name = document.Text("name") + (copy ? "_copy" : string.Empty),
                AgentType = document.Text("agent_type")!,
                System = document.Text("system")!,
                Description = document.Text("description"),
                LlmConfig = document.GetProperty("llm_config"),
                EmbeddingConfig = document.Property("embedding_config"),
                Metadata = document.Property("metadata_"),
                ToolRules = document.Property("tool_rules"),
                MessageBufferAutoclear = document.GetProperty("message_buffer_autoclear").GetBoolean(),
                Timezone = null,
                Tags = [.. document.GetProperty("tags").EnumerateArray().Select(t => t.Text("tag")!)],
                CreatedAt = document.GetProperty("created_at").GetDateTimeOffset(),
            },
            "agent");
        row.UpdatedAt = api.State.Tick();
        foreach (var block in document.GetProperty("core_memory").EnumerateArray())
        {
            var added = api.Factory.Block(block);
            added.Metadata = block.Property("metadata_") ?? JsonText.EmptyObject;
            row.BlockIds.Add(added.Id);
        }

        api.Factory.Variables(row, JsonText.From(document.GetProperty("tool_exec_environment_variables").EnumerateArray()
            .ToDictionary(v => v.Text("key")!, _ => string.Empty)));
        row.EnvironmentVariables.ForEach(v => v.CreatedById = v.LastUpdatedById = SandboxState.UserId);
        api.State.Agents.Add(row);
        return row;
    }

    private void Messages(JsonElement document, AgentRow row, bool strip)
    {
        var added = document.GetProperty("messages").EnumerateArray().Select(m => api.State.Append(row, MessageFiles.Row(m)).Id).ToArray();
        row.MessageIds = [.. document.GetProperty("in_context_message_indices").EnumerateArray().Select(i => added[i.GetInt32()])];
        if (strip)
        {
            row.MessageIds = [.. row.MessageIds.Take(1)];
        }
    }

    private void Tools(JsonElement document, AgentRow row, bool overrideTools)
    {
        foreach (var tool in document.GetProperty("tools").EnumerateArray())
        {
            var existing = api.State.Tools.FirstOrDefault(t => t.Name == tool.Text("name"));
            if (existing is null)
            {
                existing = api.State.Stamp(new ToolRow { Name = tool.Text("name") }, "tool");
                Fill(existing, tool);
                api.State.Tools.Add(existing);
            }
            else if (overrideTools && existing.ToolType is not ("letta_core" or "letta_multi_agent_core" or "letta_memory_core"))
            {
                Fill(existing, tool);
            }

            row.ToolIds.Add(existing.Id);
        }
    }

    /// <summary>
    /// What Letta brings along is described by Letta, whatever the file says; of other tools the legacy format knows three properties of the
    /// schema. What the file leaves out stays as it was.
    /// </summary>
    private static void Fill(ToolRow row, JsonElement tool)
    {
        var (own, pip, npm, tags) = (row.JsonSchema, row.PipRequirements, row.NpmRequirements, row.Tags);
        ToolFiles.Fill(row, tool);
        row.PipRequirements ??= pip;
        row.NpmRequirements ??= npm;
        row.Tags = row.Tags is { Count: > 0 } ? row.Tags : tags;
        if (own is not null && row.ToolType.StartsWith("letta_", StringComparison.Ordinal))
        {
            row.JsonSchema = own;
        }
        else if (row.JsonSchema is { } schema)
        {
            row.JsonSchema = JsonText.From(schema.EnumerateObject().Where(p => p.Name is "name" or "description" or "parameters").ToDictionary(p => p.Name, p => p.Value));
        }
    }

    private static bool Flag(Call call, string name, bool fallback) =>
        call.Form.TryGetValue(name, out var value) ? string.Equals(value[0], "true", StringComparison.OrdinalIgnoreCase) : fallback;
}
