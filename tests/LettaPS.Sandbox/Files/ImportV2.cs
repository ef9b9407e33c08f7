using System.Text;
using System.Text.Json;
using LettaPS.Sandbox.Api;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Files;

/// <summary>
/// The import of 0.16: agent file v2. Not one transaction: MCP servers, tools, blocks, sources, files, agents and messages are made in this
/// order and stay when something after them fails.
/// </summary>
internal sealed class ImportV2(LettaApi api)
{
    private readonly AgentFileCheck _check = new(api.Release);

    public Answer Import(Call call)
    {
        var file = call.Form.Files.GetFile("file") ?? throw call.Invalid("missing", ["body", "file"], "Field required", null);
        var document = Read(file);
        var secrets = Secrets(Field(call, "secrets") ?? Field(call, "env_vars_json"));
        if (document.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
        {
            throw api.Unexpected();
        }

        if (document.Property("agents") is not { ValueKind: JsonValueKind.Array })
        {
            throw new Problem(400, "Legacy AgentSchema format is deprecated. Please use the new AgentFileSchema format with 'agents' field.");
        }

        _check.Model(document);
        var embedding = Field(call, "embedding") ?? Field(call, "override_embedding_handle") ?? Header(call, "x-override-embedding-model");
        var model = api.Is0168 ? Field(call, "model") ?? Field(call, "override_model_handle") ?? Header(call, "x-override-model") : null;
        var options = new ImportOptions(
            Field(call, "name") ?? Field(call, "override_name"),
            Flag(call, "append_copy_suffix", true),
            Flag(call, "override_existing_tools", true),
            embedding is null ? null : ModelCatalog.Embedding(api.Release, embedding),
            model is null ? null : ModelCatalog.Llm(api.Release, model),
            secrets,
            Header(call, "X-Project-Id") ?? Field(call, "project_id"));
        string[] ids;
        try
        {
            AgentFileCheck.References(document);
            ids = Import(document, options);
        }
        catch (Problem problem)
        {
            throw new Problem(400, "Import failed: " + problem.Detail);
        }
        catch (Exception e) when (e is SchemaException or InvalidOperationException or FormatException or JsonException)
        {
            throw new Problem(400, "Import failed: " + e.Message);
        }

        return Answer.Object(w => JsonSerializer.Serialize(w, new { agent_ids = ids }, JsonText.Rows));
    }

    private string[] Import(JsonElement document, ImportOptions options)
    {
        Dictionary<string, string> ids = [];
        Servers(document, ids);
        Tools(document, ids, options);
        foreach (var block in Items(document, "blocks"))
        {
            if (!api.Is0168 && block.Text("value")!.Contains('\0'))
            {
                throw new Problem(400, "invalid byte sequence for encoding \"UTF8\": 0x00");
            }

            ids[block.Text("id")!] = api.Factory.Block(block).Id;
        }

        Sources(document, ids, options);
        foreach (var file in Items(document, "files"))
        {
            ids[file.Text("id")!] = File(file, Mapped(ids, file.Text("source_id")!));
        }

        List<(JsonElement Schema, AgentRow Row)> agents = [];
        foreach (var agent in Items(document, "agents"))
        {
            var row = Agent(agent, ids, options);
            ids[agent.Text("id")!] = row.Id;
            agents.Add((agent, row));
        }

        foreach (var (schema, row) in agents)
        {
            Messages(schema, row);
        }

        foreach (var (schema, row) in agents)
        {
            foreach (var attached in Items(schema, "files_agents"))
            {
                api.Factory.OpenFile(row, api.State.Files[Mapped(ids, attached.Text("file_id")!)], attached.Text("visible_content"));
            }
        }

        foreach (var group in Items(document, "groups"))
        {
            IdentityChangesApi.Group(api, group, id => Mapped(ids, id));
        }

        return [.. agents.Select(a => a.Row.Id)];
    }

    private void Servers(JsonElement document, Dictionary<string, string> ids)
    {
        foreach (var server in Items(document, "mcp_servers"))
        {
            var name = server.Text("server_name")!;
            if (api.State.McpServers.FirstOrDefault(s => s.ServerName == name) is not { } row)
            {
                row = api.State.Stamp(new McpServerRow { ServerName = name }, "mcp_server");
                api.State.McpServers.Add(row);
            }

            row.ServerType = server.Text("server_type")!;
            row.ServerUrl = server.Text("server_url");
            row.StdioConfig = server.Property("stdio_config");
            row.Metadata = server.Property("metadata_");
            ids[server.Text("id")!] = row.Id;
        }
    }

    /// <summary>Tools are found by name, and what the file says of them is taken over, core tools included.</summary>
    private void Tools(JsonElement document, Dictionary<string, string> ids, ImportOptions options)
    {
        foreach (var tool in Items(document, "tools"))
        {
            var name = tool.Text("name");
            if (api.State.Tools.FirstOrDefault(t => t.Name == name) is { } existing)
            {
                if (options.OverrideTools)
                {
                    ToolFiles.Fill(existing, tool);
                    existing.UpdatedAt = api.State.Tick();
                }

                ids[tool.Text("id")!] = existing.Id;
                continue;
            }

            var row = api.State.Stamp(new ToolRow { Name = name }, "tool");
            ToolFiles.Fill(row, tool);
            api.State.Tools.Add(row);
            ids[tool.Text("id")!] = row.Id;
        }
    }

    /// <summary>Sources are always new; a name that is taken gets eight hexadecimal digits.</summary>
    private void Sources(JsonElement document, Dictionary<string, string> ids, ImportOptions options)
    {
        foreach (var source in Items(document, "sources"))
        {
            var name = source.Text("name")!;
            var row = new SourceRow
            {
                Name = api.State.Sources.Any(s => s.Name == name) ? $"{name}_{api.State.Random.Next():x8}" : name,
                Description = source.Text("description"),
                Instructions = source.Text("instructions"),
                Metadata = source.Property("metadata"),
                EmbeddingConfig = options.Embedding ?? source.Property("embedding_config") ?? JsonText.EmptyObject,
            };
            api.State.Sources.Add(api.State.Stamp(row, "source"));
            ids[source.Text("id")!] = row.Id;
        }
    }

    /// <summary>A file is embedded in the background; here that is done at once.</summary>
    private string File(JsonElement file, string sourceId)
    {
        var content = file.Text("content");
        var row = api.State.Stamp(
            new FileRow
            {
                SourceId = sourceId,
                FileName = file.Text("file_name"),
                OriginalFileName = file.Text("original_file_name"),
                FilePath = file.Text("file_path"),
                FileType = file.Text("file_type"),
                FileSize = file.Property("file_size")?.GetInt64(),
                FileCreationDate = file.Text("file_creation_date"),
                FileLastModifiedDate = file.Text("file_last_modified_date"),
                Content = content,
                ProcessingStatus = content is null ? "parsing" : "completed",
                TotalChunks = content is null ? null : 1,
                ChunksEmbedded = content is null ? null : 1,
            },
            "file");
        api.State.Files.Add(row);
        return row.Id;
    }

    private AgentRow Agent(JsonElement agent, Dictionary<string, string> ids, ImportOptions options)
    {
        var name = options.Name ?? agent.Text("name") + (options.AppendCopy ? "_copy" : string.Empty);
        var links = new AgentFactory.Links(
            [.. Ids(agent, "tool_ids").Select(i => Mapped(ids, i))],
            [.. Ids(agent, "block_ids").Select(i => Mapped(ids, i))],
            [.. Ids(agent, "source_ids").Select(i => Mapped(ids, i))]);
        var properties = agent.EnumerateObject().ToDictionary(p => p.Name, p => p.Value);
        if (options.Embedding is { } embedding)
        {
            properties["embedding_config"] = embedding;
        }

        if (options.Llm is { } llm)
        {
            properties["llm_config"] = llm;
        }

        if (options.ProjectId is not null)
        {
            properties["project_id"] = JsonText.From(options.ProjectId);
        }

        api.State.Schema.Read("agents");
        var row = api.Factory.Make(JsonText.From(properties), name, links, baseTools: false);
        if (options.Secrets is { } secrets)
        {
            row.EnvironmentVariables.ForEach(v => v.ValueEnc = secrets.GetValueOrDefault(v.Key, string.Empty));
        }

        return row;
    }

    private void Messages(JsonElement schema, AgentRow row)
    {
        Dictionary<string, string> ids = [];
        foreach (var message in Items(schema, "messages"))
        {
            ids[message.Text("id")!] = api.State.Append(row, MessageFiles.Row(message)).Id;
        }

        row.MessageIds = [.. Ids(schema, "in_context_message_ids").Select(i => Mapped(ids, i))];
    }

    private static string Mapped(Dictionary<string, string> ids, string id) => ids.TryGetValue(id, out var mapped) ? mapped : throw new Problem(400, $"'{id}'");

    private static JsonElement.ArrayEnumerator Items(JsonElement element, string name) =>
        element.Property(name) is { ValueKind: JsonValueKind.Array } items ? items.EnumerateArray() : default;

    private static IEnumerable<string> Ids(JsonElement element, string name) => Items(element, name).Select(i => i.GetString()!);

    private static string? Field(Call call, string name) => call.Form.TryGetValue(name, out var value) && value is [{ Length: > 0 } text, ..] ? text : null;

    private static string? Header(Call call, string name) => call.Http.Request.Headers.TryGetValue(name, out var value) ? value[0] : null;

    private static bool Flag(Call call, string name, bool fallback) => Field(call, name)?.ToUpperInvariant() switch
    {
        null => fallback,
        "TRUE" or "1" or "YES" or "ON" => true,
        "FALSE" or "0" or "NO" or "OFF" => false,
        var text => throw call.Invalid("bool_parsing", ["body", name], "Input should be a valid boolean, unable to interpret input", JsonText.From(text)),
    };

    private static Dictionary<string, string>? Secrets(string? json)
    {
        if (json is null)
        {
            return null;
        }

        try
        {
            return JsonText.Parse(json) is { ValueKind: JsonValueKind.Object } given
                ? given.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.ToString())
                : throw new JsonException();
        }
        catch (JsonException)
        {
            throw new Problem(400, "secrets must be a valid JSON string");
        }
    }

