using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;
using LettaPS.Core.Sources;

namespace LettaPS.Core.Restores.Api;

/// <summary>
/// Puts archival passages back, archive by archive. A server adds passages to the one archive that an agent has and refuses where it has several, so each
/// archive is attached alone while it is filled, and all of them at the end.
/// </summary>
/// <param name="shared">Archives that agents share.</param>
/// <param name="journal">Told of every archive that is made, before anything is put into it.</param>
internal sealed class PassageRestore(IAgentTarget server, SharedResources shared, Action<AgentRestoreState, string> journal) : IDisposable
{
    /// <summary>Held while an archive is made, until its agent has it.</summary>
    private readonly SemaphoreSlim _making = new(1);

    /// <summary>Archives that were there before the first was made, and those that were made.</summary>
    private HashSet<string>? _known;

    /// <summary>Restores the passages of a new agent.</summary>
    /// <param name="work">The agent.</param>
    /// <param name="target">The release.</param>
    /// <param name="known">Shared archives that are there, as far as the map knows.</param>
    public async Task RestoreAsync(AgentRestoreState work, ReleaseCapabilities target, IDictionary<string, string> known, CancellationToken cancellationToken)
    {
        if (!target.SharesArchives)
        {
            await AddAsync(work, work.Document.Passages.Read(), target, cancellationToken).ConfigureAwait(false);
            return;
        }

        var archives = work.Document.Archives.Where(a => a.StringOrNull("id") is not null).ToList();
        using var held = await shared.HoldAsync(archives.Select(a => a.StringOrNull("id")!), cancellationToken).ConfigureAwait(false);
        var attached = new List<string>();
        var ids = archives.Select(a => a.StringOrNull("id")!).ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < archives.Count; i++)
        {
            var key = archives[i].StringOrNull("id")!;
            if (await shared.FindAsync(ResourceKind.Archive, key, known, cancellationToken).ConfigureAwait(false) is { } there)
            {
                attached.Add(there);
                continue;
            }

            var id = await MakeAsync(work, archives[i], cancellationToken).ConfigureAwait(false);
            attached.Add(id);
            await FillAsync(work, id, work.Document.Passages.Read().Where(p => IsIn(p, key, orphan: i == 0, ids)), target, cancellationToken).ConfigureAwait(false);
            if (work.PassagesWaiting == 0)
            {
                shared.Learn(key, id, known);
            }
        }

        if (archives.Count == 0)
        {
            await AddAsync(work, work.Document.Passages.Read(), target, cancellationToken).ConfigureAwait(false);
        }

