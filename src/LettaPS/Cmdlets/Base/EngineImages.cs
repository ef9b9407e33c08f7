using LettaPS.Core.Compose.Pinning;
using LettaPS.Core.Servers;

namespace LettaPS.Cmdlets.Base;

/// <summary>What the container engine knows of Letta's images, asked once and only when it is needed.</summary>
/// <param name="run">Runs work to its end while the pipeline thread serves it.</param>
internal sealed class EngineImages(Action<Func<CancellationToken, Task>> run)
{
    private IRunningImages? _images;
    private IReadOnlyList<RunningImage>? _running;
    private LettaException? _failure;

    /// <summary>The command that a user of the engine types; known once the engine was asked.</summary>
    public string EngineCommand => _images?.EngineCommand ?? ContainerFacts.Docker;

    /// <summary>What runs.</summary>
    /// <exception cref="LettaException">The engine cannot be reached.</exception>
    public IReadOnlyList<RunningImage> Running
    {
        get
        {
            if (_running is null && _failure is null)
            {
                Ask(async (images, cancellationToken) => _running = await images.ListAsync(cancellationToken).ConfigureAwait(false));
            }

            return _running ?? throw _failure!;
        }
    }

    /// <summary>The digest of an image that the engine has.</summary>
    /// <param name="reference">The image.</param>
    /// <returns>The digest, or <see langword="null"/> where the engine does not know it.</returns>
    /// <exception cref="LettaException">The engine cannot be reached.</exception>
    public string? FindDigest(string reference)
    {
        string? digest = null;
        Ask(async (images, cancellationToken) => digest = await images.FindDigestAsync(reference, cancellationToken).ConfigureAwait(false));
        return _failure is null ? digest : throw _failure;
    }

    private void Ask(Func<IRunningImages, CancellationToken, Task> question)
    {
        run(async cancellationToken =>
        {
            try
            {
                _images ??= AdapterLoadContext.Factory.OpenRunningImages();
                await question(_images, cancellationToken).ConfigureAwait(false);
            }
            catch (LettaException e)
            {
                _failure = e;
            }
        });
    }
}
