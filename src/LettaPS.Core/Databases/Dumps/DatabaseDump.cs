using System.Globalization;
using LettaPS.Core.IO;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases.Dumps;

/// <summary>Takes a dump of a database.</summary>
/// <param name="site">Where the database is.</param>
/// <param name="time">The clock.</param>
internal sealed class DatabaseDump(DatabaseSite site, TimeProvider time)
{
    /// <summary>How long a table may be locked by others before the dump is given up.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Takes the dump. It is whole or absent, and read back before it is given out.</summary>
    /// <param name="request">What to dump, and where to.</param>
    /// <param name="progress">Told of bytes as they arrive, from any thread.</param>
    /// <exception cref="LettaException">
    /// <c>DumpFailed</c>, <c>DumpLockTimeout</c>, <c>DumpReadFailed</c>; <c>DumpTooSmall</c>: less than half of what the previous dump had is left of something;
    /// <c>DumpExists</c>.
    /// </exception>
    public async Task<LettaDatabaseBackup> TakeAsync(DumpRequest request, Action<long>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var begun = time.GetTimestamp();
        if (!request.Force && DumpManifest.IsTaken(request.Path))
        {
            throw new LettaException(ErrorIds.DumpExists, LettaErrorKind.Conflict, $"The dump '{request.Path}' exists.", "Give another -Path, or add -Force to replace it.", request.Path);
        }

        var state = await site.Cluster.ReadAsync(cancellationToken).ConfigureAwait(false);
        var dumpedWith = await VersionAsync(state, cancellationToken).ConfigureAwait(false);
        using var file = new AtomicFile(request.Path, progress);
        DatabaseFacts facts;
        DateTimeOffset takenAt;
        var view = await site.Cluster.ViewAsync(request.Database, cancellationToken).ConfigureAwait(false);
        await using (view.ConfigureAwait(false))
        {
            takenAt = time.GetUtcNow();
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var counting = view.CountAsync(both.Token);
            await Task.WhenAll(OrEndBothAsync(DumpAsync(request, view.Snapshot, file.Stream, both.Token), both), OrEndBothAsync(counting, both)).ConfigureAwait(false);
            facts = view.Facts with { Tables = await counting.ConfigureAwait(false) };
        }

        var previous = DumpManifest.FindNewest(Path.GetDirectoryName(request.Path)!, request.Database, state.SystemIdentifier);
        var (length, sha256) = file.Finish();
        var manifest = new DumpManifest
        {
            Tool = request.Tool,
            TakenAt = takenAt,
            Format = request.Format,
            Length = length,
            Sha256 = sha256,
            DumpedWith = dumpedWith,
            ServerVersion = state.VersionNumber,
            SystemIdentifier = state.SystemIdentifier,
            LettaImage = request.LettaImage,
            Database = facts,
        };
        if (!request.Force && previous is { } earlier && DumpSizeGuard.Find(earlier.Manifest, manifest) is { Count: > 0 } shrunk)
        {
            throw new LettaException(
                ErrorIds.DumpTooSmall,
                LettaErrorKind.Refused,
                $"The database has lost much since the dump '{Path.GetFileName(earlier.Path)}': {string.Join(", ", shrunk)}. No dump was kept.",
                "Check the database. If it is right, add -Force: Backup-LettaDatabase -Path <folder> -Force",
                request.Path);
        }

        await CheckAsync(file.TemporaryPath, request.Format, site.Programs, cancellationToken).ConfigureAwait(false);
        manifest.Write(request.Path, () => file.Commit());
        return new LettaDatabaseBackup
        {
            Path = request.Path,
            Database = request.Database,
            Server = request.Server,
            CreatedAt = takenAt,
            Format = request.Format,
            Length = length,
            Sha256 = sha256,
            TableCount = facts.Tables.Count,
            RowCount = facts.Rows,
            AlembicRevision = facts.AlembicRevision,
            Duration = time.GetElapsedTime(begun),
        };
    }

