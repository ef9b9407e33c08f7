using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using LettaPS.Core.IO;

namespace LettaPS.Core.Databases.Dumps;

/// <summary>
/// What is known of a dump, in a file beside it that is written last: a dump without it is unfinished or not of <c>Backup-LettaDatabase</c>. It also
/// holds what no dump carries, above all the search path by which Letta finds its schema.
/// </summary>
internal sealed record DumpManifest
{
    /// <summary>What is appended to the name of the dump.</summary>
    public const string Suffix = ".json";

    /// <summary>What is appended while the dump is not yet in its place.</summary>
    private const string PendingSuffix = ".json.pending";

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Version of this form.</summary>
    public int Version { get; init; } = 1;

    /// <summary>What wrote it: <c>LettaPS</c> and its version.</summary>
    public required string Tool { get; init; }

    /// <summary>The moment that the dump shows (UTC).</summary>
    public required DateTimeOffset TakenAt { get; init; }

    /// <summary>Form of the dump.</summary>
    public required DumpFormat Format { get; init; }

    /// <summary>Size of the dump in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>SHA-256 of the dump, in lower-case hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>What <c>pg_dump --version</c> said.</summary>
    public required string DumpedWith { get; init; }

    /// <summary>Version of the server as PostgreSQL numbers it: 170012 is 17.12.</summary>
    public required int ServerVersion { get; init; }

    /// <summary>The number that tells the server's cluster from every other; <see langword="null"/> where it was not to be had.</summary>
    public string? SystemIdentifier { get; init; }

    /// <summary>The image of the Letta server that used the database; <see langword="null"/> where no container was known.</summary>
    public string? LettaImage { get; init; }

    /// <summary>The database.</summary>
    public required DatabaseFacts Database { get; init; }

    /// <summary>Whether it has all that is read of it: <c>null</c> in a file satisfies what is required.</summary>
    private bool IsWhole => Sha256 is not null && Database is
    {
        Name: not null, Owner: not null, Settings: not null, Schemas: not null, Extensions: not null, Owners: not null, Tables: not null, DefaultPrivileges: not null,
    };

    /// <summary>Major version of the server: 17.</summary>
    [JsonIgnore]
    public int Major => ServerVersion / 10000;

    /// <summary>Puts a dump and its manifest in their places, atomically each. Killed in between, the dump that is there still has its manifest.</summary>
    /// <param name="dump">Path of the dump.</param>
    /// <param name="commit">Puts the dump in its place.</param>
    public void Write(string dump, Action commit)
    {
        ArgumentNullException.ThrowIfNull(commit);
        using (var file = new AtomicFile(dump + PendingSuffix))
        {
            JsonSerializer.Serialize(file.Stream, this, s_json);
            file.Commit();
        }

        commit();
        File.Move(dump + PendingSuffix, dump + Suffix, overwrite: true);
    }

    /// <summary>Whether there is something at the place of a dump that would be overwritten. A manifest whose dump is gone is nothing.</summary>
    /// <param name="dump">Path of the dump.</param>
    public static bool IsTaken(string dump) => File.Exists(dump) || (File.Exists(dump + Suffix) && TryRead(dump + Suffix) is null);

    /// <summary>Reads the manifest of a dump.</summary>
    /// <param name="dump">Path of the dump.</param>
    /// <exception cref="LettaException"><c>DumpNotFound</c>, <c>DumpManifestNotFound</c>: there is no manifest; <c>DumpManifestDamaged</c>.</exception>
    public static DumpManifest Read(string dump)
    {
        if (!File.Exists(dump))
        {
            throw new LettaException(ErrorIds.DumpNotFound, LettaErrorKind.NotFound, $"The dump '{dump}' does not exist.", $"List the dumps: Get-LettaBackup '{Path.GetDirectoryName(dump)}'", dump);
        }

        // A run that was killed between the dump and its manifest left the manifest under another name.
        if (File.Exists(dump + PendingSuffix) && TryRead(dump + PendingSuffix) is { } pending && pending.Fits(dump))
        {
            return pending;
        }

        if (!File.Exists(dump + Suffix))
        {
            throw new LettaException(
                ErrorIds.DumpManifestNotFound,
                LettaErrorKind.Refused,
                $"The manifest '{Path.GetFileName(dump)}{Suffix}' is not next to the dump '{dump}'. The dump is unfinished, or another program made it.",
                "Use a dump of Backup-LettaDatabase together with its manifest: Get-LettaBackup <folder>",
                dump);
        }

        try
        {
            return Parse(dump + Suffix);
        }
        catch (JsonException e)
        {
            throw new LettaException(
                ErrorIds.DumpManifestDamaged, LettaErrorKind.InvalidData, $"The manifest '{dump}{Suffix}' is damaged: {e.Message}", "Use another dump: Get-LettaBackup <folder>", dump, e);
        }
    }

