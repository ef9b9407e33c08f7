using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Pinning;
using LettaPS.Core.Servers;

namespace LettaPS.Adapters.Docker;

/// <summary>What the engine knows of Letta's images.</summary>
/// <param name="connect">Opens a client for a server.</param>
internal sealed class RunningImages(DockerEngine engine, Func<LettaConnection, Core.Sources.ILettaServer> connect) : IRunningImages
{
    /// <inheritdoc/>
    public string EngineCommand => engine.Command;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RunningImage>> ListAsync(CancellationToken cancellationToken)
    {
        var all = await engine.ListAsync(cancellationToken).ConfigureAwait(false);
        var running = new List<RunningImage>();
        foreach (var container in all.Where(c => c.IsRunning && ServerDiscovery.IsServer(c)))
        {
            running.Add(new RunningImage(
                container.Name,
                container.Label(ServerDiscovery.ComposeService),
                container.Label(ServerDiscovery.ComposeFiles)?.Split(',') ?? [],
                container.Label(ServerDiscovery.ComposeEnvironmentFile)?.Split(',') ?? [],
                container.Image,
                ServerDiscovery.DigestOf(container),
                ServerDiscovery.BaseUri(container, engine.Endpoint) is { } address ? await ServerVersion.AskAsync(address, connect, cancellationToken).ConfigureAwait(false) : null)
            {
                Product = ServerDiscovery.ProductOf(container),
            });
        }

        return running;
    }

    /// <inheritdoc/>
    public async Task<string?> FindDigestAsync(string reference, CancellationToken cancellationToken)
    {
        try
        {
            return ServerDiscovery.DigestOf(ImageReference.Parse(reference), await engine.ListDigestsAsync(reference, cancellationToken).ConfigureAwait(false));
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.ImageNotFound)
        {
            return null;
        }
    }
}
