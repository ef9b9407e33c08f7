using System.Text.Json;
using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Files;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>Agents: made, changed, deleted, and what is attached to them.</summary>
internal sealed class AgentChangesApi
{
    private static readonly string[] s_handles = ["model", "embedding"];

    private readonly LettaApi _api;

    private AgentChangesApi(LettaApi api) => _api = api;

    public static void Add(Routes routes, LettaApi api)
    {
        var changes = new AgentChangesApi(api);
        routes.Post("/v1/agents/", changes.Create);
        routes.Patch("/v1/agents/{}", changes.Update);
        routes.Delete("/v1/agents/{}", changes.Delete);
        routes.Post("/v1/agents/{}/messages", changes.Send);
        routes.Patch("/v1/agents/{}/core-memory/blocks/attach/{}", changes.AttachBlock);
        routes.Patch("/v1/agents/{}/core-memory/blocks/detach/{}", call => changes.Detach(call, "block", a => a.BlockIds));
        routes.Patch("/v1/agents/{}/core-memory/blocks/{}", changes.UpdateBlock);
        routes.Patch("/v1/agents/{}/tools/attach/{}", changes.AttachTool);
        routes.Patch("/v1/agents/{}/tools/detach/{}", call => changes.Quietly(call, changes.Detach(call, "tool", a => a.ToolIds)));
        foreach (var kind in new[] { "sources", "folders" })
        {
            routes.Patch($"/v1/agents/{{}}/{kind}/attach/{{}}", changes.AttachSource);
            routes.Patch($"/v1/agents/{{}}/{kind}/detach/{{}}", changes.DetachSource);
        }

        routes.Patch("/v1/agents/{}/identities/attach/{}", changes.AttachIdentity);
        routes.Patch("/v1/agents/{}/identities/detach/{}", call => changes.Quietly(call, changes.Detach(call, "identity", a => a.IdentityIds)));
        routes.Patch("/v1/agents/{}/files/{}/open", changes.OpenFile);
        routes.Patch("/v1/agents/{}/files/{}/close", changes.CloseFile);
        routes.Patch("/v1/agents/{}/archives/attach/{}", changes.AttachArchive);
        routes.Patch("/v1/agents/{}/archives/detach/{}", changes.DetachArchive);
    }

    private Answer Create(Call call)
    {
        var body = call.Body;
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw call.Invalid("model_attributes_type", ["body"], "Input should be a valid dictionary or object to extract fields from", body);
        }

        var name = body.Text("name") ?? "Agent";
        if (!_api.Is016 && !AgentNames.IsValid(_api.Release, name))
        {
            throw call.Invalid("value_error", ["body", "name"], "Value error, Name contains invalid characters.", JsonText.From(name),
                JsonText.From(new { error = new { } }));
        }

        var request = WithConfigs(body);
        _api.State.Schema.Read("agents");
        var row = _api.Factory.Make(request, name, null, baseTools: true);
        _api.Factory.BeginHistory(row);
        row.SourceIds.ForEach(id => _api.Factory.OpenSource(row, id));
        AddSleeper(row);