        foreach (var id in attached)
        {
            await server.AttachAsync(work.NewId!, ResourceKind.Archive, id, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Adds the passages that an agent lacks, into the archives of their names.</summary>
    /// <param name="work">The agent.</param>
    /// <param name="before">The agent as it is.</param>
    /// <param name="target">The release.</param>
    public async Task AddMissingAsync(AgentRestoreState work, AgentSnapshot before, ReleaseCapabilities target, CancellationToken cancellationToken)
    {
        var missing = PassageComparison.Missing(work.Document.Passages.Read(), before.Passages.Read(), target).ToList();
        var there = before.Archives.Where(a => a.StringOrNull("id") is not null).ToDictionary(a => a.StringOrNull("id")!, a => a.StringOrNull("name"));
        if (!target.SharesArchives || there.Count < 2)
        {
            await AddAsync(work, missing, target, cancellationToken).ConfigureAwait(false);
            return;
        }

        var names = work.Document.Archives.ToDictionary(a => a.StringOrNull("id") ?? string.Empty, a => a.StringOrNull("name"));
        var filled = missing.ToLookup(p => there.FirstOrDefault(t => t.Value == names.GetValueOrDefault(p.StringOrNull("archive_id") ?? string.Empty)).Key ?? there.Keys.First());
        try
        {
            foreach (var id in there.Keys)
            {
                await server.DetachAsync(work.NewId!, ResourceKind.Archive, id, cancellationToken).ConfigureAwait(false);
            }

            foreach (var archive in filled)
            {
                await server.AttachAsync(work.NewId!, ResourceKind.Archive, archive.Key, cancellationToken).ConfigureAwait(false);
                await FillAsync(work, archive.Key, archive, target, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            foreach (var id in there.Keys)
            {
                await server.AttachAsync(work.NewId!, ResourceKind.Archive, id, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _making.Dispose();

    /// <summary>Whether a passage belongs into an archive; those of an archive that the file does not have go into the first.</summary>
    private static bool IsIn(JsonElement passage, string archive, bool orphan, HashSet<string> archives) =>
        passage.StringOrNull("archive_id") is { } id && archives.Contains(id) ? id == archive : orphan;

    /// <summary>Makes an archive, which its agent has then.</summary>
    private async Task<string> MakeAsync(AgentRestoreState work, JsonElement archive, CancellationToken cancellationToken)
    {
        var properties = new JsonObject { ["name"] = archive.StringOrNull("name") ?? $"{work.Agent.Name}'s Archive" };
        if (archive.StringOrNull("description") is { } description)
        {
            properties["description"] = description;
        }

        if (work.Agent.Config("embedding_config") is { } embedding)
        {
            properties["embedding_config"] = JsonValues.ToNode(embedding);
        }

        await _making.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _known ??= (await ListAsync(cancellationToken).ConfigureAwait(false)).Select(a => a.Id).ToHashSet(StringComparer.Ordinal);
            var id = await CreateAsync(work, properties).ConfigureAwait(false);
            await server.AttachAsync(work.NewId!, ResourceKind.Archive, id, cancellationToken).ConfigureAwait(false);
            return id;
        }
        finally
        {
            _making.Release();
        }
    }

    /// <summary>Makes an archive. It is not broken off: nobody would know what to remove.</summary>
    private async Task<string> CreateAsync(AgentRestoreState work, JsonObject properties)
    {
        try
        {
            var made = await server.CreateAsync(ResourceKind.Archive, properties, CancellationToken.None).ConfigureAwait(false);
            var id = EntityId.Require(made.StringOrNull("id"), "archive");
            Note(work, id);
            return id;
        }
        catch (LettaException e) when (e.ErrorId != ErrorIds.RequestRefused)
        {
            // The server may have made it all the same: it is what is new under the name, and is removed with what else was begun.
            foreach (var (id, _) in (await ListAsync(CancellationToken.None).ConfigureAwait(false)).Where(a => a.Name == (string?)properties["name"] && !_known!.Contains(a.Id)))
            {
                Note(work, id);
            }

            throw;
        }
    }

    private async Task<IEnumerable<(string Id, string? Name)>> ListAsync(CancellationToken cancellationToken) =>
        (await server.ListResourcesAsync(ResourceKind.Archive, cancellationToken).ConfigureAwait(false)).Select(a => (a.StringOrNull("id") ?? string.Empty, a.StringOrNull("name")));

    private void Note(AgentRestoreState work, string id)
    {
        _known!.Add(id);
        work.Archives.Add(id);
        journal(work, id);
    }

    /// <summary>Puts passages into an archive that the agent has, and takes the archive from it.</summary>
    private async Task FillAsync(AgentRestoreState work, string archive, IEnumerable<JsonElement> passages, ReleaseCapabilities target, CancellationToken cancellationToken)
    {
        await AddAsync(work, passages, target, cancellationToken).ConfigureAwait(false);
        await server.DetachAsync(work.NewId!, ResourceKind.Archive, archive, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Adds passages until the server fails at one: its embedding provider will fail at the others too.</summary>
    private async Task AddAsync(AgentRestoreState work, IEnumerable<JsonElement> passages, ReleaseCapabilities target, CancellationToken cancellationToken)
    {
        foreach (var passage in passages)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (work.PassagesWaiting > 0)
            {
                work.PassagesWaiting++;
                continue;
            }

            try
            {
                await server.AddPassageAsync(work.NewId!, Properties(passage, target), cancellationToken).ConfigureAwait(false);
            }
            catch (LettaException e) when (e.IsServerRejection)
            {
                work.PassagesWaiting = 1;
                work.PassageFailure = e.Message;
            }
        }
    }

    private static JsonObject Properties(JsonElement passage, ReleaseCapabilities target)
    {
        var properties = new JsonObject { ["text"] = passage.StringOrNull("text") };
        foreach (var field in target.KeepsPassagesWhole ? (string[])["tags", "created_at"] : [])
        {
            if (passage.TryGetProperty(field, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                properties[field] = JsonValues.ToNode(value);
            }
        }

        return properties;
    }
}
