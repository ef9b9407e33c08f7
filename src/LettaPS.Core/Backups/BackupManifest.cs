using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using LettaPS.Core.IO;

namespace LettaPS.Core.Backups;

/// <summary>
/// What makes a folder of agent files a backup set: written last, it names every file with its size and SHA-256, and every agent that could not
/// be backed up. Its own last line is a SHA-256 of all before it, so that a change of the manifest itself is found too.
/// </summary>
internal sealed record BackupManifest
{
    /// <summary>Name of the manifest in a set.</summary>
    public const string FileName = "manifest.json";

    private const string Seal = ",\n  \"manifest_sha256\": \"";

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Version of this form.</summary>
    public int Format { get; init; } = 1;

    /// <summary>What wrote it: <c>LettaPS</c> and its version.</summary>
    public required string Tool { get; init; }

    /// <summary>When the set was begun (UTC).</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it was finished (UTC).</summary>
    public required DateTimeOffset CompletedAt { get; init; }

    /// <summary>Address of the server.</summary>
    public required Uri Server { get; init; }

    /// <summary>What the server said of its version.</summary>
    public string? ServerVersion { get; init; }

    /// <summary>Alembic revision of its database, where known.</summary>
    public string? SchemaRevision { get; init; }

    /// <summary>Which agents were to be in the set; <see langword="null"/> in a set of a version that did not note it.</summary>
    public BackupScope? Scope { get; init; }

    /// <summary>The files.</summary>
    public required IReadOnlyList<BackupEntry> Files { get; init; }

    /// <summary>The agents that are not in the set.</summary>
    public IReadOnlyList<LettaBackupFailure> Failed { get; init; } = [];

    /// <summary>Blocks that more than one agent of the set has: identifier of the block, identifiers of the agents.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> SharedBlocks { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Agents that belong to groups of the agents in the set and are not in the set themselves.</summary>
    internal IReadOnlyList<string> AgentsOutside() => [.. Files.SelectMany(f => f.GroupAgentIds).Except(Files.Select(f => f.AgentId)).Except(Failed.Select(f => f.AgentId)).Order(StringComparer.Ordinal)];

    /// <summary>What became of the agents that could not be backed up, one sentence each.</summary>
    internal IEnumerable<string> Failures() => Failed.Select(failure => Files.FirstOrDefault(f => f.AgentId == failure.AgentId) is { } older
        ? $"The file of '{older.AgentName}' ({older.AgentId}) is of an earlier run ({older.ExportedAt:yyyy-MM-dd HH:mm} UTC). The agent could not be exported again: {failure.Error}"
        : $"The agent {(failure.AgentName is null ? $"'{failure.AgentId}'" : $"'{failure.AgentName}' ({failure.AgentId})")} is not in the set: {failure.Error}");

    /// <summary>Writes the manifest into a set; it is there whole or not at all.</summary>
    /// <param name="folder">The set.</param>
    public void Write(string folder)
    {
        var text = JsonSerializer.Serialize(this, s_json).ReplaceLineEndings("\n");
        var body = Encoding.UTF8.GetBytes(text[..text.LastIndexOf("\n}", StringComparison.Ordinal)]);
        using var file = new AtomicFile(Path.Combine(folder, FileName));
        file.Stream.Write(body);
        file.Stream.Write(Encoding.UTF8.GetBytes(Seal + Hash(body) + "\"\n}\n"));
        file.Commit();
    }

    /// <summary>Reads the manifest of a set.</summary>
    /// <param name="folder">The set.</param>
    /// <param name="fileName">Name of the manifest.</param>
    /// <returns>The manifest, or <see langword="null"/> where there is none.</returns>
    /// <exception cref="LettaException"><c>ManifestDamaged</c>: it is not as it was written.</exception>
    public static BackupManifest? Read(string folder, string fileName = FileName)
    {
        var path = Path.Combine(folder, fileName);
        if (!File.Exists(path))
        {
            return null;
        }

        var bytes = File.ReadAllBytes(path);
        var seal = bytes.AsSpan().LastIndexOf(Encoding.UTF8.GetBytes(Seal));
        if (seal < 0 || !bytes.AsSpan(seal).SequenceEqual(Encoding.UTF8.GetBytes(Seal + Hash(bytes.AsSpan(0, seal)) + "\"\n}\n")))
        {
            throw Damaged(path, null);
        }

        try
        {
            return JsonSerializer.Deserialize<BackupManifest>(bytes, s_json) ?? throw Damaged(path, null);
        }
        catch (JsonException e)
        {
            throw Damaged(path, e);
        }
    }

    private static LettaException Damaged(string path, Exception? cause) => new(
        ErrorIds.ManifestDamaged,
        LettaErrorKind.InvalidData,
        $"The checksum of the manifest '{path}' does not match. The file was changed or is damaged.",
        $"Examine the agent files one by one: Test-LettaBackup '{System.IO.Path.GetDirectoryName(path)}'",
        path,
        cause);

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexString(SHA256.HashData(bytes)).ToLowerInvariant();
}

/// <summary>A file of a backup set.</summary>
internal sealed record BackupEntry
{
    /// <summary>Name in the set's folder.</summary>
    public required string Name { get; init; }

    /// <summary>Identifier of the agent.</summary>
    public required string AgentId { get; init; }

    /// <summary>Name of the agent.</summary>
    public required string AgentName { get; init; }

    /// <summary>When the agent had last changed.</summary>
    public DateTimeOffset? UpdatedAt { get; init; }

    /// <summary>When the file was written (UTC); <see langword="null"/> in a set of a version that did not note it.</summary>
    public DateTimeOffset? ExportedAt { get; init; }

    /// <summary>Whether the file is of an earlier run, kept because the agent could not be exported again.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsOlder { get; init; }

    /// <summary>Where it was read: <c>Api</c> or <c>Database</c>.</summary>
    public required string Source { get; init; }

    /// <summary>Size in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>SHA-256 in lower-case hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Messages.</summary>
    public required int Messages { get; init; }

    /// <summary>How many of them were rebuilt from the view of the API.</summary>
    public int Rebuilt { get; init; }

    /// <summary>Archival passages.</summary>
    public required int Passages { get; init; }

    /// <summary>Memory blocks.</summary>
    public required int Blocks { get; init; }

    /// <summary>Tools.</summary>
    public required int Tools { get; init; }

    /// <summary>Files of attached sources.</summary>
    public int Files { get; init; }

    /// <summary>What could not be had, in words.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>What was left out on request: <c>History</c>, <c>Archive</c>, <c>Secrets</c>.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>Identifiers of the memory blocks, by which shared ones are recognised.</summary>
    public IReadOnlyList<string> BlockIds { get; init; } = [];

    /// <summary>Identifiers of the other agents of its groups: the agents that it manages, or that manage it.</summary>
    public IReadOnlyList<string> GroupAgentIds { get; init; } = [];

    /// <summary>Whether messages or passages were left out on request.</summary>
    [JsonIgnore]
    public bool LacksHistoryOrArchive => LeftOut.Any(l => l is "History" or "Archive");
}

/// <summary>Which agents were to be in a backup set.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BackupScope>))]
internal enum BackupScope
{
    /// <summary>Agents that were asked for by identifier or from the pipeline.</summary>
    Selected,

    /// <summary>All agents of the server.</summary>
    All,
}
