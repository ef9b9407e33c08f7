using System.Text.Json;
using System.Text.Json.Nodes;

namespace LettaPS.Core.AgentTables;

/// <summary>The command of an MCP server that is a program: its environment often holds keys.</summary>
internal static class McpEnvironment
{
    /// <summary>The command without the values of its environment.</summary>
    /// <param name="config">The command as the database has it.</param>
    /// <returns>The same text where it has no environment.</returns>
    public static string Without(ReadOnlySpan<byte> config)
    {
        var reader = new Utf8JsonReader(config);
        var node = JsonNode.Parse(ref reader);
        if (node is not JsonObject command || command["env"] is not JsonObject { Count: > 0 } environment)
        {
            return System.Text.Encoding.UTF8.GetString(config);
        }

        foreach (var name in environment.Select(v => v.Key).ToList())
        {
            environment[name] = null;
        }

        return command.ToJsonString(AgentFiles.AgentFileComposer.SerializerOptions);
    }
}
