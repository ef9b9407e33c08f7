using System.Text.Json;
using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>Sources: made, changed, deleted, filled with files.</summary>
internal sealed class SourceChangesApi
{
    private readonly LettaApi _api;

    private SourceChangesApi(LettaApi api) => _api = api;

    public static void Add(Routes routes, LettaApi api)
    {
        var changes = new SourceChangesApi(api);
        foreach (var kind in new[] { "sources", "folders" })
        {
            Action<Utf8JsonWriter, SourceRow> shape = kind == "sources" ? api.Shapes.Source : api.Shapes.Folder;
            routes.Post($"/v1/{kind}/", call => Shown(changes.Create(call), shape));
            routes.Patch($"/v1/{kind}/{{}}", call => Shown(changes.Update(call), shape));
            routes.Delete($"/v1/{kind}/{{}}", changes.Delete);
            routes.Add("POST", $"/v1/{kind}/{{}}/upload", changes.Upload, Reads.Form);
            routes.Delete($"/v1/{kind}/{{}}/{{}}", changes.DeleteFile);
        }
    }

    private static Answer Shown(SourceRow row, Action<Utf8JsonWriter, SourceRow> shape) => Answer.Object(w => shape(w, row));

    private SourceRow Create(Call call)
    {
        var name = call.Body.Text("name") ?? throw call.Invalid("missing", ["body", "name"], "Field required", call.Body);
        if (_api.State.Sources.Any(s => s.Name == name))
        {
            throw new Problem(409, $"A unique constraint was violated for Source: Key (name)=({name}) already exists.");
        }

        var row = _api.State.Stamp(
            new SourceRow
            {
                Name = name,
                Description = call.Body.Text("description"),
                Instructions = call.Body.Text("instructions"),
                Metadata = call.Body.Property("metadata"),
                EmbeddingConfig = call.Body.Property("embedding_config") ?? ModelCatalog.Embedding(_api.Release, call.Body.Text("embedding") ?? "letta/letta-free"),
            },
            "source");
        _api.State.Sources.Add(row);
        return row;
    }

    private SourceRow Update(Call call)
    {
        var row = Find(call);
        row.Name = call.Body.Text("name") ?? row.Name;
        row.Description = call.Body.Text("description") ?? row.Description;
        row.Instructions = call.Body.Text("instructions") ?? row.Instructions;
        row.Metadata = call.Body.Property("metadata") ?? row.Metadata;
        row.UpdatedAt = _api.State.Tick();
        return row;
    }

    private Answer Delete(Call call)
    {
        var row = Find(call);
        _api.State.Sources.Remove(row.Id);
        Array.ForEach(_api.State.Files.Where(f => f.SourceId == row.Id).ToArray(), f => Remove(f.Id));
        foreach (var agent in _api.State.Agents)
        {
            agent.SourceIds.Remove(row.Id);
        }

        return Answer.Null();
    }

    private Answer Upload(Call call)
    {
        var source = Find(call);
        var file = call.Form.Files.GetFile("file") ?? throw call.Invalid("missing", ["body", "file"], "Field required", null);
        using var reader = new StreamReader(file.OpenReadStream());
        var content = reader.ReadToEnd();
        var row = _api.State.Stamp(
            new FileRow
            {
                SourceId = source.Id,
                FileName = $"{source.Name}/{file.FileName}",
                OriginalFileName = file.FileName,
                FileType = file.ContentType,
                FileSize = file.Length,
                Content = content,
                TotalChunks = 1,
                ChunksEmbedded = 1,
            },
            "file");
        _api.State.Files.Add(row);
        foreach (var agent in _api.State.Agents.Where(a => a.SourceIds.Contains(source.Id)))
        {
            _api.Factory.OpenFile(agent, row, content);
        }

        return Answer.Object(w => Shapes.File(w, row, withContent: false));
    }

    private Answer DeleteFile(Call call)
    {
        Find(call);
        var id = call.Id("file", "file_id", 1);
        if (!_api.State.Files.Contains(id))
        {
            throw Problem.NotFound($"File with id={id} not found.");
        }

        Remove(id);
        return Answer.Nothing();
    }

    private void Remove(string fileId)
    {
        _api.State.Files.Remove(fileId);
        Array.ForEach(_api.State.FileAgents.Where(f => f.FileId == fileId).ToArray(), f => _api.State.FileAgents.Remove(f.Id));
        Array.ForEach(_api.State.SourcePassages.Where(p => p.FileId == fileId).ToArray(), p => _api.State.SourcePassages.Remove(p.Id));
    }

    private SourceRow Find(Call call)
    {
        var id = call.Id("source", "source_id");
        return _api.State.Sources.Find(id) ?? throw LettaApi.NoRow("Source", "sources", id);
    }
}
