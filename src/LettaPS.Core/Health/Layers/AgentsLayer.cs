using LettaPS.Core.Agents;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;

namespace LettaPS.Core.Health.Layers;

/// <summary>Agents that a release refuses or that cannot go on. Read from the database where that is known, else through the API.</summary>
internal sealed class AgentsLayer : HealthLayer
{
    /// <inheritdoc/>
    public override LettaHealthLayer Layer => LettaHealthLayer.Agents;

    /// <inheritdoc/>
    public override IReadOnlyList<LettaHealthLayer> RestsOn => [LettaHealthLayer.Database];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Names => ["Names", "Context", "Ids", "Embedding"];

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<Finding>> ExamineAsync(HealthContext context, CancellationToken cancellationToken)
    {
        if (await context.Database.ConfigureAwait(false) is { } reading)
        {
            var refuses = reading.Diagnosis.Release is not { } release || release.Version >= AgentNameRule.Since;
            return [.. RowFindings(reading).Select(f => f(refuses)).Select(f => f with { Duration = reading.Duration })];
        }

        if (context.Target.Connection is null || await context.Version.ConfigureAwait(false) is not { } version)
        {
            return SkipAll("Neither the database nor the API can be asked.");
        }

        var isSince = ReleaseCatalogue.TryVersion(version) is not { } number || number >= AgentNameRule.Since;
        var (agents, invalidIds) = await context.ListAgentsAsync(cancellationToken).ConfigureAwait(false);
        return
        [
            AgentFindings.Names([.. agents.Select(a => a.Name).Where(n => !AgentNameRule.Allows(n))], agents.Count, isSince),
            AgentFindings.Context([.. agents.Where(a => a.InContextMessageCount == 0).Select(a => a.Name)]),
            AgentFindings.Ids([.. agents.Select(a => a.Id).Where(i => !AgentNameRule.IsStrictId(i)), .. invalidIds], isSince),
            AgentFindings.Embedding([.. agents.Where(a => a.Embedding is null).Select(a => a.Name)]),
        ];
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