    /// <summary>Checks that PostgreSQL's own program reads a dump: the contents of a custom one are listed, a plain one must have its last line.</summary>
    /// <param name="path">Path of the dump.</param>
    /// <param name="format">Its form.</param>
    /// <param name="programs">Where <c>pg_restore</c> is.</param>
    /// <exception cref="LettaException"><c>DumpReadFailed</c>: it is broken, or of a newer form than the program knows.</exception>
    internal static async Task CheckAsync(string path, DumpFormat format, IPostgresTools programs, CancellationToken cancellationToken)
    {
        string? problem;
        if (format == DumpFormat.Plain)
        {
            problem = EndsAsDumpsDo(path) ? null : "it breaks off before its end.";
        }
        else
        {
            var dump = DumpManifest.OpenDump(path, null);
            await using (dump.ConfigureAwait(false))
            {
                var listed = await programs.RunAsync(["pg_restore", "--list"], dump, null, cancellationToken).ConfigureAwait(false);
                problem = listed.ExitCode == 0 ? null : listed.Error.Trim();
            }
        }

        if (problem is not null)
        {
            throw new LettaException(ErrorIds.DumpReadFailed, LettaErrorKind.InvalidData, $"The dump '{path}' cannot be read back: {problem}", "Take a new dump, or use an older one: Backup-LettaDatabase -Path <folder>", path);
        }
    }

    /// <summary>What fails ends the other too, which may wait for the same lock.</summary>
    private static async Task OrEndBothAsync(Task work, CancellationTokenSource both)
    {
        try
        {
            await work.ConfigureAwait(false);
        }
        catch
        {
            await both.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static bool EndsAsDumpsDo(string path)
    {
        using var file = File.OpenRead(path);
        file.Seek(-Math.Min(file.Length, 512), SeekOrigin.End);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd().Contains("-- PostgreSQL database dump complete", StringComparison.Ordinal);
    }

    private async Task<string> VersionAsync(ClusterState state, CancellationToken cancellationToken)
    {
        var result = await site.Programs.RunAsync(["pg_dump", "--version"], null, null, cancellationToken).ConfigureAwait(false);
        var said = result.Output.Trim();
        var number = said.Split(' ').Select(word => word.Split('.')[0]).FirstOrDefault(word => word.All(char.IsAsciiDigit) && word.Length > 0);
        return number is not null && int.Parse(number, CultureInfo.InvariantCulture) >= state.Major ? said : throw new LettaException(
            ErrorIds.ProgramTooOld,
            LettaErrorKind.Refused,
            $"The installed program ({said}) is older than the server (PostgreSQL {state.Major}) and cannot dump its databases.",
            $"Install the client programs of PostgreSQL {state.Major}: apt install postgresql-client-{state.Major}");
    }

    private async Task DumpAsync(DumpRequest request, string snapshot, Stream output, CancellationToken cancellationToken)
    {
        var result = await site.Programs.RunAsync(
            ["pg_dump", $"--format={(request.Format == DumpFormat.Custom ? "custom" : "plain")}", $"--snapshot={snapshot}", $"--lock-wait-timeout={LockTimeout.TotalMilliseconds:F0}", "--no-password", $"--dbname={ConnectionText.Of(request.Database)}"],
            null,
            output,
            cancellationToken).ConfigureAwait(false);
        if (result.ExitCode != 0 && result.Error.Contains("LOCK TABLE", StringComparison.Ordinal) && result.Error.Contains("timeout", StringComparison.Ordinal))
        {
            throw new LettaException(
                ErrorIds.DumpLockTimeout,
                LettaErrorKind.Timeout,
                $"Other sessions have locked a table for {LockTimeout.TotalSeconds:0.#} seconds: {result.Error.Trim()}",
                "Wait until the other session, such as a migration, has ended, then run the command again.",
                request.Database);
        }

        if (result.ExitCode != 0)
        {
            throw new LettaException(ErrorIds.DumpFailed, LettaErrorKind.ServerFault, $"pg_dump failed with exit code {result.ExitCode}: {ServerSettings.MaskText(result.Error.Trim())}", "Fix the problem that pg_dump reported, then run the command again.", request.Database);
        }
    }
}

/// <summary>What to dump, and where to.</summary>
/// <param name="Path">Path of the dump.</param>
/// <param name="Database">Name of the database.</param>
/// <param name="Format">Form of the dump.</param>
/// <param name="Force">Replace what is there, and take the dump even if much is missing since the last one.</param>
/// <param name="Tool">What takes it: <c>LettaPS</c> and its version.</param>
/// <param name="Server">Container of the Letta server, where known.</param>
/// <param name="LettaImage">The image of the Letta server, where known.</param>
internal sealed record DumpRequest(string Path, string Database, DumpFormat Format, bool Force, string Tool, string? Server, string? LettaImage);
