using LettaPS.Core.Databases.Dumps;
using LettaPS.Core.Text;

namespace LettaPS.Core.Databases.Swap;

/// <summary>Puts an empty database in the place of one that has a good dump.</summary>
/// <param name="host">The servers and the way to their database.</param>
/// <param name="time">The clock.</param>
internal sealed class DatabaseReset(IDatabaseHost host, TimeProvider time)
{
    /// <summary>Looks for a dump from which the database can be brought back, and checks every byte of it.</summary>
    /// <param name="path">The dump, or a folder of which the newest dump of the database counts.</param>
    /// <param name="database">Name of the database.</param>
    /// <param name="maxAge">How old it may be.</param>
    /// <param name="progress">Told of bytes as they are read.</param>
    /// <returns>The path of the dump.</returns>
    /// <exception cref="LettaException"><c>DumpNotFound</c>, <c>DumpTooOld</c>, <c>DumpMismatch</c>; what is wrong with a dump.</exception>
    public async Task<string> CheckBackupAsync(string path, string database, TimeSpan maxAge, Action<long>? progress, CancellationToken cancellationToken)
    {
        var site = await host.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (site.ConfigureAwait(false))
        {
            var state = await site.Cluster.ReadAsync(cancellationToken).ConfigureAwait(false);
            var (dump, manifest) = Directory.Exists(path)
                ? DumpManifest.FindNewest(path, database, state.SystemIdentifier) ?? throw new LettaException(
                    ErrorIds.DumpNotFound, LettaErrorKind.NotFound, $"The folder '{path}' has no dump of the database '{database}'.", $"Take one: Backup-LettaDatabase -Path '{path}'", path)
                : (path, DumpManifest.Read(path));
            if (!manifest.IsOf(database, state.SystemIdentifier))
            {
                throw new LettaException(
                    ErrorIds.DumpMismatch, LettaErrorKind.Refused, $"'{dump}' is a dump of another database.", "Take a dump of this database: Backup-LettaDatabase -Path <folder>", dump);
            }

            var age = time.GetUtcNow() - manifest.TakenAt;
            if (age > maxAge)
            {
                throw new LettaException(
                    ErrorIds.DumpTooOld,
                    LettaErrorKind.Refused,
                    $"The dump '{dump}' is {AgeFormatter.Of(age)} old. What was written since then would be lost.",
                    "Take a new dump, or allow this one with -MaximumBackupAge: Backup-LettaDatabase -Path <folder>",
                    dump);
            }

            state.RequireExtensions(manifest.Database.Extensions, database);
            await manifest.VerifyAsync(dump, progress, cancellationToken).ConfigureAwait(false);
            await DatabaseDump.CheckAsync(dump, manifest.Format, site.Programs, cancellationToken).ConfigureAwait(false);
            return dump;
        }
    }

    /// <summary>Empties the database. Run again after a run that was killed, it goes on where that got to.</summary>
    /// <param name="database">Name of the database.</param>
    /// <param name="keepOld">Keep the old database under a dated name.</param>
    /// <param name="step">Told of each step before it is taken.</param>
    /// <exception cref="LettaException"><c>DatabaseNotFound</c>; what the servers and the database refuse.</exception>
    public async Task<LettaDatabaseReplacement> RunAsync(string database, bool keepOld, Action<SwapStep>? step, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        DatabaseFacts? shape = null;
        var result = await new DatabaseSwap(host, time).RunAsync(
            new SwapPlan(database, "empty", removeOld: !keepOld),
            (state, current) =>
            {
                shape = current ?? throw NotThere(database);
                state.RequireExtensions(shape.Extensions, database);
                return shape;
            },
            async (site, name, token) =>
            {
                shape ??= await ReadShapeAsync(site, database, token).ConfigureAwait(false);
                await site.Cluster.LayOutAsync(name, shape, token).ConfigureAwait(false);
            },
            step,
            cancellationToken).ConfigureAwait(false);
        return new LettaDatabaseReplacement
        {
            Database = database,
            Previous = result.Previous,
            StoppedServers = result.StoppedServers,
            RowCount = 0,
            Duration = time.GetElapsedTime(begun),
        };
    }

    private static async Task<DatabaseFacts> ReadShapeAsync(DatabaseSite site, string database, CancellationToken cancellationToken)
    {
        var view = await site.Cluster.ViewAsync(database, cancellationToken).ConfigureAwait(false);
        await using (view.ConfigureAwait(false))
        {
            return view.Facts;
        }
    }

    private static LettaException NotThere(string database) => new(
        ErrorIds.DatabaseNotFound, LettaErrorKind.NotFound, $"The database '{database}' does not exist.", "Restore it from a dump: Restore-LettaDatabase <dump>", database);
}
