using System.Text.Json;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>Identities, groups and conversations: made, changed, deleted.</summary>
internal sealed class IdentityChangesApi
{
    private readonly LettaApi _api;

    private IdentityChangesApi(LettaApi api) => _api = api;

    public static void Add(Routes routes, LettaApi api)
    {
        var changes = new IdentityChangesApi(api);
        routes.Post("/v1/identities/", changes.CreateIdentity);
        routes.Put("/v1/identities/", changes.UpsertIdentity);
        routes.Patch("/v1/identities/{}", changes.UpdateIdentity);
        routes.Delete("/v1/identities/{}", changes.DeleteIdentity);
        routes.Post("/v1/groups/", changes.CreateGroup);
        routes.Patch("/v1/groups/{}", changes.UpdateGroup);
        routes.Delete("/v1/groups/{}", changes.DeleteGroup);
        routes.Post("/v1/conversations/", changes.CreateConversation);
        routes.Patch("/v1/conversations/{}", changes.UpdateConversation);
        routes.Delete("/v1/conversations/{}", changes.DeleteConversation);
    }

    private Answer CreateIdentity(Call call)
    {
        foreach (var name in new[] { "identifier_key", "name", "identity_type" })
        {
            if (call.Body.Property(name) is null)
            {
                throw call.Invalid("missing", ["body", name], "Field required", call.Body);
            }
        }

        if (Same(call) is not null)
        {
            throw new Problem(409, "An identity with the same identifier key already exists");
        }

        var row = _api.State.Stamp(new IdentityRow(), "identity");
        _api.State.Identities.Add(row);
        return Filled(row, call.Body);
    }

    private Answer UpsertIdentity(Call call) => Same(call) is { } existing ? Filled(existing, call.Body) : CreateIdentity(call);

    private Answer UpdateIdentity(Call call) => Filled(Identity(call), call.Body);

    private Answer DeleteIdentity(Call call)
    {
        var row = Identity(call);
        _api.State.Identities.Remove(row.Id);
        foreach (var agent in _api.State.Agents)
        {
            agent.IdentityIds.Remove(row.Id);
        }

        return Answer.Null();
    }

    private IdentityRow? Same(Call call) => _api.State.Identities.FirstOrDefault(i => i.IdentifierKey == call.Body.Text("identifier_key"));

    private IdentityRow Identity(Call call)
    {
        var id = call.Id("identity", "identity_id");
        return _api.State.Identities.Find(id) ?? throw LettaApi.NoRow("Identity", "identities", id);
    }

    private Answer Filled(IdentityRow row, JsonElement body)
    {
        row.IdentifierKey = body.Text("identifier_key") ?? row.IdentifierKey;
        row.Name = body.Text("name") ?? row.Name;
        row.IdentityType = body.Text("identity_type") ?? row.IdentityType;
        row.ProjectId = body.Text("project_id") ?? row.ProjectId;
        row.Properties = body.Property("properties") ?? row.Properties;
        if (body.Property("block_ids") is { ValueKind: JsonValueKind.Array } blocks)
        {
            row.BlockIds = [.. blocks.EnumerateArray().Select(b => b.GetString()!)];
        }

        if (body.Property("agent_ids") is { ValueKind: JsonValueKind.Array } agents)
        {
            foreach (var agent in _api.State.Agents.Of(agents.EnumerateArray().Select(a => a.GetString()!)).Where(a => !a.IdentityIds.Contains(row.Id)))
            {
                agent.IdentityIds.Add(row.Id);
            }
        }

        row.UpdatedAt = _api.State.Tick();
        return Answer.Object(w => _api.Shapes.Identity(w, row, _api.State.Agents.Where(a => a.IdentityIds.Contains(row.Id)).Select(a => a.Id)));
    }

    private Answer CreateGroup(Call call)
    {
        var row = Group(_api, call.Body, id => id);
        return Answer.Object(w => _api.Shapes.Group(w, row));
    }

