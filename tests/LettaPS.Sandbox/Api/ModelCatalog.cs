using System.Text.Json;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>The models that the server says it can reach: what an OpenAI-compatible proxy and Letta's own provider give.</summary>
internal static class ModelCatalog
{
    private const string Proxy = "http://127.0.0.1:9099/v1";

    internal sealed record Model(string Handle, string Name, string Provider, JsonElement Config);

    public static Model[] Models(Release release)
    {
        var free = Llm(release, "letta/letta-free", "https://inference.letta.com/v1/", 30_000, null, 4096);
        var large = Llm(release, "openai-proxy/gpt-4.1", Proxy, 1_047_576, 8192, 16_384);
        var small = Llm(release, "openai-proxy/gpt-4o-mini", Proxy, 128_000, null, 16_384, penalty: release < Release.V0162 ? 1.0 : null);
        var embedding = Llm(release, "openai-proxy/text-embedding-3-small", Proxy, release >= Release.V0168 ? 8191 : 30_000, null, 16_384);
        return release >= Release.V0162 ? [free, large, small, embedding] : [free, small, large, embedding];
    }

    public static Model[] Embeddings(Release release) => release >= Release.V0162
        ?
        [
            Embedding("letta/letta-free", "openai", "https://inference.letta.com/v1/", 1536),
            Embedding("openai/text-embedding-3-large", "openai", Proxy, 3072),
            Embedding("openai/text-embedding-3-small", "openai", Proxy, 1536),
            Embedding("openai/text-embedding-ada-002", "openai", Proxy, 1536),
        ]
        : [Embedding("letta/letta-free", "hugging-face", "https://embeddings.example/v1", 1024)];

    /// <summary>The configuration that a model's handle stands for.</summary>
    public static JsonElement Llm(Release release, string handle)
    {
        var models = Models(release);
        return Array.Find(models, m => m.Handle == handle || (release < Release.V0162 && $"{m.Provider}/{m.Name}" == handle)) is { } model ? WithTokens(model.Config) : throw new Problem(
            release >= Release.V0162 ? 404 : 500,
            $"NOT_FOUND: Handle {handle} not found, must be one of [{string.Join(", ", models.Where(m => release < Release.V0162 && m.Provider == "openai").Select(m => $"'{m.Handle}'"))}]");
    }

    /// <summary>An agent's copy of a configuration says how many tokens an answer may have.</summary>
    private static JsonElement WithTokens(JsonElement config) => config.Property("max_tokens") is not null
        ? config
        : JsonText.From(config.EnumerateObject().Where(p => p.Name != "max_tokens").ToDictionary(p => p.Name, p => p.Value).Append(new("max_tokens", JsonText.From(4096))).ToDictionary());

    /// <summary>The configuration that an embedding model's handle stands for.</summary>
    public static JsonElement Embedding(Release release, string handle) =>
        Array.Find(Embeddings(release), m => m.Handle == handle)?.Config ?? throw (release >= Release.V0162
            ? new Problem(400, $"INVALID_ARGUMENT: Embedding model {handle} not found")
            : new Problem(500, $"Embedding model {handle[(handle.IndexOf('/', StringComparison.Ordinal) + 1)..]} is not supported by {handle.Split('/')[0]}"));

    private static Model Llm(Release release, string handle, string endpoint, int window, int? tokens0162, int? tokens0168, double? penalty = null)
    {
        var name = handle[(handle.IndexOf('/', StringComparison.Ordinal) + 1)..];
        var provider = handle.StartsWith("letta/", StringComparison.Ordinal) ? "letta" : "openai";
        return new Model(handle, name, provider, JsonText.From(new Dictionary<string, object?>
        {
            ["model"] = name,
            ["model_endpoint_type"] = "openai",
            ["model_endpoint"] = endpoint,
            ["provider_name"] = provider,
            ["provider_category"] = "base",
            ["context_window"] = window,
            ["put_inner_thoughts_in_kwargs"] = release < Release.V0162,
            ["handle"] = handle,
            ["max_tokens"] = release >= Release.V0168 ? tokens0168 : release >= Release.V0162 ? tokens0162 : 4096,
            ["frequency_penalty"] = penalty,
            ["strict"] = false,
        }));
    }

    private static Model Embedding(string handle, string type, string endpoint, int dimensions)
    {
        var name = handle[(handle.IndexOf('/', StringComparison.Ordinal) + 1)..];
        return new Model(handle, name, "openai", JsonText.From(new Dictionary<string, object?>
        {
            ["embedding_endpoint_type"] = type,
            ["embedding_endpoint"] = endpoint,
            ["embedding_model"] = name,
            ["embedding_dim"] = dimensions,
            ["handle"] = handle,
        }));
    }
}
