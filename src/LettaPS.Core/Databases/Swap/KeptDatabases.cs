namespace LettaPS.Core.Databases.Swap;

/// <summary>The databases that replacements of a database kept under a dated name.</summary>
/// <param name="host">The servers and the way to their database.</param>
/// <param name="time">The clock.</param>
internal sealed class KeptDatabases(IDatabaseHost host, TimeProvider time)
{
    /// <summary>Lists them, the oldest first.</summary>
    /// <param name="database">Name of the database.</param>
    public async Task<IReadOnlyList<LettaKeptDatabase>> ListAsync(string database, CancellationToken cancellationToken)
    {
        var site = await host.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (site.ConfigureAwait(false))
        {
            var state = await site.Cluster.ReadAsync(cancellationToken).ConfigureAwait(false);
            var found = new List<LettaKeptDatabase>();
            foreach (var name in state.Databases.Select(d => d.Name))
            {
                if (SwapPlan.KeptAt(database, name) is { } keptAt)
                {
                    found.Add(new LettaKeptDatabase
                    {
                        Database = database,
                        Previous = name,
                        KeptAt = keptAt,
                        Age = time.GetUtcNow() - keptAt,
                        Length = await site.Cluster.MeasureAsync(name, cancellationToken).ConfigureAwait(false),
                    });
                }
            }

            return [.. found.OrderBy(d => d.KeptAt)];
        }
    }

    /// <summary>Removes one of them.</summary>
    /// <param name="database">Name of the database that replaced it.</param>
    /// <param name="previous">Its name now.</param>
    /// <exception cref="LettaException">
    /// <c>DatabaseNotFound</c>: it is none of them, or the database that replaced it is not there; <c>DatabaseInUse</c>; <c>DatabaseWorkInUse</c>.
    /// </exception>
    public async Task RemoveAsync(string database, string previous, CancellationToken cancellationToken)
    {
        var ownership = new DatabaseOwnership(host, database);
        await using (ownership.ConfigureAwait(false))
        {
            await ownership.OpenAsync(cancellationToken).ConfigureAwait(false);
            var state = await ownership.Site!.Cluster.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (state.Find(previous) is null || SwapPlan.KeptAt(database, previous) is null)
            {
                throw DatabaseProblems.NotKept(database, previous);
            }

            if (state.Find(database) is null)
            {
                throw new LettaException(
                    ErrorIds.DatabaseNotFound,
                    LettaErrorKind.NotFound,
                    $"There is no database '{database}'. '{previous}' may be all that is left of it, and was not removed.",
                    "Look for the database: Test-LettaHealth",
                    previous);
            }

            if (await host.ListUsersAsync(previous, cancellationToken).ConfigureAwait(false) is { Count: > 0 } servers)
            {
                throw DatabaseProblems.KeptInUse(previous, servers.Select(s => $"the server '{s}' has its address"));
            }

            await ownership.EnsureAsync(cancellationToken).ConfigureAwait(false);
            await ownership.Site!.Cluster.DropUnusedAsync(previous, cancellationToken).ConfigureAwait(false);
        }
    }
}
