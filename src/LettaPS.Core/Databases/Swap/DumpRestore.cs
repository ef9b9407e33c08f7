using LettaPS.Core.Databases.Dumps;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases.Swap;

/// <summary>Puts a dump in the place of a database.</summary>
/// <param name="host">The servers and the way to their database.</param>
/// <param name="time">The clock.</param>
internal sealed class DumpRestore(IDatabaseHost host, TimeProvider time)
{
    private const int ShownDifferences = 5;

    /// <summary>Checks all that can be checked before anything is touched.</summary>
    /// <param name="path">Path of the dump.</param>
    /// <param name="database">Name of the database to replace.</param>
    /// <param name="force">Also where others than known servers are connected to the database.</param>
    /// <param name="progress">Told of bytes as they are read.</param>
    /// <returns>What is known of the dump.</returns>
    /// <exception cref="LettaException">
    /// <c>DumpNotFound</c>, <c>DumpManifestNotFound</c>, <c>DumpManifestDamaged</c>, <c>DumpDamaged</c>, <c>DumpReadFailed</c>; <c>DumpTooNew</c>: it was taken of a
    /// newer PostgreSQL than the server is; <c>ExtensionNotFound</c>, <c>ExtensionDenied</c>; <c>DatabaseInUse</c>.
    /// </exception>
    public async Task<DumpManifest> CheckAsync(string path, string database, bool force, Action<long>? progress, CancellationToken cancellationToken)
    {
        var manifest = DumpManifest.Read(path);
        await manifest.VerifyAsync(path, progress, cancellationToken).ConfigureAwait(false);
        var site = await host.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (site.ConfigureAwait(false))
        {
            var state = await site.Cluster.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (manifest.Major > state.Major)
            {
                throw new LettaException(
                    ErrorIds.DumpTooNew,
                    LettaErrorKind.Refused,
                    $"The dump is from PostgreSQL {manifest.Major}, which is newer than the server's PostgreSQL {state.Major}.",
                    $"Restore it into PostgreSQL {manifest.Major} or newer: image: pgvector/pgvector:pg{manifest.Major}",
                    path);
            }

            state.RequireExtensions(manifest.Database.Extensions, path);
            await DatabaseDump.CheckAsync(path, manifest.Format, site.Programs, cancellationToken).ConfigureAwait(false);
            if (!force && (await host.ListRunningAsync(cancellationToken).ConfigureAwait(false)).Count == 0
                && await site.Cluster.ListSessionsAsync(database, cancellationToken).ConfigureAwait(false) is { Count: > 0 } sessions)
            {
                throw DatabaseProblems.InUse(database, sessions);
            }
        }

        return manifest;
    }

    /// <summary>Restores the dump. Run again after a run that was killed, it goes on where that got to.</summary>
    /// <param name="path">Path of the dump.</param>
    /// <param name="manifest">What <see cref="CheckAsync"/> gave.</param>
    /// <param name="database">Name of the database to replace.</param>
    /// <param name="removeOld">Remove the old database when the server runs on the new one.</param>
    /// <param name="force">Throw out others than known servers.</param>
    /// <param name="step">Told of each step before it is taken.</param>
    /// <param name="progress">Told of bytes as they are loaded.</param>
    /// <exception cref="LettaException"><c>RestoreFailed</c>, <c>RestoreIncomplete</c>, <c>DatabaseInUse</c>, and what the servers and the database refuse.</exception>
    public async Task<LettaDatabaseReplacement> RunAsync(
        string path, DumpManifest manifest, string database, bool removeOld, bool force, Action<SwapStep>? step, Action<long>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var begun = time.GetTimestamp();
        var result = await new DatabaseSwap(host, time).RunAsync(
            new SwapPlan(database, manifest.Sha256, removeOld) { SparesOthers = !force },
            (state, current) => Shape(manifest.Database, state, current),
            (site, name, token) => FillAsync(path, manifest, site, name, progress, token),
            step,
            cancellationToken).ConfigureAwait(false);
        return new LettaDatabaseReplacement
        {
            Database = database,
            Path = path,
            Previous = result.Previous,
            StoppedServers = result.StoppedServers,
            RowCount = manifest.Database.Rows,
            AlembicRevision = manifest.Database.AlembicRevision,
            Duration = time.GetElapsedTime(begun),
        };
    }

