using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>Agents: listed, shown, and what hangs on them.</summary>
internal sealed class AgentsApi
{
    private readonly LettaApi _api;

    private AgentsApi(LettaApi api) => _api = api;

    public static void Add(Routes routes, LettaApi api)
    {
        var agents = new AgentsApi(api);
        routes.Get("/v1/agents/", agents.List);
        routes.Get("/v1/agents/count", agents.Count);
        routes.Get("/v1/agents/{}", agents.Get);
        routes.Get("/v1/agents/{}/tools", agents.Tools);
        routes.Get("/v1/agents/{}/sources", agents.Sources);
        routes.Get("/v1/agents/{}/folders", agents.Sources);
        routes.Get("/v1/agents/{}/files", agents.Files);
        routes.Get("/v1/agents/{}/groups", agents.Groups);
        routes.Get("/v1/agents/{}/core-memory", agents.CoreMemory);
        routes.Get("/v1/agents/{}/core-memory/blocks", agents.Blocks);
        routes.Get("/v1/agents/{}/core-memory/blocks/{}", agents.Block);
    }

    private Answer List(Call call)
    {
        var limit = call.QueryInt("limit", 50);
        var with = RelationsQuery.Of(call);
        var ascending = _api.Is016 ? call.QueryOneOf("order", "desc", "asc", "desc") == "asc" : call.QueryBool("ascending");
        string sortBy;
        if (_api.Is016)
        {
            sortBy = _api.Is0168
                ? call.QueryOneOf("order_by", "created_at", "created_at", "updated_at", "last_run_completion")
                : call.QueryOneOf("order_by", "created_at", "created_at", "last_run_completion");
        }
        else
        {
            sortBy = call.Query("sort_by") ?? "created_at";
        }

        if (limit < 0)
        {
            throw _api.DatabaseError();
        }

        Read(with);
        var page = Paging.Page(Filtered(call), OrderOf(sortBy), ascending, _api.State.Agents.Find, call.Query("after"), call.Query("before"), limit);
        return Answer.Array(page.ToArray(), (w, row) => _api.Agents.Write(w, row, with));
    }

    private Answer Count(Call call)
    {
        string[] filters = ["name", "tags", "query_text", "project_id", "template_id", "base_template_id", "identity_id", "identifier_keys"];
        var unfiltered = filters.All(f => call.Query(f) is null) && !call.QueryBool("show_hidden_agents");
        return Answer.Number(unfiltered || !_api.Is016 ? _api.State.Agents.Count : Filtered(call).Count());
    }

    private Answer Get(Call call)
    {
        var row = _api.Agent(call);
        var with = RelationsQuery.Of(call);
        Read(with);
        return Answer.Object(w => _api.Agents.Write(w, row, with));
    }

    /// <summary>Fails if the statements behind an answer about agents would.</summary>
    private void Read(Relations with)
    {
        var schema = _api.State.Schema;
        schema.Read("agents");
        schema.Read(with.HasFlag(Relations.Tools) ? ["tools"] : []);
        schema.Read(with.HasFlag(Relations.Memory) ? ["block", "files_agents"] : []);
        schema.Read(with.HasFlag(Relations.Sources) ? ["sources"] : []);
        schema.Read(with.HasFlag(Relations.Identities) ? ["identities"] : []);
        schema.Read(with.HasFlag(Relations.Group) ? ["groups"] : []);
        schema.Read(with.HasFlag(Relations.Secrets) ? ["agent_environment_variables"] : []);
    }

    private Answer Tools(Call call)
    {
        var tools = _api.State.Tools.Of(_api.Agent(call).ToolIds);
        return Answer.Array((_api.Is016 ? Paging.Page(call, tools, _api.State.Tools, limit: 10) : tools).ToArray(), _api.Shapes.Tool);
    }

    private Answer Sources(Call call)
    {
        var sources = _api.State.Sources.Of(_api.Agent(call).SourceIds);
        return Answer.Array((_api.Is016 ? Paging.Page(call, sources, _api.State.Sources, limit: 100) : sources.OrderByDescending(s => s.CreatedAt)).ToArray(),
            _api.Shapes.Source);
    }

    private Answer Files(Call call)
    {
        var agent = _api.Agent(call);
        var limit = call.QueryInt("limit", 20);
        var open = call.Query("is_open") is null ? (bool?)null : call.QueryBool("is_open");
        var files = _api.State.FileAgents.Where(f => f.AgentId == agent.Id && (open is null || f.IsOpen == open)).OrderBy(f => f.Id, StringComparer.Ordinal);
        var cursor = call.Query("cursor") ?? call.Query("after");
        var page = (cursor is null ? files : files.Where(f => string.CompareOrdinal(f.Id, cursor) > 0)).Take(limit + 1).ToArray();
        var more = page.Length > limit;
        page = more ? page[..limit] : page;
        return Answer.Object(w =>
        {
            w.WriteStartObject();
            w.Items("files"u8, page, (x, file) => File(x, file, AgentShape.CharacterLimit(agent)));
            w.Prop("next_cursor"u8, page is [.., var last] ? last.Id : null);
            w.Prop("has_more"u8, more);
            w.WriteEndObject();
        });
    }

