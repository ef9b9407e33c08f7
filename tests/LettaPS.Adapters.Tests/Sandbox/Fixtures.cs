using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;

namespace LettaPS.Adapters.Tests.Sandbox;

/// <summary>The recorded fleet: sixteen agents that 0.11.3 made, as its database kept them and as later releases' migrations left them.</summary>
internal static class Fixtures
{
    public static string Path(string release, string name) => System.IO.Path.Combine(AppContext.BaseDirectory, "Fixtures", "sandbox", release, name);

    /// <summary>A server with the recorded fleet.</summary>
    /// <param name="release">The release that is played, and whose rows are taken.</param>
    /// <param name="repaired">Whether the tool returns name their calls, which keeps reading from damaging them.</param>
    /// <param name="password">The password of secure mode.</param>
    public static async Task<SandboxServer> StartAsync(string release, bool repaired = true, string? password = null)
    {
        var server = await SandboxServer.StartAsync(new SandboxOptions { Release = release, Fleet = Fleet.Recorded(Path(release, "data")), Password = password });
        if (repaired && release != "0.11.3")
        {
            foreach (var row in server.State.Agents.SelectMany(a => a.Messages).Where(m => m.Role == "tool" && m.ToolReturns is [_] && m.ToolCallId is not null))
            {
                row.ToolReturns![0].ToolCallId = row.ToolCallId;
            }
        }

        return server;
    }
}
