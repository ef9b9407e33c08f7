using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.Json;

namespace LettaPS.Core.Secrets;

/// <summary>Leaves values out that open something: what is in a readable folder is copied, mailed and put under version control.</summary>
internal static class Redaction
{
    private const string LeftOut = "(left out)";

    /// <summary>A part of a path that is longer, and mixes letters and digits, opens something rather than names it.</summary>
    private const int LongestPathName = 20;

    private static readonly string[] s_environments = ["tool_exec_environment_variables", "secrets", "env", "environment", "custom_headers", "headers", "auth_header"];

    private static readonly string[] s_addresses = ["server_url", "model_endpoint", "embedding_endpoint"];

    /// <summary>How JSON is written for people.</summary>
    public static JsonSerializerOptions Indented { get; } = new() { MaxDepth = JsonValues.MaxDepth, WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// A copy without secrets: every value of environment variables, of an identity's properties and of a program's arguments, what is named like a key, token
    /// or password, and what looks like one in any text.
    /// </summary>
    public static JsonNode? Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => new JsonObject(value.EnumerateObject().DistinctBy(p => p.Name).Select(p => KeyValuePair.Create(p.Name, Of(p.Name, p.Value)))),
        JsonValueKind.Array => new JsonArray([.. value.EnumerateArray().Select(Of)]),
        JsonValueKind.String => SecretText.Mask(value.GetString()!),
        JsonValueKind.Null => null,
        _ => JsonValue.Create(value.Clone()),
    };

    /// <summary>The same of a property.</summary>
    public static JsonNode? Of(string name, JsonElement value) => (name, value.ValueKind) switch
    {
        _ when s_environments.Contains(name) => LeftOutOf(value),

        // An identity's properties are a list; a JSON schema's, of the same name, are an object and no secret.
        ("properties", JsonValueKind.Array) => LeftOutOf(value),
        ("args", JsonValueKind.Array) => LeftOutOf(value),
        (_, JsonValueKind.String) when s_addresses.Contains(name) || name.EndsWith("_url", StringComparison.Ordinal) => AddressOf(value.GetString()!),
        (_, JsonValueKind.String) when SecretText.IsSecretName(name) => LeftOut,
        _ => Of(value),
    };

    /// <summary>An address without user, query and parts of its path that look like a key: services put theirs in each of the three.</summary>
    private static string AddressOf(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.HostNameType == UriHostNameType.Unknown)
        {
            return SecretText.MaskAddress(text);
        }

        var path = string.Join('/', uri.AbsolutePath.Split('/').Select(p => p.Length > LongestPathName && p.Any(char.IsAsciiDigit) && p.Any(char.IsAsciiLetter) ? LeftOut : SecretText.Mask(p)));
        return $"{uri.Scheme}://{(uri.UserInfo.Length > 0 ? $"{LeftOut}@" : "")}{uri.Authority}{path}{(uri.Query.Length > 0 ? $"?{LeftOut}" : "")}{(uri.Fragment.Length > 0 ? $"#{LeftOut}" : "")}";
    }

    /// <summary>The names stay, the values go.</summary>
    private static JsonNode? LeftOutOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => new JsonObject(value.EnumerateObject().DistinctBy(p => p.Name).Select(p => KeyValuePair.Create(p.Name, p.Name is "key" or "name" or "type" ? Of(p.Value) : LeftOutOf(p.Value)))),
        JsonValueKind.Array => new JsonArray([.. value.EnumerateArray().Select(LeftOutOf)]),
        JsonValueKind.Null => null,
        _ => LeftOut,
    };
}
