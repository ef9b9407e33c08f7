using LettaPS.Core.Agents;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;

namespace LettaPS.Core.Health.Layers;

/// <summary>Agents that a release refuses or that cannot go on. Read from the database if that can be read, else through the API.</summary>
internal sealed class AgentsLayer : HealthLayer
{
    /// <inheritdoc/>
    public override LettaHealthLayer Layer => LettaHealthLayer.Agents;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Names => ["Names", "Context", "Ids", "Embedding"];

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<Finding>> ExamineAsync(HealthContext context, CancellationToken cancellationToken)
    {
        var (reading, why) = await ReadDatabaseAsync(context).ConfigureAwait(false);
        if (reading is not null)
        {
            var refuses = reading.Diagnosis.Release is not { } release || new ReleaseCapabilities(release.Version).ChecksNamesAndIds;
            return [.. RowFindings(reading).Select(f => f(refuses)).Select(f => f with { Duration = reading.Duration })];
        }

        // A database that cannot be reached from here says nothing about the server, which may reach it.
        if (!await context.HasAgentsAnswerAsync().ConfigureAwait(false) || await context.Version.ConfigureAwait(false) is not { } version)
        {
            return SkipAll(why);
        }

        var isSince = new ReleaseCapabilities(version).ChecksNamesAndIds;
        var (agents, invalidIds) = await context.ListAgentsAsync(cancellationToken).ConfigureAwait(false);
        return
        [
            AgentFindings.Names([.. agents.Select(a => a.Name).Where(n => !AgentNameRule.Allows(n))], agents.Count, isSince),
            AgentFindings.Context([.. agents.Where(a => a.InContextMessageCount == 0).Select(a => a.Name)]),
            AgentFindings.Ids([.. agents.Select(a => a.Id).Where(i => !AgentNameRule.IsStrictId(i)), .. invalidIds], isSince),
            AgentFindings.Embedding([.. agents.Where(a => a.Embedding is null).Select(a => a.Name)]),
        ];
    }

    /// <summary>The database, if it has Letta's tables; else why the agents cannot be read from it.</summary>
    private static async Task<(DatabaseReading? Reading, string Why)> ReadDatabaseAsync(HealthContext context)
    {
        try
        {
            return await context.Database.ConfigureAwait(false) switch
            {
                null => (null, "Neither the database nor the API can be asked."),
                { Snapshot.Schema: null } => (null, "Not examined: the check Database/SearchPath failed."),
                var reading => (reading, string.Empty),
            };
        }
        catch (LettaException)
        {
            return (null, "Not examined: the check Database/Reachable failed.");
        }
    }

    private static IEnumerable<Func<bool, Finding>> RowFindings(DatabaseReading reading)
    {
        var snapshot = reading.Snapshot;
        if (snapshot.Answer(DatabaseQueries.Agents) is { } count)
        {
            yield return refuses => AgentFindings.Names(AgentFindings.BadNames(snapshot), count.GetInt32(), refuses);
        }

        if (snapshot.Answer(DatabaseQueries.EmptyAgents) is { } empty)
        {
            yield return _ => AgentFindings.Context(AgentFindings.NamesOf(empty));
        }

        if (snapshot.Answer(DatabaseQueries.Ids) is { } ids)
        {
            yield return refuses => AgentFindings.Ids([.. ids.EnumerateArray().Select(i => $"{i.StringOrNull("table")} {i.StringOrNull("id")}")], refuses);
        }

        if (snapshot.Answer(DatabaseQueries.AgentsWithoutEmbedding) is { } without)
        {
            yield return _ => AgentFindings.Embedding(AgentFindings.NamesOf(without));
        }
    }
}
