using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>Tools.</summary>
internal sealed class ToolsApi
{
    private readonly LettaApi _api;

    private ToolsApi(LettaApi api) => _api = api;

    public static void Add(Routes routes, LettaApi api)
    {
        var tools = new ToolsApi(api);
        routes.Get("/v1/tools/", api.Reading(tools.List, "tools"));
        routes.Get("/v1/tools/count", tools.Count);
        routes.Get("/v1/tools/{}", api.Reading(tools.Get, "tools"));
    }

    private Answer List(Call call)
    {
        IEnumerable<ToolRow> rows = _api.State.Tools;
        if (call.Query("name") is { } name)
        {
            rows = rows.Where(t => t.Name == name);
        }

        var page = _api.Is016
            ? Paging.Page(call, rows, _api.State.Tools)
            : Paging.PageByTimeOnly(rows, true, _api.State.Tools.Find, call.Query("after"), call.Query("before"), call.QueryInt("limit", 50));
        return Answer.Array(page.ToArray(), _api.Shapes.Tool);
    }

    /// <summary>The number of tools; 0.11 counts those that it brings along, and only those.</summary>
    private Answer Count(Call call) => Answer.Number(_api.State.Tools.Count(t => _api.Is016 || t.ToolType != "custom"));

    private Answer Get(Call call)
    {
        var tool = Find(call.Id("tool", "tool_id"));
        return Answer.Object(w => _api.Shapes.Tool(w, tool));
    }

    private ToolRow Find(string id) => _api.State.Tools.Find(id) ?? throw LettaApi.NoRow("Tool", "tools", id);
}
