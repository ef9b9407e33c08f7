using System.Text;
using System.Text.Json;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Json;

namespace LettaPS.Core.AgentTables;

/// <summary>The command of an MCP server that is a program: its environment often holds keys.</summary>
internal static class McpEnvironment
{
    /// <summary>The command without the values of its environment.</summary>
    /// <param name="config">The command as the database has it.</param>
    /// <returns>The same text where it has no environment.</returns>
    public static string Without(ReadOnlySpan<byte> config)
    {
        var command = JsonValues.Parse(config);
        if (command.ObjectOrNull("env") is not { } given || !given.EnumerateObject().Any())
        {
            return Encoding.UTF8.GetString(config);
        }

        var environment = JsonObjects.Copy(given);
        foreach (var variable in given.EnumerateObject())
        {
            environment[variable.Name] = null;
        }

        var without = JsonObjects.Copy(command);
        without["env"] = environment;
        return without.ToJsonString(SnapshotFileWriter.SerializerOptions);
    }
}