    /// <summary>Makes a group from the properties of a GroupCreate request.</summary>
    public static GroupRow Group(LettaApi api, JsonElement request, Func<string, string> map)
    {
        var config = request.Property("manager_config") ?? JsonText.EmptyObject;
        var row = api.State.Stamp(
            new GroupRow
            {
                Description = request.Text("description") ?? string.Empty,
                ManagerType = config.Text("manager_type") ?? "round_robin",
                ManagerAgentId = config.Text("manager_agent_id") is { } manager ? map(manager) : null,
                TerminationToken = config.Text("termination_token"),
                MaxTurns = config.Property("max_turns")?.GetInt32(),
                SleeptimeAgentFrequency = config.Property("sleeptime_agent_frequency")?.GetInt32(),
                MinMessageBufferLength = config.Property("min_message_buffer_length")?.GetInt32(),
                MaxMessageBufferLength = config.Property("max_message_buffer_length")?.GetInt32(),
                TurnsCounter = config.Text("manager_type") == "sleeptime" ? -1 : null,
                AgentIds = [.. request.Property("agent_ids") is { ValueKind: JsonValueKind.Array } agents ? agents.EnumerateArray().Select(a => map(a.GetString()!)) : []],
                Hidden = api.Is016 ? request.Property("hidden")?.GetBoolean() : null,
            },
            "group");
        api.State.Groups.Add(row);
        return row;
    }

    private Answer UpdateGroup(Call call)
    {
        var row = Group(call);
        row.Description = call.Body.Text("description") ?? row.Description;
        row.SleeptimeAgentFrequency = call.Body.Property("manager_config")?.Property("sleeptime_agent_frequency")?.GetInt32() ?? row.SleeptimeAgentFrequency;
        row.UpdatedAt = _api.State.Tick();
        return Answer.Object(w => _api.Shapes.Group(w, row));
    }

    private Answer DeleteGroup(Call call)
    {
        var row = Group(call);
        _api.State.Groups.Remove(row.Id);
        return Answer.Object(w =>
        {
            w.WriteStartObject();
            w.WriteString("message"u8, $"Group id={row.Id} successfully deleted");
            w.WriteEndObject();
        });
    }

    private GroupRow Group(Call call)
    {
        var id = call.Id("group", "group_id");
        return _api.State.Groups.Find(id) ?? throw LettaApi.NoRow("Group", "groups", id);
    }

    /// <summary>Makes a conversation; 0.16.8 begins it with a system message of its own.</summary>
    private Answer CreateConversation(Call call)
    {
        var id = call.Query("agent_id") ?? throw call.Invalid("missing", ["query", "agent_id"], "Field required", null);
        if (!_api.State.Agents.TryGet(id, out var agent))
        {
            throw Problem.NotFound($"Agent with ID {id} not found");
        }

        var body = call.Body.ValueKind == JsonValueKind.Object ? call.Body : JsonText.EmptyObject;
        var row = _api.State.Stamp(
            new ConversationRow { AgentId = id, Summary = body.Text("summary"), Model = body.Text("model"), ModelSettings = body.Property("model_settings") }, "conv");
        _api.State.Conversations.Add(row);
        var answer = Copy(row);
        if (_api.Is0168)
        {
            var message = _api.State.Append(agent, new MessageRow { Role = "system", Content = [ContentPart.OfText(agent.System)], ConversationId = row.Id });
            row.MessageIds.Add(message.Id);
            row.InContextMessageIds.Add(message.Id);
        }

        return Answer.Object(w => _api.Shapes.Conversation(w, answer));
    }

    /// <summary>A conversation as it is before its first message: what the answer to its creation shows.</summary>
    private static ConversationRow Copy(ConversationRow row) => JsonText.From(row).Deserialize<ConversationRow>(JsonText.Rows)!;

    private Answer UpdateConversation(Call call)
    {
        var row = Conversation(call);
        row.Summary = call.Body.Text("summary") ?? row.Summary;
        row.Model = call.Body.Text("model") ?? row.Model;
        row.ModelSettings = call.Body.Property("model_settings") ?? row.ModelSettings;
        row.UpdatedAt = _api.State.Tick();
        return Answer.Object(w => _api.Shapes.Conversation(w, row));
    }

    private Answer DeleteConversation(Call call)
    {
        Conversation(call).IsDeleted = true;
        return Answer.Null();
    }

    private ConversationRow Conversation(Call call)
    {
        var id = call.Id("conv", "conversation_id");
        return _api.State.Conversations.Find(id) is { IsDeleted: false } found ? found : throw LettaApi.NoRow("Conversation", "conversations", id);
    }
}
