using LettaPS.Core;
using LettaPS.Core.Compose;

namespace LettaPS.Hosting;

/// <summary>What the container engine knows of Letta's images, asked once and only when it is needed.</summary>
/// <param name="run">Runs work to its end while the pipeline thread serves it.</param>
internal sealed class EngineImages(Action<Func<CancellationToken, Task>> run)
{
    private IRunningImages? _images;
    private IReadOnlyList<RunningImage>? _running;
    private LettaException? _failure;

    /// <summary>What runs.</summary>
    /// <exception cref="LettaException">The engine cannot be reached.</exception>
    public IReadOnlyList<RunningImage> Running
    {
        get
        {
            if (_running is null && _failure is null)
            {
                Ask(async (images, cancel) => _running = await images.ListAsync(cancel).ConfigureAwait(false));
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
        Ask(async (images, cancel) => digest = await images.FindDigestAsync(reference, cancel).ConfigureAwait(false));
        return _failure is null ? digest : throw _failure;
    }

    private void Ask(Func<IRunningImages, CancellationToken, Task> question)
    {
        run(async cancel =>
        {
            try
            {
                _images ??= AdapterContext.Door.OpenRunningImages();
                await question(_images, cancel).ConfigureAwait(false);
            }
            catch (LettaException e)
            {
                _failure = e;
            }
        });
    }
}
