namespace LettaPS.Core.Compose.Pinning;

/// <summary>What a container engine knows of Letta's images.</summary>
internal interface IRunningImages
{
    /// <summary>The command that a user of the engine types: <c>docker</c> or <c>podman</c>.</summary>
    string EngineCommand { get; }

    /// <summary>What the running Letta servers run.</summary>
    /// <exception cref="LettaException">The engine cannot be reached.</exception>
    Task<IReadOnlyList<RunningImage>> ListAsync(CancellationToken cancellationToken);

    /// <summary>The digest under which a registry knows an image that the engine has. No registry is asked.</summary>
    /// <param name="reference">The image: <c>letta/letta:0.16.2</c>.</param>
    /// <returns>The digest, <c>sha256:…</c>; <see langword="null"/> where the engine does not have the image or has built it itself.</returns>
    Task<string?> FindDigestAsync(string reference, CancellationToken cancellationToken);
}
