using System.Text.Json;
using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>Sources and their files, under their old name and as folders.</summary>
internal sealed class SourcesApi
{
    private readonly LettaApi _api;

    private SourcesApi(LettaApi api) => _api = api;

    public static void Add(Routes routes, LettaApi api)
    {
        var sources = new SourcesApi(api);
        routes.Get("/v1/sources/", api.Reading(_ => Answer.Array(sources.All(), api.Shapes.Source), "sources"));
        routes.Get("/v1/folders/", api.Reading(sources.Folders, "sources"));
        foreach (var kind in new[] { "sources", "folders" })
        {
            Action<Utf8JsonWriter, SourceRow> shape = kind == "sources" ? api.Shapes.Source : api.Shapes.Folder;
            routes.Get($"/v1/{kind}/count", _ => Answer.Number(api.State.Sources.Count));
            routes.Get($"/v1/{kind}/{{}}", call =>
            {
                var source = sources.Source(call);
                return Answer.Object(w => shape(w, source));
            });
            routes.Get($"/v1/{kind}/{{}}/files", api.Reading(sources.Files, "sources", "files"));
            routes.Get($"/v1/{kind}/{{}}/passages", api.Reading(sources.Passages, "sources", "source_passages"));
            routes.Get($"/v1/{kind}/{{}}/agents", sources.Agents);
        }

        routes.Get("/v1/sources/{}/files/{}", sources.File);
        routes.Get("/v1/folders/{}/files/{}", sources.File);
    }

    private SourceRow[] All() => [.. _api.State.Sources.Order(Comparer<SourceRow>.Create(Paging.ByTime))];

    private Answer Folders(Call call) => Answer.Array(
        _api.Is016 ? Paging.Page(call, _api.State.Sources, _api.State.Sources, ascending: true).ToArray() : All(), _api.Shapes.Folder);

    private SourceRow Source(Call call)
    {
        var id = call.Id("source", call.Http.Request.Path.Value!.Contains("/folders/", StringComparison.Ordinal) ? "folder_id" : "source_id");
        return _api.State.Sources.Find(id) ?? throw Problem.NotFound($"Source with id={id} not found.");
    }

    private Answer Files(Call call)
    {
        var source = Source(call);
        var limit = call.QueryInt("limit", 1000);
        var content = call.QueryBool("include_content");
        var files = Paging.PageByTimeOnly(_api.State.Files.Where(f => f.SourceId == source.Id && !f.IsDeleted), true, _api.State.Files.Find,
            call.Query("after"), null, limit);
        return Answer.Array(files.ToArray(), (w, file) => Shapes.File(w, file, content));
    }

    private Answer File(Call call)
    {
        var id = call.Id("file", "file_id", 1);
        var content = call.QueryBool("include_content");
        var file = _api.State.Files.Find(id) is { } found && found.SourceId == call.Ids[0] ? found : throw Problem.NotFound($"File with id={id} not found.");
        return Answer.Object(w => Shapes.File(w, file, content));
    }

    private Answer Passages(Call call)
    {
        var source = Source(call);
        var passages = Paging.PageByTimeOnly(_api.State.SourcePassages.Where(p => p.SourceId == source.Id), true, _api.State.SourcePassages.Find,
            call.Query("after"), call.Query("before"), call.QueryInt("limit", 100));
        return Answer.Array(passages.ToArray(), _api.Shapes.Passage);
    }

    private Answer Agents(Call call)
    {
        var source = Source(call);
        return Answer.Array(_api.State.Agents.Where(a => a.SourceIds.Contains(source.Id)).Select(a => a.Id).ToArray(), (w, id) => w.WriteStringValue(id));
    }
}
