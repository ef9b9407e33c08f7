using System.Text.Json;
using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>What belongs to the server rather than to an agent: health, models, runs, the page at the root.</summary>
internal sealed class ServerApi
{
    private const string Page = """
        <!doctype html><html lang="en"><head><meta charset="UTF-8" /><title>Letta</title></head><body><div id="root"></div></body></html>
        """;

    private readonly LettaApi _api;
    private readonly Routes _routes;

    private ServerApi(LettaApi api, Routes routes) => (_api, _routes) = (api, routes);

    public static void Add(Routes routes, LettaApi api)
    {
        var server = new ServerApi(api, routes);
        routes.Get("/v1/health/", server.Health);
        routes.Get("/v1/ready/", server.Health);
        routes.Get("/openapi.json", server.OpenApi);
        routes.Get("/", _ => api.Is0168 ? Answer.Redirect("/docs") : Answer.Of(Page, "text/html; charset=utf-8"));
        routes.Get("/docs", _ => Answer.Of(Page, "text/html; charset=utf-8"));
        routes.Get("/v1/models/", server.Models);
        routes.Get("/v1/models/embedding", server.EmbeddingModels);
        routes.Get("/v1/providers/", api.Reading(_ => Answer.Array(api.State.Providers.ToArray(), api.Shapes.Provider), "providers"));
        routes.Get("/v1/runs/", api.Reading(server.Runs, api.Is016 ? "runs" : "jobs"));
        routes.Get("/v1/runs/active", _ => Answer.Array(api.State.Runs.Where(r => r.Status is "created" or "running").ToArray(), api.Shapes.Run));
        routes.Get("/v1/jobs/", _ => Answer.Array<RunRow>([], api.Shapes.Run));
        routes.Get("/v1/jobs/active", _ => Answer.Array<RunRow>([], api.Shapes.Run));
        routes.Get("/v1/steps/", server.Steps);
        routes.Get("/v1/steps/{}", api.Reading(call => Answer.Detail(404, $"Step with id '{call.Id("step", "step_id")}' not found"), "steps"));
        routes.Get("/v1/tags/", server.Tags);
        routes.Get("/v1/sandbox-config/", _ => Answer.Array(api.State.SandboxConfigs.ToArray(), Shapes.SandboxConfig));
        routes.Get("/v1/tools/mcp/servers", server.ToolMcpServers);
        routes.Get("/v1/mcp-servers/", _ => Answer.Array(api.State.McpServers.ToArray(), Shapes.McpServer));
    }

    private Answer Health(Call call) => Answer.Object(w =>
    {
        w.WriteStartObject();
        w.WriteString("version"u8, _api.Release.ToString());
        w.WriteString("status"u8, "ok"u8);
        w.WriteEndObject();
    });

    /// <summary>The version and the paths, which is what clients look for in it.</summary>
    private Answer OpenApi(Call call) => Answer.Object(w =>
    {
        w.WriteStartObject();
        w.WriteString("openapi"u8, "3.1.0"u8);
        w.WriteStartObject("info"u8);
        w.WriteString("title"u8, "Letta API"u8);
        w.WriteString("version"u8, _api.Release.ToString());
        w.WriteEndObject();
        w.WriteStartObject("paths"u8);
        foreach (var path in _routes.All.Where(r => r.Path.StartsWith("/v1/", StringComparison.Ordinal)).GroupBy(r => r.Path))
        {
            w.WriteStartObject(path.Key);
            foreach (var method in path.Select(r => r.Method.ToLowerInvariant()).Distinct())
            {
                w.WriteStartObject(method);
                w.WriteEndObject();
            }

            w.WriteEndObject();
        }

        w.WriteEndObject();
        w.WriteEndObject();
    });

    private Answer Models(Call call) => Answer.Array(ModelCatalog.Models(_api.Release), (w, model) =>
    {
        w.WriteStartObject();
        if (_api.Is016)
        {
            w.Prop("handle"u8, model.Handle);
            w.Prop("name"u8, model.Name);
            w.Prop("display_name"u8, model.Name);
            w.Prop("provider_type"u8, "openai");
            w.Prop("provider_name"u8, model.Provider);
            w.Prop("model_type"u8, "llm");
            ConfigShape.Llm(_api.Release).WriteFields(w, model.Config, "handle", "display_name", "provider_name");
            w.Prop("max_context_window"u8, model.Config.Property("context_window"));
        }
        else
        {
            ConfigShape.Llm(_api.Release).WriteFields(w, model.Config);
        }

        w.WriteEndObject();
    });

    private Answer EmbeddingModels(Call call) => Answer.Array(ModelCatalog.Embeddings(_api.Release), (w, model) =>
    {
        w.WriteStartObject();
        if (_api.Is016)
        {
            w.Prop("handle"u8, model.Handle);
            w.Prop("name"u8, model.Name);
            w.Prop("display_name"u8, model.Name);
            w.Prop("provider_type"u8, "openai");
            w.Prop("provider_name"u8, "openai");
            w.Prop("model_type"u8, "embedding");
            ConfigShape.Embedding.WriteFields(w, model.Config, "handle");
        }
        else
        {
            ConfigShape.Embedding.WriteFields(w, model.Config);
        }

        w.WriteEndObject();
    });

    /// <summary>Runs, newest first. 0.11 takes the first fifty, whatever is asked, and looks for those of an agent among them.</summary>
    private Answer Runs(Call call)
    {
        if (!_api.Is016)
        {
            var wanted = call.QueryAll("agent_ids");
            var first = _api.State.Runs.Order(Comparer<RunRow>.Create(Paging.ByTime)).Take(50);
            return Answer.Array(first.Where(r => wanted is null || wanted.Contains(r.Metadata?.Text("agent_id"))).ToArray(), _api.Shapes.Run);
        }

        var agents = call.QueryAll("agent_ids") ?? call.QueryAll("agent_id");
        var runs = _api.State.Runs.Where(r => agents is null || agents.Contains(r.AgentId));
        return Answer.Array(Paging.Page(call, runs, _api.State.Runs, limit: 100).ToArray(), _api.Shapes.Run);
    }

    /// <summary>Broken upstream in all three releases.</summary>
    private Answer Steps(Call call) => _api.Is016
        ? Answer.Detail(400, "Argument order does not match type typing.Optional[str]; is "
            + (call.Query("order") == "asc" ? "True" : "False") + " of type <class 'bool'>")
        : throw _api.Unexpected();

    private Answer Tags(Call call)
    {
        var tags = _api.State.Agents.SelectMany(a => a.Tags).Distinct().Order(StringComparer.Ordinal).ToArray();
        return Answer.Object(w => JsonSerializer.Serialize(w, tags, JsonText.Rows));
    }

    private Answer ToolMcpServers(Call call)
    {
        var servers = _api.State.McpServers.ToArray();
        return Answer.Object(w =>
        {
            w.WriteStartObject();
            foreach (var server in servers)
            {
                w.WriteStartObject(server.ServerName);
                w.Prop("server_name"u8, server.ServerName);
                w.Prop("type"u8, server.ServerType);
                w.Prop("server_url"u8, server.ServerUrl);
                w.WriteEndObject();
            }

            w.WriteEndObject();
        });
    }
}
