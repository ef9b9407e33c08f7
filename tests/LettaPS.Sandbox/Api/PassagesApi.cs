using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>The archival memory of agents.</summary>
internal sealed class PassagesApi
{
    private readonly LettaApi _api;

    private PassagesApi(LettaApi api) => _api = api;

    public static void Add(Routes routes, LettaApi api)
    {
        var passages = new PassagesApi(api);
        routes.Get("/v1/agents/{}/archival-memory", api.Reading(passages.List, "archival_passages"));
    }

    private Answer List(Call call)
    {
        var limit = call.Query("limit") is null ? (_api.Is016 ? 100 : null) : (int?)call.QueryInt("limit", 0);
        var agent = _api.AgentWithoutRow(call);
        var passages = Of(agent);
        if (call.Query("search") is { Length: > 0 } text)
        {
            passages = passages.Where(p => p.Text.Contains(text, StringComparison.OrdinalIgnoreCase));
        }

        var page = Paging.PageByTimeOnly(passages, call.QueryBool("ascending", fallback: true), _api.State.Passages.Find, call.Query("after"),
            call.Query("before"), limit);
        return Answer.Array(page.ToArray(), _api.Shapes.Passage);
    }

    private IEnumerable<PassageRow> Of(AgentRow agent) =>
        _api.State.Passages.Where(p => !p.IsDeleted && p.ArchiveId is not null && agent.ArchiveIds.Contains(p.ArchiveId));
}