    /// <summary>The file's JSON in whichever Unicode it is written; a JSON text inside a JSON string is taken out of it.</summary>
    private static JsonElement Read(IFormFile file)
    {
        using var buffer = new MemoryStream();
        file.CopyTo(buffer);
        var text = Decode(buffer.ToArray());
        try
        {
            var value = JsonText.Parse(text);
            return value.ValueKind == JsonValueKind.String ? JsonText.Parse(value.GetString()!) : value;
        }
        catch (JsonException)
        {
            throw new Problem(400, "Corrupted agent file format.");
        }
    }

    private static string Decode(byte[] bytes)
    {
        if (bytes is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [_, 0, ..] or [0, _, ..])
        {
            using var reader = new StreamReader(new MemoryStream(bytes), bytes is [0, ..] ? Encoding.BigEndianUnicode : Encoding.Unicode);
            return reader.ReadToEnd();
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes is [0xEF, 0xBB, 0xBF, ..] ? bytes.AsSpan(3) : bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new Problem(400, $"'utf-8' codec can't decode byte 0x{e.BytesUnknown![0]:x2} in position {e.Index}: invalid start byte");
        }
    }

    private sealed record ImportOptions(
        string? Name, bool AppendCopy, bool OverrideTools, JsonElement? Embedding, JsonElement? Llm, Dictionary<string, string>? Secrets, string? ProjectId);
}
