using System.Text.Json;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Files;

/// <summary>Tools as agent files hold them.</summary>
internal static class ToolFiles
{
    /// <summary>Takes over what a file says of a tool.</summary>
    public static void Fill(ToolRow row, JsonElement tool)
    {
        row.Description = tool.Text("description");
        row.ToolType = tool.Text("tool_type") ?? "custom";
        row.SourceType = tool.Text("source_type");
        row.SourceCode = tool.Text("source_code");
        row.JsonSchema = tool.Property("json_schema");
        row.ArgsJsonSchema = tool.Property("args_json_schema");
        row.Tags = tool.Property("tags") is { ValueKind: JsonValueKind.Array } tags ? [.. tags.EnumerateArray().Select(t => t.GetString()!)] : [];
        row.ReturnCharLimit = tool.Property("return_char_limit")?.GetInt32() ?? row.ReturnCharLimit;
        row.PipRequirements = tool.Property("pip_requirements");
        row.NpmRequirements = tool.Property("npm_requirements");
        row.DefaultRequiresApproval = tool.Property("default_requires_approval")?.GetBoolean();
        row.EnableParallelExecution = tool.Property("enable_parallel_execution")?.GetBoolean();
        row.Metadata = tool.Property("metadata_") ?? JsonText.EmptyObject;
    }
}