        // 0.11 answers before it has written the variables.
        return Shown(row, _api.Is016 ? Relations.All : Relations.All & ~Relations.Secrets);
    }

    private void AddSleeper(AgentRow row)
    {
        if (row.EnableSleeptime == true && !_api.State.Groups.Any(g => g.ManagerAgentId == row.Id))
        {
            _api.Factory.AddSleeper(row);
        }
    }

    /// <summary>The request with the configurations that its handles stand for.</summary>
    private JsonElement WithConfigs(JsonElement body)
    {
        if (s_handles.Where(h => body.Text(h)?.Contains('/') == false).ToArray() is { Length: > 0 } malformed)
        {
            throw _api.Is016
                ? new Problem(400, $"INVALID_ARGUMENT: The {malformed[0]} handle should be in the format provider/model-name")
                : Call.InvalidAll([.. malformed.Select(m => ("value_error", new object[] { "body", m },
                    "Value error, not enough values to unpack (expected 2, got 1)", JsonText.From(body.Text(m)), JsonText.From(new { error = new { } })))]);
        }

        if (body.Property("llm_config") is null && body.Text("model") is null)
        {
            throw _api.Is016
                ? new Problem(400, "INVALID_ARGUMENT: Must specify either model or llm_config in request")
                : new Problem(500, "Must specify either model or llm_config in request");
        }

        var properties = body.EnumerateObject().ToDictionary(p => p.Name, p => p.Value);
        if (body.Property("llm_config") is null)
        {
            properties["llm_config"] = ModelCatalog.Llm(_api.Release, body.Text("model")!);
        }

        if (body.Property("embedding_config") is null && body.Text("embedding") is { } embedding)
        {
            properties["embedding_config"] = ModelCatalog.Embedding(_api.Release, embedding);
        }

        return JsonText.From(properties);
    }

    private Answer Update(Call call)
    {
        var row = ToChange(call);
        _api.Factory.Update(row, call.Body);
        AddSleeper(row);
        return Shown(row);
    }

    /// <summary>Deletes an agent with its messages, files and conversations; its blocks, archives and passages stay.</summary>
    private Answer Delete(Call call)
    {
        _api.State.Schema.Read("agents");
        var id = call.Id("agent", "agent_id");
        if (!_api.State.Agents.TryGet(id, out var row))
        {
            throw _api.Is016
                ? LettaApi.NoRow("Agent", "agents", id)
                : Problem.NotFound($"Agent agent_id={id} not found for user_id={SandboxState.UserId}.");
        }

        try
        {
            _api.State.Schema.Read("runs");
        }
        catch (SchemaException e)
        {
            throw new Problem(400, e.Message);
        }

        foreach (var group in _api.State.Groups.Where(g => g.ManagerAgentId == id).ToArray())
        {
            _api.State.Groups.Remove(group.Id);
            group.AgentIds.ForEach(Remove);
        }

        foreach (var group in _api.State.Groups)
        {
            group.AgentIds.Remove(id);
        }

        Remove(row.Id);
        return Message($"Agent id={id} successfully deleted");
    }

    private void Remove(string id)
    {
        _api.State.Agents.Remove(id);
        Array.ForEach(_api.State.FileAgents.Where(f => f.AgentId == id).ToArray(), f => _api.State.FileAgents.Remove(f.Id));
        Array.ForEach(_api.State.Conversations.Where(c => c.AgentId == id).ToArray(), c => _api.State.Conversations.Remove(c.Id));
    }

    /// <summary>A turn with a model that says what it was told.</summary>
    private Answer Send(Call call)
    {
        var given = call.Body.Property("messages") ?? call.Body.Property("input");
        if (given is null)
        {
            throw _api.Is016
                ? call.Invalid("value_error", ["body"], "Value error, Must specify either 'input' or 'messages'.", JsonText.EmptyObject)
                : call.Invalid("missing", ["body", "messages"], "Field required", JsonText.EmptyObject);
        }

        var agent = _api.Agent(call);
        if (agent.MessageIds.Count == 0)
        {
            throw _api.Unexpected();
        }

        _api.State.Schema.Read("runs", "steps");
        var context = agent.MessageIds.Select(agent.Messages.Find).OfType<MessageRow>().ToArray();
        _api.State.Schema.ReadMessages(context);
        var reader = new PageReader(_api.Release);
        if (Array.Exists(Array.ConvertAll(context, reader.Next), row => row.Broken))
        {
            throw _api.Unexpected();
        }

        var said = given.Value.ValueKind == JsonValueKind.Array ? given.Value.EnumerateArray().First().Property("content") : given;
        var turn = new Turn(_api, agent);
        var answer = turn.Take(said is { ValueKind: JsonValueKind.String } text ? text.GetString()! : said?.GetRawText() ?? string.Empty);
        var options = new MessageOptions(TextIsAssistant: agent.AgentType == "letta_v1_agent");
        return Answer.Object(w =>
        {
            w.WriteStartObject();
            w.WriteStartArray("messages"u8);
            _api.Messages.Row(w, answer, options);
            w.WriteEndArray();
            w.WriteStartObject("stop_reason"u8);
            w.WriteString("message_type"u8, "stop_reason"u8);
            w.WriteString("stop_reason"u8, "end_turn"u8);
            w.WriteEndObject();
            turn.Usage(w);
            if (_api.Is0168)
            {
                w.WriteNull("logprobs"u8);
                w.WriteNull("turns"u8);
            }

            w.WriteEndObject();
        });
    }

    private Answer AttachBlock(Call call)
    {
        var row = ToChange(call);
        var id = call.Id("block", "block_id", 1);
        var block = _api.State.Blocks.Find(id) ?? throw LettaApi.NoRow("Block", "block", id);
        if (row.BlockIds.Contains(id) && _api.Is0168)
        {
            return Touched(row);
        }

        if (_api.State.Blocks.Of(row.BlockIds).Any(b => b.Label == block.Label))
        {
            throw new Problem(409, "A unique constraint was violated for BlocksAgents: duplicate key value violates unique constraint \"unique_label_per_agent\"");
        }

        row.BlockIds.Add(id);
        return Touched(row);
    }

    private Answer UpdateBlock(Call call)
    {
        var agent = _api.Agent(call);
        var block = _api.State.Blocks.Of(agent.BlockIds).FirstOrDefault(b => b.Label == call.Ids[1])
            ?? throw Problem.NotFound($"No block with label '{call.Ids[1]}' found for agent '{agent.Id}'");
        BlockChangesApi.Update(_api, block, call.Body);
        return Answer.Object(w => _api.Shapes.Block(w, block));
    }

    private Answer AttachTool(Call call)
    {
        var row = ToChange(call);
        var id = call.Id("tool", "tool_id", 1);
        if (!_api.State.Tools.Contains(id))
        {
            throw Problem.NotFound($"Tool with id={id} not found.");
        }

        if (!row.ToolIds.Contains(id))
        {
            row.ToolIds.Add(id);
        }

        return Quietly(call, Shown(row));
    }

    /// <summary>Attaches a source and opens its files.</summary>
    /// <summary>Opens a file; where the agent has as many open as it may, those that were used least recently are closed, and the answer names them.</summary>
    private Answer OpenFile(Call call)
    {
        var row = ToChange(call);
        var id = call.Id("file", "file_id", 1);
        var file = _api.State.Files.Find(id) ?? throw Problem.NotFound($"File with id={id} not found");
        if (_api.State.FileAgents.FirstOrDefault(f => f.AgentId == row.Id && f.FileId == id) is not { } view)
        {
            _api.Factory.OpenFile(row, file, file.Content);
            view = _api.State.FileAgents.First(f => f.AgentId == row.Id && f.FileId == id);
        }

        (view.IsOpen, view.VisibleContent, view.LastAccessedAt) = (true, file.Content, _api.State.Tick());
        var most = row.MaxFilesOpen ?? AgentShape.FileDefaults(row).MaxOpen;
        var closed = _api.State.FileAgents.Where(f => f.AgentId == row.Id && f.IsOpen && f.FileId != id).OrderByDescending(f => f.LastAccessedAt).Skip(most - 1).ToArray();
        foreach (var other in closed)
        {
            (other.IsOpen, other.VisibleContent) = (false, string.Empty);
        }

        return Answer.Array(closed, (w, f) => w.WriteStringValue(f.FileName));
    }

    private Answer CloseFile(Call call)
    {
        var row = ToChange(call);
        var id = call.Id("file", "file_id", 1);
        var view = _api.State.FileAgents.FirstOrDefault(f => f.AgentId == row.Id && f.FileId == id) ?? throw LettaApi.NoRow("FileAgent", "files_agents", id);
        (view.IsOpen, view.LastAccessedAt) = (false, _api.State.Tick());
        return Answer.Object(w =>
        {
            w.WriteStartObject();
            w.WriteString("message"u8, $"File id={id} successfully closed");
            w.WriteEndObject();
        });
    }

    private Answer AttachSource(Call call)
    {
        var row = ToChange(call);
        var id = call.Id("source", "source_id", 1);
        if (!_api.State.Sources.Contains(id))
        {
            throw LettaApi.NoRow("Source", "sources", id);
        }

        if (!row.SourceIds.Contains(id))
        {
            row.SourceIds.Add(id);
        }

        _api.Factory.OpenSource(row, id);
        return Touched(row);
    }

    private Answer DetachSource(Call call)
    {
        var row = ToChange(call);
        var id = call.Id("source", "source_id", 1);
        row.SourceIds.Remove(id);
        Array.ForEach(_api.State.FileAgents.Where(f => f.AgentId == row.Id && f.SourceId == id).ToArray(), f => _api.State.FileAgents.Remove(f.Id));
        return Touched(row);
    }

    private Answer AttachIdentity(Call call)
    {
        var row = ToChange(call);
        var id = call.Id("identity", "identity_id", 1);
        if (!_api.State.Identities.Contains(id))
        {
            throw LettaApi.NoRow("Identity", "identities", id);
        }

        if (!row.IdentityIds.Contains(id))
        {
            row.IdentityIds.Add(id);
        }

        return Answer.Null();
    }

    /// <summary>Attaches an archive; an agent has one at the most.</summary>
    private Answer AttachArchive(Call call)
    {
        var row = ToChange(call);
        var id = call.Id("archive", "archive_id", 1);
        if (!_api.State.Archives.Contains(id))
        {
            throw LettaApi.NoRow("Archive", "archives", id);
        }

        if (!row.ArchiveIds.Contains(id))
        {
            row.ArchiveIds.Add(id);
        }

        return Answer.Null();
    }

    private Answer DetachArchive(Call call)
    {
        ToChange(call).ArchiveIds.Remove(call.Id("archive", "archive_id", 1));
        return Answer.Null();
    }

    private Answer Detach(Call call, string kind, Func<AgentRow, List<string>> list)
    {
        var row = ToChange(call);
        list(row).Remove(call.Id(kind, kind + "_id", 1));
        return Touched(row);
    }

    /// <summary>The agent to change; the 404 of a write names the table.</summary>
    private AgentRow ToChange(Call call)
    {
        _api.State.Schema.Read("agents");
        var id = call.Id("agent", "agent_id");
        return _api.State.Agents.Find(id) ?? throw LettaApi.NoRow("Agent", "agents", id);
    }

    /// <summary>0.16 tells 1.x clients nothing where it told older ones the whole agent.</summary>
    private Answer Quietly(Call call, Answer answer) => _api.Is016 && RelationsQuery.IsSdk1(call) ? Answer.Null() : answer;

    private Answer Touched(AgentRow row)
    {
        _api.Factory.Touch(row);
        return Shown(row);
    }

    private Answer Shown(AgentRow row, Relations with = Relations.All) => Answer.Object(w => _api.Agents.Write(w, row, with));

    private static Answer Message(string text) => Answer.Object(w =>
    {
        w.WriteStartObject();
        w.WriteString("message"u8, text);
        w.WriteEndObject();
    });
}
