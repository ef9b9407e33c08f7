using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>Archival memory: passages added and deleted, archives made and deleted.</summary>
internal sealed class PassageChangesApi
{
    /// <summary>The length at which 0.11 cuts a text into passages, in characters: about 300 tokens.</summary>
    private const int ChunkLength = 1200;

    private readonly LettaApi _api;

    private PassageChangesApi(LettaApi api) => _api = api;

    public static void Add(Routes routes, LettaApi api)
    {
        var changes = new PassageChangesApi(api);
        routes.Post("/v1/agents/{}/archival-memory", changes.Create);
        routes.Delete("/v1/agents/{}/archival-memory/{}", changes.Delete);
        routes.Post("/v1/archives/", changes.CreateArchive);
        routes.Patch("/v1/archives/{}", changes.UpdateArchive);
        routes.Delete("/v1/archives/{}", changes.DeleteArchive);
        routes.Post("/v1/archives/{}/passages", changes.CreateInArchive);
        routes.Post("/v1/archives/{}/passages/batch", changes.CreateManyInArchive);
        routes.Delete("/v1/archives/{}/passages/{}", changes.DeleteFromArchive);
    }

    /// <summary>Adds a text to an agent's archive: 0.11 cuts it and knows neither tags nor times; later releases keep it whole.</summary>
    private Answer Create(Call call)
    {
        var agent = _api.Agent(call);
        var text = call.Body.Text("text") ?? throw call.Invalid("missing", ["body", "text"], "Field required", call.Body);
        var archive = ArchiveOf(agent);
        var passages = _api.Is016
            ? [Passage(archive, text, call.Body)]
            : text.Chunk(ChunkLength).Select(c => Passage(archive, new string(c), JsonText.EmptyObject)).ToArray();
        return Answer.Array(passages, _api.Shapes.Passage);
    }

    private Answer Delete(Call call)
    {
        var id = call.Ids[1];
        if (!_api.State.Passages.Remove(id))
        {
            throw Problem.NotFound($"Passage with id {id} not found in database.");
        }

        return Answer.Object(w =>
        {
            w.WriteStartObject();
            w.WriteString("message"u8, $"Memory id={id} successfully deleted");
            w.WriteEndObject();
        });
    }

    private Answer CreateArchive(Call call)
    {
        var name = call.Body.Text("name") ?? throw call.Invalid("missing", ["body", "name"], "Field required", call.Body);
        var row = Archive(name, call.Body.Text("description"), call.Body.Property("embedding_config")
            ?? (call.Body.Text("embedding") is { } handle ? ModelCatalog.Embedding(_api.Release, handle) : null));
        return Answer.Object(w => Shapes.Archive(w, row));
    }

    private Answer UpdateArchive(Call call)
    {
        var row = Find(call);
        row.Name = call.Body.Text("name") ?? row.Name;
        row.Description = call.Body.Text("description") ?? row.Description;
        row.UpdatedAt = _api.State.Tick();
        return Answer.Object(w => Shapes.Archive(w, row));
    }

    private Answer DeleteArchive(Call call)
    {
        var row = Find(call);
        _api.State.Archives.Remove(row.Id);
        Array.ForEach(_api.State.Passages.Where(p => p.ArchiveId == row.Id).ToArray(), p => _api.State.Passages.Remove(p.Id));
        foreach (var agent in _api.State.Agents)
        {
            agent.ArchiveIds.Remove(row.Id);
        }

        return Answer.Nothing();
    }

    private Answer CreateInArchive(Call call)
    {
        var archive = Find(call);
        var text = call.Body.Text("text") ?? throw call.Invalid("missing", ["body", "text"], "Field required", call.Body);
        var row = Passage(archive, text, call.Body);
        return Answer.Object(w => _api.Shapes.Passage(w, row));
    }

    private Answer CreateManyInArchive(Call call)
    {
        var archive = Find(call);
        if (call.Body.Property("passages") is not { ValueKind: JsonValueKind.Array } given)
        {
            throw call.Invalid("missing", ["body", "passages"], "Field required", call.Body);
        }

        return Answer.Array(given.EnumerateArray().Select(p => Passage(archive, p.Text("text") ?? string.Empty, p)).ToArray(), _api.Shapes.Passage);
    }

    private Answer DeleteFromArchive(Call call)
    {
        Find(call);
        var id = call.Ids[1];
        return _api.State.Passages.Remove(id) ? Answer.Nothing() : throw Problem.NotFound($"Passage with id {id} not found in database.");
    }

    private ArchiveRow Find(Call call)
    {
        var id = call.Id("archive", "archive_id");
        return _api.State.Archives.Find(id) ?? throw LettaApi.NoRow("Archive", "archives", id);
    }

    private ArchiveRow ArchiveOf(AgentRow agent)
    {
        if (_api.State.Archives.Of(agent.ArchiveIds).FirstOrDefault() is { } existing)
        {
            return existing;
        }

        var row = Archive($"{agent.Name}'s Archive", "Default archive created automatically", agent.EmbeddingConfig);
        agent.ArchiveIds.Add(row.Id);
        return row;
    }

    private ArchiveRow Archive(string name, string? description, JsonElement? embedding)
    {
        var row = _api.State.Stamp(new ArchiveRow { Name = name, Description = description, EmbeddingConfig = embedding }, "archive");
        _api.State.Archives.Add(row);
        return row;
    }

    private PassageRow Passage(ArchiveRow archive, string text, JsonElement request)
    {
        var row = _api.State.Stamp(
            new PassageRow
            {
                Text = text,
                ArchiveId = archive.Id,
                EmbeddingConfig = archive.EmbeddingConfig,
                Embedding = Vector(text),
                Metadata = request.Property("metadata") ?? JsonText.EmptyObject,
                Tags = request.Property("tags") is { ValueKind: JsonValueKind.Array } tags ? [.. tags.EnumerateArray().Select(t => t.GetString()!)] : null,
                CreatedAt = request.Property("created_at")?.GetDateTimeOffset() ?? default,
            },
            "passage");
        row.UpdatedAt = _api.State.Tick();
        _api.State.Passages.Add(row);
        return row;
    }

    /// <summary>A vector that stands for a text: the same text, the same vector.</summary>
    private static float[] Vector(string text)
    {
        var random = new Random(BitConverter.ToInt32(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
        return [.. Enumerable.Range(0, 1536).Select(_ => (random.NextSingle() - 0.5f) / 16)];
    }
}
