using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LettaPS.Core.Text;

/// <summary>Leaves values out that open something: what is in a readable folder is copied, mailed and put under version control.</summary>
internal static partial class Redaction
{
    private const string LeftOut = "(left out)";

    private static readonly string[] s_environments = ["tool_exec_environment_variables", "secrets", "env", "custom_headers", "auth_header"];

    /// <summary>How JSON is written for people.</summary>
    public static JsonSerializerOptions Indented { get; } = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A copy without secrets: every value below a property that holds environment variables, and what is named like a key, token or password.</summary>
    /// <param name="value">The value.</param>
    public static JsonNode? Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => new JsonObject(value.EnumerateObject().DistinctBy(p => p.Name).Select(p => KeyValuePair.Create(p.Name, Of(p.Name, p.Value)))),
        JsonValueKind.Array => new JsonArray([.. value.EnumerateArray().Select(Of)]),
        JsonValueKind.Null => null,
        _ => JsonValue.Create(value.Clone()),
    };

    /// <summary>The same of a property.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    public static JsonNode? Of(string name, JsonElement value) =>
        s_environments.Contains(name) || (value.ValueKind == JsonValueKind.String && SecretName().IsMatch(name)) ? LeftOutOf(value) : Of(value);

    /// <summary>The names stay, the values go.</summary>
    private static JsonNode? LeftOutOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => new JsonObject(value.EnumerateObject().DistinctBy(p => p.Name).Select(p => KeyValuePair.Create(p.Name, p.Name is "key" or "name" ? Of(p.Value) : LeftOutOf(p.Value)))),
        JsonValueKind.Array => new JsonArray([.. value.EnumerateArray().Select(LeftOutOf)]),
        JsonValueKind.Null => null,
        _ => LeftOut,
    };

    [GeneratedRegex("(^|_)(api_?key|access_?key|token|secret|password|authorization|credential)s?(_enc)?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretName();
}