    private void File(System.Text.Json.Utf8JsonWriter w, FileAgentRow row, int characterLimit)
    {
        w.WriteStartObject();
        w.Prop("id"u8, row.Id);
        w.Prop("file_id"u8, row.FileId);
        w.Prop("file_name"u8, row.FileName);
        w.Prop("folder_id"u8, row.SourceId);
        w.Prop("folder_name"u8, _api.State.Sources.Find(row.SourceId)?.Name);
        w.Prop("is_open"u8, row.IsOpen);
        w.Prop("last_accessed_at"u8, row.LastAccessedAt);
        w.Prop("visible_content"u8, row.VisibleContent is { } text && text.Length > characterLimit ? text[..characterLimit] : row.VisibleContent);
        w.Prop("start_line"u8, row.StartLine);
        w.Prop("end_line"u8, row.EndLine);
        w.WriteEndObject();
    }

    private Answer Groups(Call call)
    {
        var agent = _api.Agent(call);
        return Answer.Array(_api.State.Groups.Where(g => g.AgentIds.Contains(agent.Id)).ToArray(), _api.Shapes.Group);
    }

    private Answer CoreMemory(Call call)
    {
        var agent = _api.Agent(call);
        return Answer.Object(w => _api.Agents.Memory(w, agent, Relations.Memory, agent.Tags.Contains("git-memory-enabled")));
    }

    private Answer Blocks(Call call)
    {
        var blocks = _api.State.Blocks.Of(_api.Agent(call).BlockIds);
        if (!_api.Is016)
        {
            return Answer.Array(blocks.ToArray(), _api.Shapes.Block);
        }

        var ascending = call.QueryOneOf("order", "desc", "asc", "desc") == "asc";
        var page = Paging.Page(blocks, (a, b) => string.CompareOrdinal(a.Id, b.Id), ascending, _api.State.Blocks.Find, call.Query("after"),
            call.Query("before"), call.QueryInt("limit", 100));
        return Answer.Array(page.ToArray(), _api.Shapes.Block);
    }

    private Answer Block(Call call)
    {
        var agent = _api.Agent(call);
        var block = _api.State.Blocks.Of(agent.BlockIds).FirstOrDefault(b => b.Label == call.Ids[1])
            ?? throw Problem.NotFound($"No block with label '{call.Ids[1]}' found for agent '{agent.Id}'");
        return Answer.Object(w => _api.Shapes.Block(w, block));
    }

    private IEnumerable<AgentRow> Filtered(Call call)
    {
        IEnumerable<AgentRow> rows = _api.State.Agents;
        if (!call.QueryBool("show_hidden_agents"))
        {
            rows = rows.Where(a => a.Hidden != true);
        }

        if (call.Query("name") is { } name)
        {
            rows = rows.Where(a => a.Name == name);
        }

        if (call.Query("query_text") is { Length: > 0 } text)
        {
            rows = rows.Where(a => a.Name?.Contains(text, StringComparison.OrdinalIgnoreCase) == true);
        }

        if (call.QueryAll("tags") is { } tags)
        {
            rows = call.QueryBool("match_all_tags") ? rows.Where(a => tags.All(a.Tags.Contains)) : rows.Where(a => tags.Any(a.Tags.Contains));
        }

        if (call.Query("identity_id") is { } identity)
        {
            rows = rows.Where(a => a.IdentityIds.Contains(identity));
        }

        if (call.QueryAll("identifier_keys") is { } keys)
        {
            rows = rows.Where(a => _api.State.Identities.Of(a.IdentityIds).Any(i => keys.Contains(i.IdentifierKey)));
        }

        if (call.Query("project_id") is { } project)
        {
            rows = rows.Where(a => a.ProjectId == project);
        }

        return rows;
    }

    private static Comparison<AgentRow> OrderOf(string sortBy) => sortBy switch
    {
        "updated_at" => (a, b) => Then(a.UpdatedAt.CompareTo(b.UpdatedAt), a, b),
        "last_run_completion" => (a, b) => Then(Nullable.Compare(a.LastRunCompletion, b.LastRunCompletion), a, b),
        _ => Paging.ByTime,
    };

    private static int Then(int order, AgentRow a, AgentRow b) => order != 0 ? order : string.CompareOrdinal(a.Id, b.Id);
}
