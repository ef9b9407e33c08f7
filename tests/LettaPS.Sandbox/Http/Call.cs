using System.Globalization;
using System.Text.Json;
using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Http;

/// <summary>One request with what its handler needs.</summary>
internal sealed class Call(HttpContext http, Release release, SandboxState state, string[] ids)
{
    public HttpContext Http => http;

    public Release Release => release;

    public SandboxState State => state;

    /// <summary>The variable parts of the path, in order.</summary>
    public string[] Ids => ids;

    /// <summary>The request's JSON body, if the route reads one.</summary>
    public JsonElement Body { get; set; }

    /// <summary>The request's form, if the route reads one.</summary>
    public IFormCollection Form { get; set; } = FormCollection.Empty;

    /// <summary>A query parameter; an empty one counts as given.</summary>
    public string? Query(string name) => http.Request.Query.TryGetValue(name, out var values) ? values[^1] : null;

    public string[]? QueryAll(string name) => http.Request.Query.TryGetValue(name, out var values) ? [.. values.OfType<string>()] : null;

    public int QueryInt(string name, int fallback)
    {
        if (Query(name) is not { } text)
        {
            return fallback;
        }

        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw Invalid("int_parsing", ["query", name], "Input should be a valid integer, unable to parse string as an integer", JsonText.From(text));
    }

    public bool QueryBool(string name, bool fallback = false) => Query(name)?.ToUpperInvariant() switch
    {
        null => fallback,
        "TRUE" or "1" or "YES" or "ON" or "T" or "Y" => true,
        "FALSE" or "0" or "NO" or "OFF" or "F" or "N" => false,
        var text => throw Invalid("bool_parsing", ["query", name], "Input should be a valid boolean, unable to interpret input", JsonText.From(text)),
    };

    /// <summary>A query parameter of a few allowed values.</summary>
    public string QueryOneOf(string name, string fallback, params ReadOnlySpan<string> allowed)
    {
        var value = Query(name) ?? fallback;
        return allowed.Contains(value) ? value : throw NotAmong(["query", name], value, null, allowed);
    }

    /// <summary>A parameter that must be one of few: the error of an enumeration.</summary>
    public Problem NotAmong(object[] location, string value, string? type, params ReadOnlySpan<string> allowed)
    {
        var names = allowed.ToArray().Select(a => $"'{a}'").ToArray();
        var expected = names.Length == 1 ? names[0] : string.Join(", ", names[..^1]) + " or " + names[^1];
        return Invalid(type ?? "literal_error", location, $"Input should be {expected}", JsonText.From(value), JsonText.From(new { expected }));
    }

    /// <summary>The error of a body or parameter that does not fit: 422, as a list on 0.11, as Python's text of it on 0.16.</summary>
    public Problem Invalid(string type, object[] location, string message, JsonElement? input, JsonElement? context = null, string? example = null)
    {
        var loc = JsonText.From(location);
        if (release < Release.V0162)
        {
            var item = new Dictionary<string, object?> { ["type"] = type, ["loc"] = loc, ["msg"] = message, ["input"] = input };
            if (context is not null)
            {
                item["ctx"] = context;
            }

            return new Problem(422, JsonText.From(new[] { item }));
        }

        var where = $"({string.Join(", ", location.Select(l => l is string s ? PythonText.Repr(s) : l))}{(location.Length == 1 ? "," : string.Empty)})";
        var text = $"[{{'type': '{type}', 'loc': {where}, 'msg': {PythonText.Repr(message)}, 'input': {Python(input)}"
            + (context is { } c ? $", 'ctx': {PythonText.Str(c)}" : string.Empty)
            + (type == "value_error" ? $", 'ctx': {{'error': ValueError({PythonText.Repr(message["Value error, ".Length..])})}}" : string.Empty) + "}]";
        return new Problem(422, JsonText.From(text), example);
    }

    /// <summary>Several errors of a body at once, as 0.11 lists them.</summary>
    public static Problem InvalidAll((string Type, object[] Location, string Message, JsonElement Input, JsonElement Context)[] errors) =>
        new(422, JsonText.From(errors.Select(e => new { type = e.Type, loc = e.Location, msg = e.Message, input = e.Input, ctx = e.Context }).ToArray()));

    /// <summary>Checks an id of the path as 0.13 and later do; earlier releases take anything.</summary>
    public string Id(string kind, string parameter, int index = 0)
    {
        var id = ids[index];
        if (release < Release.V0162 || Store.Ids.IsValid(kind, id))
        {
            return id;
        }

        var pattern = $"^{kind}-[0-9a-f]{{8}}-[0-9a-f]{{4}}-4[0-9a-f]{{3}}-[89ab][0-9a-f]{{3}}-[0-9a-f]{{12}}$";
        throw Invalid("string_pattern_mismatch", ["path", parameter], $"String should match pattern '{kind}-{{uuid4}}'", JsonText.From(id),
            JsonText.From(new { pattern }), $"{kind}-123e4567-e89b-42d3-8456-426614174000");
    }

    private static string Python(JsonElement? value) => value is { } given
        ? given.ValueKind == JsonValueKind.String ? PythonText.Repr(given.GetString()!) : PythonText.Str(given)
        : "None";
}
