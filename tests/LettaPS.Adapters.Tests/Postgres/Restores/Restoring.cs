using LettaPS.Core.Restores;
using LettaPS.Core.Restores.Database;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres.Restores;

/// <summary>Restores files into a database as the cmdlet does.</summary>
internal static class Restoring
{
    /// <summary>Restores all agents of a folder, one after the other.</summary>
    public static async Task<IReadOnlyList<LettaRestoreResult>> RestoreAsync(PostgresDatabase target, string folder, RestoreOptions options, Func<IAgentRowStore, IAgentRowStore>? wrap = null, CancellationToken cancellationToken = default)
    {
        using var work = new TempFolder();
        using var plan = await RestorePlan.ReadAsync([folder], work.Path, cancellationToken);
        if (plan.Failures is [var failure, ..])
        {
            throw failure;
        }

        var address = DatabaseAddress.Parse(target.Uri());
        await using var opened = new AdapterFactory().OpenAgentRowStore(address);
        var database = wrap?.Invoke(opened) ?? opened;
        using var session = await RowRestoreSession.OpenAsync(database, plan, options, new Uri(address.ToString()), cancellationToken);
        var results = new List<LettaRestoreResult>();
        foreach (var agent in plan.Agents)
        {
            results.Add(await session.RestoreAsync(agent, cancellationToken));
        }

        var gaps = await session.RestoreGroupsAsync(cancellationToken);
        return [.. results.Select(r => r.WithGaps(gaps[r.SourceAgentId]))];
    }
}
