using System.Text.Encodings.Web;
using System.Text.Json;
using LettaPS.Core.Connections;
using LettaPS.Core.IO;

namespace LettaPS.Core.IdMaps;

/// <summary>
/// Which identifiers became which, server by server: kept as <c>id-map.json</c> beside the backup, so that a second restore knows the first and stored
/// identifiers (Letta Code's settings) can be brought up to date.
/// </summary>
internal sealed class IdMap
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "id-map.json";

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Version of this form.</summary>
    public int Format { get; init; } = 1;

    /// <summary>The servers, by their addresses.</summary>
    public SortedDictionary<string, ServerIdMap> Servers { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The map of one server, however its address is written; an empty map if nothing was restored there yet.</summary>
    /// <param name="server">Address of the server.</param>
    public ServerIdMap Of(Uri server)
    {
        var spellings = Servers.Keys.Where(k => Uri.TryCreate(k, UriKind.Absolute, out var known) && ServerAddress.IsSame(known, server)).ToList();
        var key = spellings.Contains(server.AbsoluteUri) || spellings.Count == 0 ? server.AbsoluteUri : spellings[0];
        if (!Servers.TryGetValue(key, out var map))
        {
            Servers[key] = map = new ServerIdMap();
        }

        // Versions that took every spelling for a server of its own left several maps of one server.
        foreach (var other in spellings.Where(s => s != key))
        {
            map.Add(Servers[other]);
            Servers.Remove(other);
        }

        return map;
    }

    /// <summary>Reads a map.</summary>
    /// <param name="path">The file; an empty map where there is none.</param>
    /// <exception cref="LettaException"><c>InvalidIdMap</c>: it is not a map.</exception>
    public static IdMap Read(string path) => Parse(Contents(path), path);

    /// <summary>What is in the file of a map.</summary>
    /// <param name="path">The file.</param>
    /// <returns><see langword="null"/> where there is none.</returns>
    internal static byte[]? Contents(string path) => File.Exists(path) ? File.ReadAllBytes(path) : null;

    /// <summary>Reads a map.</summary>
    /// <param name="contents">What is in its file.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="LettaException"><c>InvalidIdMap</c>: it is not a map.</exception>
    internal static IdMap Parse(byte[]? contents, string path)
    {
        if (contents is null)
        {
            return new IdMap();
        }

        try
        {
            return JsonSerializer.Deserialize<IdMap>(contents, s_json) ?? throw new JsonException();
        }
        catch (JsonException e)
        {
            throw new LettaException(
                ErrorIds.InvalidIdMap, LettaErrorKind.InvalidData, $"'{path}' is not an ID map.", $"Move the file away. LettaPS also recognises restored agents by their metadata: Move-Item -LiteralPath '{path}' -Destination ~", path, e);
        }
    }

    /// <summary>Writes the map; it is there whole or as it was.</summary>
    /// <param name="path">The file.</param>
    public void Write(string path)
    {
        using var file = new AtomicFile(path);
        file.Stream.Write(JsonSerializer.SerializeToUtf8Bytes(this, s_json));
        file.Stream.Write("\n"u8);
        file.Commit();
    }
}

/// <summary>Which identifiers of a backup became which on one server.</summary>
internal sealed class ServerIdMap
{
    /// <summary>Agents: original identifier, new identifier.</summary>
    public SortedDictionary<string, string> Agents { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Blocks that agents share.</summary>
    public SortedDictionary<string, string> Blocks { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Sources that agents share.</summary>
    public SortedDictionary<string, string> Sources { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Archives that agents share.</summary>
    public SortedDictionary<string, string> Archives { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Groups.</summary>
    public SortedDictionary<string, string> Groups { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Agents that <c>-Conflict Replace</c> deleted: the identifier of each, and of the agent that stands in its place now.</summary>
    public SortedDictionary<string, string> Replaced { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Archives and sources that were made for agents whose restore is under way, by the agents' original identifiers: what a run that is killed leaves
    /// behind is found here and removed by the next.</summary>
    public SortedDictionary<string, List<string>> Unfinished { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Takes over what another map of the same server knows and this one does not.</summary>
    /// <param name="other">The other map.</param>
    internal void Add(ServerIdMap other)
    {
        foreach (var (mine, theirs) in new[]
        {
            (Agents, other.Agents), (Blocks, other.Blocks), (Sources, other.Sources), (Archives, other.Archives), (Groups, other.Groups), (Replaced, other.Replaced),
        })
        {
            foreach (var (oldId, newId) in theirs)
            {
                mine.TryAdd(oldId, newId);
            }
        }

        foreach (var (agent, unfinished) in other.Unfinished)
        {
            Unfinished[agent] = [.. Unfinished.GetValueOrDefault(agent, []).Union(unfinished)];
        }
    }

    /// <summary>The agent that stands in the place of another.</summary>
    /// <param name="oldId">An original identifier, or that of an agent which was replaced.</param>
    /// <returns>Its identifier, or <see langword="null"/> where the map does not know the other.</returns>
    public string? FindAgent(string oldId) => Agents.GetValueOrDefault(oldId) ?? Replaced.GetValueOrDefault(oldId);

    /// <summary>Notes that an agent was deleted in favour of another, and so were those that it had replaced itself.</summary>
    /// <param name="oldId">The agent that was deleted.</param>
    /// <param name="newId">The agent in its place.</param>
    internal void Replace(string oldId, string newId)
    {
        foreach (var earlier in Replaced.Where(r => r.Value == oldId).Select(r => r.Key).ToList())
        {
            Replaced[earlier] = newId;
        }

        Replaced[oldId] = newId;
    }
}
