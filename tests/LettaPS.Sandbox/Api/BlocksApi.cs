using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>Memory blocks.</summary>
internal sealed class BlocksApi
{
    private readonly LettaApi _api;

    private BlocksApi(LettaApi api) => _api = api;

    public static void Add(Routes routes, LettaApi api)
    {
        var blocks = new BlocksApi(api);
        routes.Get("/v1/blocks/", api.Reading(blocks.List, "block"));
        routes.Get("/v1/blocks/count", _ => Answer.Number(api.State.Blocks.Count));
        routes.Get("/v1/blocks/{}", api.Reading(blocks.Get, "block"));
        routes.Get("/v1/blocks/{}/agents", api.Reading(blocks.Agents, "block", "agents"));
    }

    private Answer List(Call call)
    {
        var limit = call.QueryInt("limit", 50);
        IEnumerable<BlockRow> rows = _api.State.Blocks;
        if (call.Query("label") is { } label)
        {
            rows = rows.Where(b => b.Label == label);
        }

        if (call.Query("name") is { } name)
        {
            rows = rows.Where(b => b.TemplateName == name);
        }

        if (call.Query("templates_only") is not null && call.QueryBool("templates_only"))
        {
            rows = rows.Where(b => b.IsTemplate);
        }

        if (_api.Is016 && !call.QueryBool("show_hidden_blocks"))
        {
            rows = rows.Where(b => b.Hidden != true);
        }

        var ascending = !_api.Is016 || call.QueryOneOf("order", "asc", "asc", "desc") == "asc";
        var page = _api.Is0168
            ? Paging.Page(rows, Paging.ByTime, ascending, _api.State.Blocks.Find, call.Query("after"), call.Query("before"), limit)
            : Paging.PageByIdOnly(rows, ascending, call.Query("after"), call.Query("before"), limit);
        return Answer.Array(page.ToArray(), _api.Shapes.Block);
    }

    private Answer Get(Call call)
    {
        var id = call.Id("block", "block_id");
        var block = _api.State.Blocks.Find(id)
            ?? throw Problem.NotFound(_api.Is016 ? $"Block with id '{id}' not found" : "Block not found");
        return Answer.Object(w => _api.Shapes.Block(w, block));
    }

    private Answer Agents(Call call)
    {
        var id = call.Id("block", "block_id");
        if (!_api.State.Blocks.Contains(id))
        {
            throw LettaApi.NoRow("Block", "block", id);
        }

        var agents = _api.State.Agents.Where(a => a.BlockIds.Contains(id));
        var with = RelationsQuery.Of(call);
        var page = _api.Is016
            ? Paging.Page(call, agents, _api.State.Agents)
            : Paging.Page(agents, Paging.ByTime, true, _api.State.Agents.Find, null, null, 0);
        return Answer.Array(page.ToArray(), (w, row) => _api.Agents.Write(w, row, with));
    }
}