    /// <summary>The newest dump of a database in a folder, by its manifest.</summary>
    /// <param name="database">Name of the database.</param>
    /// <param name="systemIdentifier">Its cluster; dumps of other clusters do not count where both are known.</param>
    /// <returns>The path of the dump and its manifest; <see langword="null"/> where there is none.</returns>
    public static (string Path, DumpManifest Manifest)? FindNewest(string folder, string database, string? systemIdentifier)
    {
        (string Path, DumpManifest Manifest)? newest = null;
        foreach (var path in Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*" + Suffix) : [])
        {
            var dump = path[..^Suffix.Length];
            if (Find(dump) is { } manifest && manifest.IsOf(database, systemIdentifier) && (newest is null || manifest.TakenAt > newest.Value.Manifest.TakenAt))
            {
                newest = (dump, manifest);
            }
        }

        return newest;
    }

    /// <summary>Whether the dump is of a database.</summary>
    /// <param name="database">Name of the database.</param>
    /// <param name="systemIdentifier">Its cluster; counts only where both are known.</param>
    public bool IsOf(string database, string? systemIdentifier) =>
        Database.Name == database && (SystemIdentifier is null || systemIdentifier is null || SystemIdentifier == systemIdentifier);

    /// <summary>Checks that the dump has the bytes that it had when it was taken.</summary>
    /// <param name="dump">Path of the dump.</param>
    /// <param name="progress">Told of bytes as they are read.</param>
    /// <exception cref="LettaException"><c>DumpDamaged</c>.</exception>
    public async Task VerifyAsync(string dump, Action<long>? progress, CancellationToken cancellationToken)
    {
        var file = OpenDump(dump, progress);
        await using (file.ConfigureAwait(false))
        {
            var hash = file.Length == Length ? Convert.ToHexString(await SHA256.HashDataAsync(file, cancellationToken).ConfigureAwait(false)).ToLowerInvariant() : null;
            if (hash != Sha256)
            {
                throw new LettaException(
                    ErrorIds.DumpDamaged,
                    LettaErrorKind.InvalidData,
                    hash is null ? $"The dump '{dump}' has {file.Length} bytes instead of {Length}." : $"The checksum (SHA-256) of the dump '{dump}' does not match. The file was changed or is damaged.",
                    "Use another dump: Get-LettaBackup <folder>",
                    dump);
            }
        }
    }

    /// <summary>Opens a dump for reading from its beginning.</summary>
    /// <param name="dump">Path of the dump.</param>
    /// <param name="progress">Told of bytes as they are read.</param>
    internal static ProgressStream OpenDump(string dump, Action<long>? progress) => new(
        new FileStream(dump, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 17, FileOptions.Asynchronous | FileOptions.SequentialScan),
        bytes => progress?.Invoke(bytes.Length));

    private static DumpManifest Parse(string path)
    {
        using var file = File.OpenRead(path);
        return JsonSerializer.Deserialize<DumpManifest>(file, s_json) is { } manifest && manifest.IsWhole
            ? manifest
            : throw new JsonException("It lacks what a manifest of a dump has.");
    }

    private static DumpManifest? TryRead(string path)
    {
        try
        {
            return Parse(path);
        }
        catch (JsonException)
        {
            // Another JSON file, or one that was damaged.
            return null;
        }
    }

    /// <summary>Whether it is the manifest of the dump that is there.</summary>
    private bool Fits(string dump)
    {
        using var file = File.OpenRead(dump);
        return file.Length == Length && string.Equals(Convert.ToHexString(SHA256.HashData(file)), Sha256, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The manifest of a dump.</summary>
    /// <param name="dump">Path of the dump.</param>
    /// <returns><see langword="null"/> if it is missing, not a manifest or cannot be read, or if the dump is missing.</returns>
    internal static DumpManifest? Find(string dump)
    {
        try
        {
            return Read(dump);
        }
        catch (LettaException e) when (e.ErrorId is ErrorIds.DumpManifestDamaged or ErrorIds.DumpNotFound or ErrorIds.DumpManifestNotFound)
        {
            // Some other JSON file, or the manifest of a dump that was taken away.
            return null;
        }
        catch (Exception e) when (e is UnauthorizedAccessException || (e is IOException && !ItemBoundary.EndsRun(e)))
        {
            // Without a manifest that can be read nothing proves what the dump is.
            return null;
        }
    }
}
