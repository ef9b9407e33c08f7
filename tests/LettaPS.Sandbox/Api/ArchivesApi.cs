using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>Archives, which releases from 0.12 on show. None of them lists an archive's passages.</summary>
internal sealed class ArchivesApi
{
    private readonly LettaApi _api;

    private ArchivesApi(LettaApi api) => _api = api;

    public static void Add(Routes routes, LettaApi api)
    {
        var archives = new ArchivesApi(api);
        routes.Get("/v1/archives/", api.Reading(archives.List, "archives"));
        routes.Get("/v1/archives/{}", api.Reading(archives.Get, "archives"));
        routes.Get("/v1/archives/{}/agents", api.Reading(archives.Agents, "archives", "agents"));
    }

    private Answer List(Call call)
    {
        IEnumerable<ArchiveRow> rows = _api.State.Archives;
        if (call.Query("agent_id") is { } id)
        {
            var attached = _api.State.Agents.Find(id)?.ArchiveIds ?? [];
            rows = rows.Where(a => attached.Contains(a.Id));
        }

        if (call.Query("name") is { } name)
        {
            rows = rows.Where(a => a.Name == name);
        }

        return Answer.Array(Paging.Page(call, rows, _api.State.Archives).ToArray(), Shapes.Archive);
    }

    private Answer Get(Call call)
    {
        var archive = Find(call);
        return Answer.Object(w => Shapes.Archive(w, archive));
    }

    private Answer Agents(Call call)
    {
        var archive = Find(call);
        var with = RelationsQuery.Of(call);
        var agents = Paging.Page(call, _api.State.Agents.Where(a => a.ArchiveIds.Contains(archive.Id)), _api.State.Agents);
        return Answer.Array(agents.ToArray(), (w, row) => _api.Agents.Write(w, row, with));
    }

    private ArchiveRow Find(Call call)
    {
        var id = call.Id("archive", "archive_id");
        return _api.State.Archives.Find(id) ?? throw LettaApi.NoRow("Archive", "archives", id);
    }
}
