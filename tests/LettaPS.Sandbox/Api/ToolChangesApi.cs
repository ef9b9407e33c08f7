using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using LettaPS.Sandbox.Fleets;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>Tools: made, changed, deleted.</summary>
internal sealed partial class ToolChangesApi
{
    private readonly LettaApi _api;

    private ToolChangesApi(LettaApi api) => _api = api;

    public static void Add(Routes routes, LettaApi api)
    {
        var changes = new ToolChangesApi(api);
        routes.Post("/v1/tools/", changes.Create);
        routes.Put("/v1/tools/", changes.Upsert);
        routes.Post("/v1/tools/add-base-tools", changes.AddBaseTools);
        routes.Patch("/v1/tools/{}", changes.Update);
        routes.Delete("/v1/tools/{}", changes.Delete);
    }

    /// <summary>Makes a tool; of a name that exists, 0.11 refuses it and 0.16 gives the one that is there.</summary>
    private Answer Create(Call call)
    {
        var (name, description, schema) = Derive(call);
        if (_api.State.Tools.FirstOrDefault(t => t.Name == name) is { } existing)
        {
            return _api.Is016 ? Shown(existing) : throw new Problem(409, "Tool with this name already exists.");
        }

        var row = _api.State.Stamp(new ToolRow { Name = name, ReturnCharLimit = _api.Is016 ? 50_000 : 6000 }, "tool");
        Fill(row, call.Body, description, schema);
        _api.State.Tools.Add(row);
        return Shown(row);
    }

    private Answer Upsert(Call call)
    {
        var (name, description, schema) = Derive(call);
        if (_api.State.Tools.FirstOrDefault(t => t.Name == name) is not { } row)
        {
            return Create(call);
        }

        Fill(row, call.Body, description, schema);
        return Shown(row);
    }

    private void Fill(ToolRow row, JsonElement body, string? description, JsonElement schema)
    {
        row.SourceCode = body.Text("source_code");
        row.SourceType = body.Text("source_type") ?? "python";
        row.Description = body.Text("description") ?? description;
        row.JsonSchema = schema;
        row.ArgsJsonSchema = body.Property("args_json_schema") ?? (_api.Is016 ? JsonText.EmptyObject : null);
        row.Tags = body.Property("tags") is { ValueKind: JsonValueKind.Array } tags
            ? [.. tags.EnumerateArray().Select(t => t.GetString()!)]
            : _api.Is016 ? row.Tags : [];
        row.PipRequirements = body.Property("pip_requirements") is { ValueKind: JsonValueKind.Array } pip
            ? JsonText.From(pip.EnumerateArray().Select(p => new { name = p.Text("name"), version = p.Text("version") }).ToArray())
            : null;
        row.NpmRequirements = body.Property("npm_requirements");
        row.ReturnCharLimit = body.Property("return_char_limit")?.GetInt32() ?? row.ReturnCharLimit;
        row.DefaultRequiresApproval = _api.Is016 ? body.Property("default_requires_approval")?.GetBoolean() : null;
        row.EnableParallelExecution = _api.Is016 ? body.Property("enable_parallel_execution")?.GetBoolean() ?? false : null;
        row.Metadata = _api.Is016
            ? JsonText.From(new { tool_hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(row.SourceCode ?? string.Empty))) })
            : JsonText.EmptyObject;
        row.UpdatedAt = _api.State.Tick();
    }

    private Answer Update(Call call)
    {
        var id = call.Id("tool", "tool_id");
        var row = _api.State.Tools.Find(id) ?? throw LettaApi.NoRow("Tool", "tools", id);
        row.Description = call.Body.Text("description") ?? row.Description;
        row.SourceCode = call.Body.Text("source_code") ?? row.SourceCode;
        row.JsonSchema = call.Body.Property("json_schema") ?? row.JsonSchema;
        row.Name = call.Body.Text("name") ?? row.JsonSchema?.Text("name") ?? row.Name;
        row.ReturnCharLimit = call.Body.Property("return_char_limit")?.GetInt32() ?? row.ReturnCharLimit;
        row.Tags = call.Body.Property("tags") is { ValueKind: JsonValueKind.Array } tags ? [.. tags.EnumerateArray().Select(t => t.GetString()!)] : row.Tags;
        row.ArgsJsonSchema = call.Body.Property("args_json_schema") ?? row.ArgsJsonSchema;
        row.PipRequirements = call.Body.Property("pip_requirements") ?? row.PipRequirements;
        row.NpmRequirements = call.Body.Property("npm_requirements") ?? row.NpmRequirements;
        row.DefaultRequiresApproval = call.Body.Property("default_requires_approval")?.GetBoolean() ?? row.DefaultRequiresApproval;
        row.UpdatedAt = _api.State.Tick();
        return Shown(row);
    }

    private Answer Delete(Call call)
    {
        var id = call.Id("tool", "tool_id");
        if (!_api.State.Tools.Remove(id))
        {
            throw new Problem(400, $"Tool with id {id} not found.");
        }

        foreach (var agent in _api.State.Agents)
        {
            agent.ToolIds.Remove(id);
        }

        return Answer.Null();
    }

    private Answer AddBaseTools(Call call)
    {
        CoreTools.Add(_api.State, _api.Release);
        return Answer.Array(_api.State.Tools.Where(t => t.ToolType != "custom").ToArray(), _api.Shapes.Tool);
    }

    private Answer Shown(ToolRow row) => Answer.Object(w => _api.Shapes.Tool(w, row));

    /// <summary>What a tool's source says about it: the name, the arguments and the first line of the description.</summary>
    private (string Name, string? Description, JsonElement Schema) Derive(Call call)
    {
        var source = call.Body.Text("source_code") ?? throw call.Invalid("missing", ["body", "source_code"], "Field required", call.Body);
        if (call.Body.Property("json_schema") is { } given && given.Text("name") is { } given_name)
        {
            return (given_name, given.Text("description"), given);
        }

        var signature = Signature().Match(source);
        if (!signature.Success)
        {
            throw _api.Is016
                ? new Problem(400, "Failed to derive json schema: Schema generation failed: Failed to parse source code: invalid syntax (<unknown>, line 1)")
                : new Problem(500, "Error derived from the tool's source code: invalid syntax");
        }

        var name = signature.Groups["name"].Value;
        var description = Description().Match(source) is { Success: true } text ? text.Groups["text"].Value.Trim() : null;
        string[] arguments = [.. signature.Groups["arguments"].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(a => a.Split(':')[0].Trim())];
        return (name, description, CoreTools.Schema(name, description ?? string.Empty, string.Join(' ', arguments)));
    }

    [GeneratedRegex(@"def (?<name>\w+)\((?<arguments>[^)]*)\)")]
    private static partial Regex Signature();

    [GeneratedRegex("\"\"\"(?<text>[^\"]+?)(\n\\s*\n|\"\"\")", RegexOptions.Singleline)]
    private static partial Regex Description();
}
