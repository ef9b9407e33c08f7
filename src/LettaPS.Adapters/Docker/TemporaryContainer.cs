using Docker.DotNet;
using Docker.DotNet.Models;
using LettaPS.Core.Servers;

namespace LettaPS.Adapters.Docker;

/// <summary>A container of ours. The engine closes its standard input when this process ends, however it ends, and so it ends too.</summary>
internal sealed class TemporaryContainer(DockerClient client, string id, TimeSpan grace) : ITemporaryContainer
{
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_removalGrace = TimeSpan.FromSeconds(10);

    private MultiplexedStream? _input;
    private bool _started;

    /// <inheritdoc/>
    public string Id => id;

    /// <summary>Holds its standard input open, then starts it, so that it ends with this process from its first moment on.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _input = await client.Containers.AttachContainerAsync(id, new ContainerAttachParameters { Stream = true, Stdin = true }, cancellationToken).ConfigureAwait(false);
        _started = await client.Containers.StartContainerAsync(id, new ContainerStartParameters(), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _input?.Dispose();
        if (_started && await IsGoneAsync(grace).ConfigureAwait(false))
        {
            return;
        }

        try
        {
            await client.Containers.RemoveContainerAsync(id, new ContainerRemoveParameters { Force = true, RemoveVolumes = true }, CancellationToken.None).ConfigureAwait(false);
        }
        catch (DockerApiException)
        {
            // Gone, or the engine is removing it already, as it was told when the container was made.
        }

        await IsGoneAsync(s_removalGrace).ConfigureAwait(false);
    }

    private async Task<bool> IsGoneAsync(TimeSpan limit)
    {
        using var enough = new CancellationTokenSource(limit);
        try
        {
            while (true)
            {
                await client.Containers.InspectContainerAsync(id, enough.Token).ConfigureAwait(false);
                await Task.Delay(s_pollInterval, enough.Token).ConfigureAwait(false);
            }
        }
        catch (DockerContainerNotFoundException)
        {
            return true;
        }
        catch (Exception e) when (e is OperationCanceledException or DockerApiException)
        {
            return false;
        }
    }
}
