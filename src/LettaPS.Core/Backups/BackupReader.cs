using System.Runtime.CompilerServices;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Databases.Dumps;
using LettaPS.Core.IdMaps;
using LettaPS.Core.IO;

namespace LettaPS.Core.Backups;

/// <summary>Finds backups on disk, reads what they hold and examines whether they are as they were written.</summary>
internal static class BackupReader
{
    private static readonly string[] s_extensions = [BackupSet.AgentFileExtension, ".json"];

    /// <summary>Reads the backups at a path: a set, a folder of sets, a folder of files of other origin, or one file.</summary>
    /// <exception cref="LettaException"><c>BackupNotFound</c>: there is nothing at the path, or no backup in it.</exception>
    public static async IAsyncEnumerable<LettaBackup> ReadAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var folder in Locate(path))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return await ReadOneAsync(folder, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads one backup.</summary>
    /// <param name="path">A set, a folder or file of other origin, or a dump.</param>
    /// <returns>The backup; if it cannot be read, with the reason.</returns>
    public static async Task<LettaBackup> ReadOneAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return BackupFolder.DumpOf(path) is { } dump ? ReadDump(dump)
                : IsFile(path) ? new LettaBackup(path, LettaBackupState.External, [await DescribeAsync(path, cancellationToken).ConfigureAwait(false)])
                : await ReadFolderAsync(path, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!ItemBoundary.EndsRun(e))
        {
            return new LettaBackup(path, ItemBoundary.Error(e, $"The backup '{path}' cannot be read", path));
        }
    }

    /// <summary>Examines the backups at a path, one result a file.</summary>
    /// <param name="path">The path, as for <see cref="ReadAsync"/>.</param>
    /// <param name="read">Told of bytes as they are read.</param>
    public static async IAsyncEnumerable<LettaBackupTest> TestAsync(string path, Action<long>? read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var folder in Locate(path))
        {
            var results = TestOneAsync(folder, read, cancellationToken).GetAsyncEnumerator(cancellationToken);
            await using (results.ConfigureAwait(false))
            {
                while (await NextAsync(results, folder).ConfigureAwait(false) is { } next)
                {
                    yield return next.Result;
                    if (next.IsLast)
                    {
                        break;
                    }
                }
            }
        }
    }

    /// <summary>The next result; if the backup cannot be read any further, a last result that says so.</summary>
    private static async Task<(LettaBackupTest Result, bool IsLast)?> NextAsync(IAsyncEnumerator<LettaBackupTest> results, string path)
    {
        try
        {
            return await results.MoveNextAsync().ConfigureAwait(false) ? (results.Current, false) : null;
        }
        catch (Exception e) when (!ItemBoundary.EndsRun(e))
        {
            return (new LettaBackupTest { Path = path, Problems = [$"The backup cannot be read: {e.Message}"] }, true);
        }
    }

    private static async IAsyncEnumerable<LettaBackupTest> TestOneAsync(string path, Action<long>? read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (BackupFolder.DumpOf(path) is { } dump)
        {
            yield return await TestDumpAsync(dump, read, cancellationToken).ConfigureAwait(false);
        }
        else if (IsFile(path))
        {
            yield return await TestFileAsync(path, Claim(path), read, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await foreach (var result in TestFolderAsync(path, read, cancellationToken).ConfigureAwait(false))
            {
                yield return result;
            }
        }
    }

    /// <summary>Backups at a path: the path itself, or the sets and dumps in it, or itself as a folder of files of other origin.</summary>
    private static List<string> Locate(string path)
    {
        if (File.Exists(path) || BackupFolder.IsDanglingSet(path) || (Directory.Exists(path) && BackupFolder.IsSet(path)))
        {
            return [path];
        }

        if (!Directory.Exists(path))
        {
            throw NotFound($"There is no file or folder '{path}'.", path);
        }

        List<string> found = [.. BackupFolder.Sets(path), .. BackupFolder.Dumps(path)];
        if (AgentFiles(path).Any())
        {
            found.Add(path);
        }

        return found.Count > 0 ? found : throw NotFound($"There is no backup in '{path}'.", path);
    }

    /// <summary>A link whose target is missing passes for a file.</summary>
    private static bool IsFile(string path) => File.Exists(path) && !BackupFolder.IsDanglingSet(path);

    /// <summary>The error that there is no backup.</summary>
    /// <param name="message">What was looked for.</param>
    /// <param name="path">Where.</param>
    public static LettaException NotFound(string message, string path) => new(
        ErrorIds.BackupNotFound,
        LettaErrorKind.NotFound,
        message,
        "Give a set, a folder of sets, or a folder with .af or .json files: Get-LettaBackup <folder>",
        path);

    private static IEnumerable<string> AgentFiles(string folder) => Directory.EnumerateFiles(folder)
        .Where(f => s_extensions.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase) && Path.GetFileName(f) is not (BackupManifest.FileName or IdMap.FileName) && BackupFolder.DumpOf(f) is null)
        .Order(StringComparer.Ordinal);

    private static async Task<LettaBackup> ReadFolderAsync(string folder, CancellationToken cancellationToken)
    {
        // A look at the names and sizes costs nothing. Test-LettaBackup examines the contents.
        var verdict = BackupVerdict.Of(folder);
        if (verdict.Manifest is { } manifest)
        {
            return new LettaBackup(verdict, [.. manifest.Files.Select(f => FromManifest(folder, f))]);
        }

        var files = new List<LettaBackupFile>();
        foreach (var file in AgentFiles(folder))
        {
            files.Add(await DescribeAsync(file, cancellationToken).ConfigureAwait(false));
        }

        return new LettaBackup(verdict, files);
    }

    private static LettaBackup ReadDump(string dump)
    {
        try
        {
            var manifest = DumpManifest.Read(dump);
            var length = new FileInfo(dump).Length;
            return new LettaBackup(dump, manifest, length == manifest.Length ? null : $"The dump has {length} bytes, but its manifest says {manifest.Length}.");
        }
        catch (Exception e) when (!ItemBoundary.EndsRun(e))
        {
            return new LettaBackup(dump, null, e.Message);
        }
    }

    private static async Task<LettaBackupTest> TestDumpAsync(string dump, Action<long>? read, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> problems = [];
        try
        {
            await DumpManifest.Read(dump).VerifyAsync(dump, read, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!ItemBoundary.EndsRun(e))
        {
            problems = [e.Message];
        }

        return new LettaBackupTest { Path = dump, Kind = LettaBackupKind.Database, Length = File.Exists(dump) ? new FileInfo(dump).Length : 0, Problems = problems };
    }

    private static LettaBackupFile FromManifest(string folder, BackupEntry entry)
    {
        var path = Path.Combine(folder, Path.GetFileName(entry.Name));
        return new LettaBackupFile
        {
            Path = path,
            Format = AgentFileFormat.AgentFile,
            AgentId = entry.AgentId,
            AgentName = entry.AgentName,
            AgentCount = 1,
            MessageCount = entry.Messages,
            PassageCount = entry.Passages,
            BlockCount = entry.Blocks,
            ToolCount = entry.Tools,
            Length = entry.Length,
            Sha256 = entry.Sha256,
            WrittenAt = File.GetLastWriteTimeUtc(path),
            Missing = entry.Missing,
            ExportedAt = entry.ExportedAt,
            IsOlder = entry.IsOlder,
        };
    }

    private static async Task<LettaBackupFile> DescribeAsync(string path, CancellationToken cancellationToken)
    {
        var info = await AgentFileInspector.InspectAsync(path, null, cancellationToken).ConfigureAwait(false);
        return new LettaBackupFile
        {
            Path = path,
            Format = info.Format,
            AgentId = info.AgentId,
            AgentName = info.AgentName,
            AgentCount = info.Agents,
            MessageCount = info.Messages,
            PassageCount = info.Passages,
            BlockCount = info.Blocks,
            ToolCount = info.Tools,
            Length = info.Length,
            WrittenAt = File.GetLastWriteTimeUtc(path),
            Missing = info.Format == AgentFileFormat.Unknown ? info.Problems : info.Missing,
        };
    }

    private static async IAsyncEnumerable<LettaBackupTest> TestFolderAsync(
        string folder, Action<long>? read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        BackupManifest? manifest = null;
        if (BackupFolder.IsSet(folder))
        {
            var (result, found) = TestManifest(folder);
            manifest = found;
            yield return result;
        }

        var claims = new Dictionary<string, BackupEntry>(StringComparer.Ordinal);
        foreach (var entry in manifest?.Files ?? [])
        {
            claims[Path.GetFileName(entry.Name)] = entry;
        }

        foreach (var path in AgentFiles(folder))
        {
            claims.Remove(Path.GetFileName(path), out var claim);
            var result = await TestFileAsync(path, claim, read, cancellationToken).ConfigureAwait(false);
            yield return manifest is not null && claim is null ? Unclaimed(result) : result;
        }

        foreach (var (name, entry) in claims.OrderBy(c => c.Key, StringComparer.Ordinal))
        {
            yield return new LettaBackupTest
            {
                Path = Path.Combine(folder, name),
                AgentId = entry.AgentId,
                AgentName = entry.AgentName,
                Problems = ["The manifest names this file, but it is not there."],
            };
        }
    }

    private static (LettaBackupTest Result, BackupManifest? Manifest) TestManifest(string folder)
    {
        var path = Path.Combine(folder, BackupManifest.FileName);
        try
        {
            var manifest = BackupManifest.Read(folder);
            return (new LettaBackupTest
            {
                Path = path,
                Length = manifest is null ? 0 : new FileInfo(path).Length,
                Problems = manifest is not null ? []
                    : BackupFolder.IsUnfinished(folder) ? ["The set has no manifest: its export was broken off. Export-LettaAgent -Resume completes it."]
                    : ["The manifest of the set is gone: nothing tells whether its files are all there and as they were written."],
                Missing = [.. manifest?.Failures() ?? []],
            }, manifest);
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.ManifestDamaged)
        {
            return (new LettaBackupTest { Path = path, Length = new FileInfo(path).Length, Problems = [e.Message] }, null);
        }
        catch (Exception e) when (!ItemBoundary.EndsRun(e))
        {
            return (new LettaBackupTest { Path = path, Problems = [$"The manifest cannot be read: {e.Message}"] }, null);
        }
    }

    private static LettaBackupTest Unclaimed(LettaBackupTest result) => new()
    {
        Path = result.Path,
        Format = result.Format,
        AgentId = result.AgentId,
        AgentName = result.AgentName,
        MessageCount = result.MessageCount,
        PassageCount = result.PassageCount,
        Length = result.Length,
        Missing = result.Missing,
        Problems = ["The manifest does not name this file.", .. result.Problems],
    };

    /// <summary>What the manifest next to a single file says of it. A damaged manifest says nothing: the file is judged by its own content.</summary>
    private static BackupEntry? Claim(string path) =>
        BackupVerdict.Of(Path.GetDirectoryName(Path.GetFullPath(path))!).Manifest?.Files.FirstOrDefault(f => f.Name == Path.GetFileName(path));

    private static async Task<LettaBackupTest> TestFileAsync(string path, BackupEntry? claim, Action<long>? read, CancellationToken cancellationToken)
    {
        var info = await AgentFileInspector.InspectAsync(path, read, cancellationToken).ConfigureAwait(false);
        return new LettaBackupTest
        {
            Path = path,
            Format = info.Format,
            AgentId = claim?.AgentId ?? info.AgentId,
            AgentName = claim?.AgentName ?? info.AgentName,
            MessageCount = info.Messages,
            PassageCount = info.Passages,
            Length = info.Length,
            Missing = info.Missing,
            Problems = [.. Compare(claim, info), .. info.Problems],
        };
    }

    private static IEnumerable<string> Compare(BackupEntry? claim, AgentFileInfo info)
    {
        // Of a file that cannot be read, the reason is all that can be said.
        if (claim is null || info.Sha256.Length == 0)
        {
            yield break;
        }

        if (info.Length != claim.Length)
        {
            yield return $"The file has {info.Length} bytes; the manifest says {claim.Length}.";
        }
        else if (!info.Sha256.Equals(claim.Sha256, StringComparison.OrdinalIgnoreCase))
        {
            yield return "The file is not as it was written: its SHA-256 is not the one in the manifest.";
        }

        foreach (var (what, found, said) in new[]
        {
            ("messages", info.Messages, claim.Messages),
            ("passages", info.Passages, claim.Passages),
            ("blocks", info.Blocks, claim.Blocks),
            ("tools", info.Tools, claim.Tools),
            ("files", info.Files, claim.Files),
        })
        {
            if (found != said)
            {
                yield return $"The file holds {found} {what}; the manifest says {said}.";
            }
        }
    }
}
