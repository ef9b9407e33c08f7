using System.Text.Json;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>Memory blocks: made, changed, deleted.</summary>
internal sealed class BlockChangesApi
{
    private readonly LettaApi _api;

    private BlockChangesApi(LettaApi api) => _api = api;

    public static void Add(Routes routes, LettaApi api)
    {
        var changes = new BlockChangesApi(api);
        routes.Post("/v1/blocks/", changes.Create);
        routes.Patch("/v1/blocks/{}", changes.Update);
        routes.Delete("/v1/blocks/{}", changes.Delete);
    }

    /// <summary>Changes what a request names; up to 0.16.2 a value may not be longer than its limit.</summary>
    public static void Update(LettaApi api, BlockRow row, JsonElement request)
    {
        var value = request.Text("value") ?? row.Value;
        var limit = request.Property("limit")?.GetInt32() ?? row.Limit;
        if (!api.Is0168 && value.Length > limit)
        {
            throw new Problem(400, (api.Is016, request.Text("value")) switch
            {
                (false, _) => $"Value length ({value.Length}) exceeds the limit ({limit}) for block with label '{row.Label}' and id '{row.Id}'.",
                (true, null) => $"INVALID_ARGUMENT: Limit ({limit}) cannot be less than current value length ({value.Length} characters)",
                _ => $"INVALID_ARGUMENT: Value length ({value.Length} characters) exceeds block limit ({limit} characters)",
            });
        }

        row.Value = value;
        row.Limit = limit;
        row.Label = request.Text("label") ?? row.Label;
        row.Description = request.Text("description") ?? row.Description;
        row.Metadata = request.Property("metadata") ?? row.Metadata;
        row.ReadOnly = request.Property("read_only")?.GetBoolean() ?? row.ReadOnly;
        row.PreserveOnMigration = request.Property("preserve_on_migration")?.GetBoolean() ?? row.PreserveOnMigration;
        row.TemplateName = request.Text("template_name") ?? row.TemplateName;
        row.IsTemplate = request.Property("is_template")?.GetBoolean() ?? row.IsTemplate;
        row.Hidden = api.Is016 ? request.Property("hidden")?.GetBoolean() ?? row.Hidden : row.Hidden;
        if (api.Is0168 && request.Property("tags") is { ValueKind: JsonValueKind.Array } tags)
        {
            row.Tags = [.. tags.EnumerateArray().Select(t => t.GetString()!)];
        }

        row.UpdatedAt = api.State.Tick();
    }

    private Answer Create(Call call)
    {
        foreach (var name in new[] { "label", "value" })
        {
            if (call.Body.Property(name) is null)
            {
                throw call.Invalid("missing", ["body", name], "Field required", call.Body);
            }
        }

        if (!_api.Is0168 && call.Body.Property("limit") is { } limit && call.Body.Text("value")!.Length > limit.GetInt32())
        {
            throw call.Invalid("value_error", ["body"], $"Value error, Edit failed: Exceeds {limit} character limit", call.Body, JsonText.From(new { error = new { } }));
        }

        var row = _api.Factory.Block(call.Body);
        return Answer.Object(w => _api.Shapes.Block(w, row));
    }

    private Answer Update(Call call)
    {
        var row = ToChange(call);
        Update(_api, row, call.Body);
        return Answer.Object(w => _api.Shapes.Block(w, row));
    }

    private Answer Delete(Call call)
    {
        var row = ToChange(call);
        _api.State.Blocks.Remove(row.Id);
        foreach (var agent in _api.State.Agents)
        {
            agent.BlockIds.Remove(row.Id);
        }

        return Answer.Null();
    }

    private BlockRow ToChange(Call call)
    {
        var id = call.Id("block", "block_id");
        return _api.State.Blocks.Find(id) ?? throw LettaApi.NoRow("Block", "block", id);
    }
}
