using System.Text.Json.Nodes;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres.Restores;

/// <summary>The files that agents become when they are exported from their database.</summary>
internal static class RowsFile
{
    /// <summary>The file of an agent, secrets included.</summary>
    /// <param name="database">The database.</param>
    /// <param name="agent">The agent.</param>
    public static async Task<JsonObject> ReadAsync(PostgresDatabase database, string agent)
    {
        await using var source = Fleets.Open(database);
        return JsonObject.Create(await Fleets.ExportAsync(source, agent, secrets: true))!;
    }

    /// <summary>Writes the files of the fleet.</summary>
    /// <param name="database">The database.</param>
    /// <param name="folder">Where to.</param>
    public static async Task WriteAsync(PostgresDatabase database, string folder)
    {
        foreach (var agent in (string[])[DatabaseFleet.Agent, DatabaseFleet.OtherAgent])
        {
            Write(await ReadAsync(database, agent), folder, agent);
        }
    }

    /// <summary>Writes a file.</summary>
    public static void Write(JsonObject file, string folder, string agent)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, $"{agent}.af"), file.ToJsonString());
    }
}
