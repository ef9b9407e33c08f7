using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;

namespace LettaPS.Core.Restores;

/// <summary>Gives agents models that the target has.</summary>
/// <param name="models">Language models of the target.</param>
/// <param name="embeddings">Embedding models of the target.</param>
/// <param name="options">The maps.</param>
internal sealed class ModelMapper(IReadOnlyList<JsonElement> models, IReadOnlyList<JsonElement> embeddings, RestoreOptions options)
{
    private static readonly string[] s_kept = ["temperature", "put_inner_thoughts_in_kwargs", "max_tokens", "enable_reasoner", "reasoning_effort", "parallel_tool_calls"];

    private static readonly string[] s_listing = ["name", "display_name", "provider_type", "model_type", "max_context_window"];

    /// <summary>The handle of an agent's model: <c>openai/gpt-4o-mini</c>.</summary>
    public static string? Model(AgentRecord agent) => Handle(agent.Config("llm_config"), "model_endpoint_type", "model") ?? agent.Text("model");

    /// <summary>The handle of an agent's embedding model.</summary>
    public static string? Embedding(AgentRecord agent) => Handle(agent.Config("embedding_config"), "embedding_endpoint_type", "embedding_model") ?? agent.Text("embedding");

    /// <summary>By which model of the target the agent's is replaced; <see langword="null"/> for none.</summary>
    public string? MappedModel(AgentRecord agent) => Model(agent) is { } handle ? Changed(handle, options.ModelMap) : null;

    /// <summary>By which embedding model of the target the agent's is replaced; <see langword="null"/> for none.</summary>
    public string? MappedEmbedding(AgentRecord agent) => Embedding(agent) is { } handle ? Changed(handle, options.EmbeddingMap) : null;

    /// <summary>Models of the agent that the target does not have, after the maps.</summary>
    public IEnumerable<string> Lacking(AgentRecord agent)
    {
        if ((MappedModel(agent) ?? Model(agent)) is { } model && Find(models, model) is null)
        {
            yield return model;
        }

        if ((MappedEmbedding(agent) ?? Embedding(agent)) is { } embedding && Find(embeddings, embedding) is null)
        {
            yield return embedding;
        }
    }

    /// <summary>Puts the models in.</summary>
    /// <param name="target">The release.</param>
    /// <param name="warnings">Told what was done.</param>
    /// <exception cref="LettaException"><c>ModelNotFound</c>: a map names a model that the target does not have, or it has none at all.</exception>
    public void Apply(AgentRecord agent, ReleaseCapabilities target, List<string> warnings)
    {
        if (MappedModel(agent) is { } mapped)
        {
            warnings.Add($"The model {Model(agent)} became {mapped}.");
            agent.Fields["llm_config"] = Config(Find(models, mapped) ?? throw NotFound(mapped, models), agent.Config("llm_config"));
        }
        else if (agent.Config("llm_config") is null)
        {
            var handle = agent.Text("model");
            var model = (handle is null ? null : Find(models, handle)) ?? (models.Count > 0 ? models[0] : throw NotFound(handle ?? "any", models));
            agent.Fields["llm_config"] = Config(model, null);
            warnings.Add($"The file has no llm_config; the agent got the model {model.StringOrNull("handle")}. -ModelMap or Letta changes it.");
        }

        if (MappedEmbedding(agent) is { } mappedEmbedding)
        {
            warnings.Add($"The embedding model {Embedding(agent)} became {mappedEmbedding}.");
            agent.Fields["embedding_config"] = Config(Find(embeddings, mappedEmbedding) ?? throw NotFound(mappedEmbedding, embeddings), null);
        }
        else if (agent.Config("embedding_config") is null && target.ImportsLegacy && embeddings.Count > 0)
        {
            agent.Fields["embedding_config"] = Config(embeddings[0], null);
            warnings.Add($"The file has no embedding_config, which {target} demands; the agent got {embeddings[0].StringOrNull("handle")}.");
        }

        warnings.AddRange(Lacking(agent).Select(m => $"The server does not list the model {m}; -ModelMap or -EmbeddingMap gives another."));
    }

    private static string? Changed(string handle, Func<string, string?>? map) => map?.Invoke(handle) is { Length: > 0 } mapped && mapped != handle ? mapped : null;

    private static string? Handle(JsonElement? config, string type, string model) =>
        config is not { } c ? null : c.StringOrNull("handle") ?? (c.StringOrNull(model) is { } name ? $"{c.StringOrNull(type)}/{name}" : null);

    private static JsonElement? Find(IReadOnlyList<JsonElement> among, string handle)
    {
        var found = among.FirstOrDefault(m => m.StringOrNull("handle") == handle);
        return found.ValueKind == JsonValueKind.Object ? found : null;
    }

    private static JsonElement Config(JsonElement listed, JsonElement? old)
    {
        var config = JsonObjects.Copy(listed);
        foreach (var name in s_listing)
        {
            config.Remove(name);
        }

        foreach (var name in s_kept)
        {
            if (old is { } o && o.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                config[name] = JsonValues.ToNode(value);
            }
        }

        if (old is { } before && before.TryGetProperty("context_window", out var window) && window.ValueKind == JsonValueKind.Number
            && listed.TryGetProperty("context_window", out var largest) && largest.ValueKind == JsonValueKind.Number && window.GetDouble() < largest.GetDouble())
        {
            config["context_window"] = JsonValues.ToNode(window);
        }

        return JsonValues.ToElement(config);
    }

    private static LettaException NotFound(string handle, IReadOnlyList<JsonElement> among) => new(
        ErrorIds.ModelNotFound,
        LettaErrorKind.NotFound,
        $"The server has no model {handle}.",
        among.Count == 0 ? "It lists no model at all." : $"It has {string.Join(", ", among.Select(m => m.StringOrNull("handle")).Take(20))}.",
        handle);
}
