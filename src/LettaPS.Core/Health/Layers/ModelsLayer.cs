using System.Text.Json;
using LettaPS.Core.Json;

namespace LettaPS.Core.Health.Layers;

/// <summary>Where the models of the agents are, and whether something still answers there.</summary>
internal sealed class ModelsLayer : HealthLayer
{
    /// <summary>Letta's own endpoints, which no longer serve self-hosted servers (letta#3091).</summary>
    private static readonly string[] s_retired = ["inference.letta.com", "embeddings.letta.com", "bun-function-production-e310.up.railway.app"];

    /// <inheritdoc/>
    public override LettaHealthLayer Layer => LettaHealthLayer.Models;

    /// <inheritdoc/>
    public override IReadOnlyList<LettaHealthLayer> RestsOn => [LettaHealthLayer.Database];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Names => ["Retired", "Endpoints", "Embeddings"];

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<Finding>> ExamineAsync(HealthContext context, CancellationToken cancellationToken)
    {
        if (await context.Database.ConfigureAwait(false) is not { } reading || reading.Snapshot.Answer(DatabaseQueries.Endpoints) is not { } answer)
        {
            return SkipAll("The configuration of the models is read from the database, which is not known.");
        }

        var uses = answer.EnumerateArray().Select(ModelUse.From).ToList();
        return [Retired(uses), await EndpointsAsync(uses, context, cancellationToken).ConfigureAwait(false), Embeddings(reading.Snapshot.Answer(DatabaseQueries.OtherEmbeddings))];
    }

    private static Finding Retired(IReadOnlyList<ModelUse> uses)
    {
        var retired = uses.Where(u => u.Handle == "letta/letta-free" || (u.Uri is { } uri && s_retired.Contains(uri.Host))).ToList();
        return retired.Count == 0
            ? Finding.Pass("Retired", "No agent uses a model of Letta's own that is gone.")
            : Finding.Warn(
                "Retired",
                $"{Finding.Few([.. retired.Select(u => u.ToString())])} {(retired.Count == 1 ? "leads" : "lead")} to a service of Letta's that no longer serves self-hosted servers: calls fail with 401.",
                "Give the agents a model and an embedding of another provider: PATCH /v1/agents/{id} with model and embedding.",
                string.Join('\n', retired));
    }

    private static async Task<Finding> EndpointsAsync(IReadOnlyList<ModelUse> uses, HealthContext context, CancellationToken cancellationToken)
    {
        var endpoints = uses.Where(u => u.Uri is not null).GroupBy(u => (u.Uri!.Host, u.Uri.Port)).ToList();
        if (!context.IsDeep)
        {
            return Finding.Skip("Endpoints", $"{endpoints.Count} endpoints are tried with -Deep only.");
        }

        var tried = await Task.WhenAll(endpoints.Select(async e => (Uses: e.ToList(), Why: await context.TryEndpointAsync(e.First().Uri!, cancellationToken).ConfigureAwait(false)))).ConfigureAwait(false);
        var dead = tried.Where(t => t.Why is not null).ToList();
        return dead.Count == 0
            ? Finding.Pass("Endpoints", endpoints.Count == 1 ? "The one endpoint answers." : $"All {endpoints.Count} endpoints answer.", string.Join('\n', endpoints.Select(e => $"{e.Key.Host}:{e.Key.Port}")))
            : Finding.Warn(
                "Endpoints",
                $"{Finding.Few([.. dead.Select(d => $"{d.Uses[0].Uri!.Host}:{d.Uses[0].Uri!.Port} ({d.Why})")])}: agents whose models are there cannot answer.",
                "Start what should listen there, or give the agents another model: PATCH /v1/agents/{id}.",
                string.Join('\n', dead.SelectMany(d => d.Uses.Select(u => $"{u}: {d.Why}"))));
    }

    private static Finding Embeddings(JsonElement? answer)
    {
        if (answer is not { } other)
        {
            return Finding.Skip("Embeddings", "The database has no archives with an embedding model of their own.");
        }

        var mixed = other.EnumerateArray().Select(m => $"agent '{m.StringOrNull("name")}' embeds with {m.StringOrNull("agent_model")}, its archive '{m.StringOrNull("archive")}' with {m.StringOrNull("archive_model")}").ToList();
        return mixed.Count == 0
            ? Finding.Pass("Embeddings", "Agents and their archives use the same embedding model.")
            : Finding.Warn(
                "Embeddings",
                $"{mixed.Count} {(mixed.Count == 1 ? "agent uses" : "agents use")} another embedding model than {(mixed.Count == 1 ? "its archive" : "their archives")}: searches find the wrong passages, without any error.",
                "Set the embedding_config of the archives to the model that made their vectors, or embed the passages anew.",
                string.Join('\n', mixed));
    }

    /// <summary>Rows that use one model at one endpoint.</summary>
    private sealed record ModelUse(string Table, string? Endpoint, string? Model, string? Handle, int Rows)
    {
        public Uri? Uri { get; } = System.Uri.TryCreate(Endpoint, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri : null;

        public static ModelUse From(JsonElement row) =>
            new(row.StringOrNull("table")!, row.StringOrNull("endpoint"), row.StringOrNull("model"), row.StringOrNull("handle"), row.GetProperty("rows").GetInt32());

        // The endpoint without the key that some addresses carry.
        public override string ToString() => $"{Handle ?? Model} of {Rows} {Table}{(Uri is null ? null : $" at {Uri.Scheme}://{Uri.Authority}")}";
    }
}
