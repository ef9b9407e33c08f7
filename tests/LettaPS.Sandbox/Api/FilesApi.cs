using LettaPS.Sandbox.Files;
using LettaPS.Sandbox.Http;

namespace LettaPS.Sandbox.Api;

/// <summary>Agent files, out and in.</summary>
internal static class FilesApi
{
    public static void Add(Routes routes, LettaApi api)
    {
        if (api.Is016)
        {
            var export = new ExportV2(api);
            routes.Add("GET", "/v1/agents/{}/export", export.Export, Reads.Nothing, arrived: export.Arrived);
            routes.Add("POST", "/v1/agents/import", new ImportV2(api).Import, Reads.Form);
        }
        else
        {
            routes.Get("/v1/agents/{}/export", new ExportLegacy(api).Export);
            routes.Add("POST", "/v1/agents/import", new ImportLegacy(api).Import, Reads.Form);
        }
    }
}