    /// <summary>
    /// The new database is as the old one in what belongs to the server it is on (owner, encoding, locale, privileges), and as the dump's in the search
    /// path, which belongs to its contents.
    /// </summary>
    private static DatabaseFacts Shape(DatabaseFacts dumped, ClusterState state, DatabaseFacts? current)
    {
        if (current is null)
        {
            return state.Roles.Contains(dumped.Owner) ? dumped : throw new LettaException(
                ErrorIds.OwnerNotFound,
                LettaErrorKind.Refused,
                $"Neither the database nor the role '{dumped.Owner}', which owned it, exists.",
                $"Create the role: CREATE ROLE \"{dumped.Owner}\" LOGIN PASSWORD '…'");
        }

        return current with
        {
            Settings = [.. current.Settings.Where(s => !IsSearchPath(s)), .. dumped.Settings.Where(IsSearchPath)],
        };

        static bool IsSearchPath(DatabaseSetting setting) => setting is { Role: null, Name: "search_path" };
    }

    private static async Task FillAsync(string path, DumpManifest manifest, DatabaseSite site, string name, Action<long>? progress, CancellationToken cancellationToken)
    {
        if (manifest.Database.Schemas.All(s => s.Name != "public"))
        {
            await site.Cluster.DropPublicAsync(name, cancellationToken).ConfigureAwait(false);
        }

        // Where a role of the dump is not there, all of it is loaded as the superuser's and given to the database's owner afterwards.
        var state = await site.Cluster.ReadAsync(cancellationToken).ConfigureAwait(false);
        var foreign = manifest.Database.Owners.Any(o => !state.Roles.Contains(o) && o != "pg_database_owner");
        var target = $"--dbname={ConnectionText.Of(name)}";
        IReadOnlyList<string> command = manifest.Format == DumpFormat.Custom
            ? ["pg_restore", "--exit-on-error", "--no-password", target, .. foreign ? ["--no-owner", "--no-privileges"] : Array.Empty<string>()]
            : ["psql", "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--output=/dev/null", target];
        var dump = DumpManifest.OpenDump(path, progress);
        await using (dump.ConfigureAwait(false))
        {
            var result = await site.Programs.RunAsync(command, dump, Stream.Null, cancellationToken).ConfigureAwait(false);
            if (result.ExitCode != 0)
            {
                throw new LettaException(
                    ErrorIds.RestoreFailed, LettaErrorKind.ServerFault, $"{command[0]} failed with exit code {result.ExitCode}: {ServerSettings.MaskText(result.Error.Trim())}", "Fix the problem that the program reported, then run the command again. The current database is unchanged.", path);
            }
        }

        string owner;
        var view = await site.Cluster.ViewAsync(name, cancellationToken).ConfigureAwait(false);
        await using (view.ConfigureAwait(false))
        {
            owner = view.Facts.Owner;
            Compare(manifest, await view.CountAsync(cancellationToken).ConfigureAwait(false), path);
        }

        if (foreign)
        {
            // Not while the tables are looked at: it would wait for that to end.
            await site.Cluster.GiveAllAsync(name, owner, cancellationToken).ConfigureAwait(false);
        }

        await site.Cluster.AnalyzeAsync(name, cancellationToken).ConfigureAwait(false);
    }

    private static void Compare(DumpManifest manifest, IReadOnlyList<DatabaseTable> loaded, string path)
    {
        var rows = loaded.ToDictionary(t => (t.Schema, t.Name), t => t.Rows);
        var differences = manifest.Database.Tables.Where(t => rows.GetValueOrDefault((t.Schema, t.Name), -1) != t.Rows)
            .Select(t => rows.TryGetValue((t.Schema, t.Name), out var found) ? $"{t.Name} has {found} rows instead of {t.Rows}" : $"{t.Name} is not there").ToList();
        if (differences.Count > 0)
        {
            throw new LettaException(
                ErrorIds.RestoreIncomplete,
                LettaErrorKind.InvalidData,
                $"The row counts do not match the manifest: {string.Join(", ", differences.Take(ShownDifferences))}{(differences.Count > ShownDifferences ? " and more" : string.Empty)}.",
                "Use another dump: Get-LettaBackup <folder>. The current database is unchanged.",
                path);
        }
    }
}
