using System.Text;
using System.Text.Json;

namespace LettaPS.Sandbox.Answers;

/// <summary>
/// A configuration that is stored as JSON and answered with every field that the release knows, those that the row lacks by their default.
/// </summary>
internal sealed class ConfigShape
{
    private readonly (byte[] Name, byte[] Default)[] _fields;

    /// <summary>Fields as <c>name=default</c> with JSON defaults; without one the default is null.</summary>
    private ConfigShape(params string[] fields) => _fields = [.. fields.Select(Parse)];

    public static ConfigShape Embedding { get; } = new(
        "embedding_endpoint_type", "embedding_endpoint", "embedding_model", "embedding_dim", "embedding_chunk_size=300", "handle",
        "batch_size=32", "azure_endpoint", "azure_version", "azure_deployment");

    private static ConfigShape Llm0113 { get; } = new(
        "model", "model_endpoint_type", "model_endpoint", "provider_name", "provider_category", "model_wrapper", "context_window",
        "put_inner_thoughts_in_kwargs=true", "handle", "temperature=0.7", "max_tokens=4096", "enable_reasoner=false", "reasoning_effort",
        "max_reasoning_tokens=0", "frequency_penalty", "compatibility_type");

    private static ConfigShape Llm0162 { get; } = new(
        "model", "display_name", "model_endpoint_type", "model_endpoint", "provider_name", "provider_category", "model_wrapper",
        "context_window", "put_inner_thoughts_in_kwargs=false", "handle", "temperature=0.7", "max_tokens", "enable_reasoner=true",
        "reasoning_effort", "max_reasoning_tokens=0", "effort", "frequency_penalty", "compatibility_type", "verbosity", "tier",
        "parallel_tool_calls=false", "response_format");

    private static ConfigShape Llm0168 { get; } = new(
        "model", "display_name", "model_endpoint_type", "model_endpoint", "provider_name", "provider_category", "model_wrapper",
        "context_window", "put_inner_thoughts_in_kwargs=false", "handle", "temperature=1.0", "max_tokens", "enable_reasoner=true",
        "reasoning_effort", "max_reasoning_tokens=0", "effort", "frequency_penalty", "compatibility_type", "verbosity", "tier",
        "parallel_tool_calls=false", "response_format", "strict=true", "return_logprobs=false", "top_logprobs", "return_token_ids=false",
        "tool_call_parser");

    public static ConfigShape Llm(Release release) =>
        release >= Release.V0168 ? Llm0168 : release >= Release.V0162 ? Llm0162 : Llm0113;

    public void Write(Utf8JsonWriter w, ReadOnlySpan<byte> name, JsonElement? config)
    {
        if (config is not { ValueKind: JsonValueKind.Object } given)
        {
            w.WriteNull(name);
            return;
        }

        w.WritePropertyName(name);
        w.WriteStartObject();
        WriteFields(w, given);
        w.WriteEndObject();
    }

    /// <summary>The fields alone, for answers that mix them with others.</summary>
    public void WriteFields(Utf8JsonWriter w, JsonElement config, params ReadOnlySpan<string> except)
    {
        foreach (var (name, fallback) in _fields)
        {
            if (except.Length > 0 && except.Contains(Encoding.UTF8.GetString(name)))
            {
                continue;
            }

            w.WritePropertyName(name);
            if (config.TryGetProperty(name, out var value))
            {
                value.WriteTo(w);
            }
            else
            {
                w.WriteRawValue(fallback, skipInputValidation: true);
            }
        }
    }

    private static (byte[] Name, byte[] Default) Parse(string field)
    {
        var parts = field.Split('=');
        return (Encoding.UTF8.GetBytes(parts[0]), Encoding.UTF8.GetBytes(parts.Length > 1 ? parts[1] : "null"));
    }
}
