using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;
using LettaPS.Sandbox.Store;

namespace LettaPS.Module.Tests;

/// <summary>A server with a backup of some of its agents, and an empty one that they are, or are to be, restored to.</summary>
internal sealed class RestoredPair : IAsyncDisposable
{
    private RestoredPair(Connected source, Connected target) => (Source, Target) = (source, target);

    public Connected Source { get; }

    public Connected Target { get; }

    /// <summary>The map of identifiers.</summary>
    public string Map => Path.Combine(Source.Set, "id-map.json");

    public static async Task<RestoredPair> MakeAsync(string agents, bool restore = true, string from = "0.16.8", string to = "0.16.8", Action<SandboxState>? change = null)
    {
        var pair = new RestoredPair(await Connected.ToAsync(new SandboxOptions { Release = from }), await Connected.ToAsync(new SandboxOptions { Release = to, Fleet = Fleet.Empty }));
        change?.Invoke(pair.Source.Server.State);
        pair.Source.Run($"Get-LettaAgent '{agents}' | Export-LettaAgent {pair.Source.Path}").Succeed();
        if (restore)
        {
            pair.Target.Run("Restore-LettaAgent $args[0]", pair.Source.Set).Succeed();
        }

        return pair;
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await Target.DisposeAsync();
    }
}
