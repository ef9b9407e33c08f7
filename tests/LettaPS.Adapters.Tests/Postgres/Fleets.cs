using System.Text.Json;
using LettaPS.Adapters.Postgres;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Sources;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres;

/// <summary>Databases with agents, and what is read of them.</summary>
internal static class Fleets
{
    /// <summary>The recorded fleet of a real server.</summary>
    public static async Task<PostgresDatabase> RecordedAsync(int major, string release, string? catalog = null) =>
        await (await PostgresServer.GetAsync(major)).CreateFleetAsync(release, catalog);

    public static DatabaseAgentSource Open(PostgresDatabase database, string? encryptionKey = null)
    {
        var address = DatabaseAddress.Parse(database.Uri());
        return new DatabaseAgentSource(new AgentDatabase(address, LettaConnection.OfDatabase(address)) { EncryptionKey = encryptionKey });
    }

    /// <summary>The file that an agent becomes.</summary>
    public static async Task<JsonElement> ExportAsync(DatabaseAgentSource source, string agentId, bool secrets = false, bool history = true, bool archive = true)
    {
        using var folder = new TempFolder();
        using var snapshot = await source.ReadAsync(agentId, new SnapshotOptions(folder.Path, history, archive, secrets), CancellationToken.None);
        using var file = new MemoryStream();
        SnapshotFileWriter.Write(snapshot, [], file, DateTimeOffset.UnixEpoch, CancellationToken.None);
        return JsonSerializer.Deserialize<JsonElement>(file.ToArray());
    }

    public static async Task<List<LettaAgent>> ListAsync(DatabaseAgentSource source, AgentQuery? query = null)
    {
        var agents = new List<LettaAgent>();
        await foreach (var agent in source.ListAsync(query ?? AgentQuery.Everything, CancellationToken.None))
        {
            agents.Add(agent);
        }

        return agents;
    }

    /// <summary>The cells of a table of the part <c>database</c>, each row by the names of the columns.</summary>
    public static List<Dictionary<string, string?>> Rows(JsonElement file, string table)
    {
        if (!file.GetProperty("lettaps").GetProperty("database").GetProperty("tables").TryGetProperty(table, out var part))
        {
            return [];
        }

        var columns = part.GetProperty("columns").EnumerateArray().Select(c => c.GetString()!).ToList();
        return [.. part.GetProperty("rows").EnumerateArray().Select(r => columns.Zip(r.EnumerateArray(), (c, v) => (c, v: v.GetString())).ToDictionary(p => p.c, p => p.v))];
    }
}
