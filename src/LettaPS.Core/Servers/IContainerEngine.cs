using LettaPS.Core.Connections;

namespace LettaPS.Core.Servers;

/// <summary>What LettaPS asks of a container engine. Thread-safe.</summary>
internal interface IContainerEngine : IDisposable
{
    /// <summary>Where the engine is: <c>unix:///var/run/docker.sock</c>.</summary>
    Uri Endpoint { get; }

    /// <summary>The command that a user of the engine types: <c>docker</c> or <c>podman</c>.</summary>
    string Command => ContainerFacts.Docker;

    /// <summary>All containers, running or not.</summary>
    /// <exception cref="LettaException"><c>EngineUnreachable</c>, <c>EngineAccessDenied</c>.</exception>
    Task<IReadOnlyList<ContainerFacts>> ListAsync(CancellationToken cancellationToken);

    /// <summary>One container as it is now.</summary>
    /// <param name="container">Identifier or name of the container.</param>
    /// <exception cref="LettaException"><c>ContainerNotFound</c>.</exception>
    Task<ContainerFacts> InspectAsync(string container, CancellationToken cancellationToken);

    /// <summary>The identifier of an image that the engine has.</summary>
    /// <param name="image">Name of the image.</param>
    /// <exception cref="LettaException"><c>ImageNotFound</c>; none is pulled.</exception>
    Task<string> GetImageIdAsync(string image, CancellationToken cancellationToken);

    /// <summary>All images that the engine has and that have a name.</summary>
    Task<IReadOnlyList<ContainerImage>> ListImagesAsync(CancellationToken cancellationToken);

    /// <summary>Starts a container, or lets a paused one go on; nothing happens to one that runs.</summary>
    /// <param name="container">Identifier or name of the container.</param>
    /// <exception cref="LettaException"><c>ContainerStartFailed</c>, with the engine's reason, such as a port that is taken.</exception>
    Task StartAsync(string container, CancellationToken cancellationToken);

    /// <summary>Stops a container; nothing happens to one that does not run.</summary>
    /// <param name="container">Identifier or name of the container.</param>
    /// <param name="grace">How long its main process may take to end before it is killed.</param>
    Task StopAsync(string container, TimeSpan grace, CancellationToken cancellationToken);

    /// <summary>The last lines of a container's log, both streams, oldest first.</summary>
    /// <param name="container">Identifier or name of the container.</param>
    /// <param name="lines">How many at most.</param>
    /// <param name="since">Only what was written since then; <see langword="null"/> for all.</param>
    Task<IReadOnlyList<string>> ReadLogAsync(string container, int lines, DateTimeOffset? since, CancellationToken cancellationToken);

    /// <summary>
    /// Runs a program in a running container until it ends. When this call is cancelled, it is ended before this returns. When this process dies, a
    /// program without input is ended, and one with input meets the end of that.
    /// </summary>
    /// <param name="container">Identifier or name of the container.</param>
    /// <param name="program">What to run.</param>
    /// <param name="input">What the program reads; <see langword="null"/> for nothing.</param>
    /// <param name="output">Where what it writes goes; <see langword="null"/> to have it in the result.</param>
    /// <returns>The exit code and what was written to standard error, whatever they are.</returns>
    /// <exception cref="LettaException"><c>ProgramNotFound</c>, <c>ContainerNotRunning</c>, or the engine broke off.</exception>
    Task<ProgramResult> RunProgramAsync(string container, ContainerProgram program, Stream? input, Stream? output, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a way to a TCP port inside a running container, whether published or not: a listener on this machine's loopback address, each of
    /// whose connections is carried by a program run in the container. The container needs no more than a shell with bash, nc or perl.
    /// </summary>
    /// <param name="container">Identifier or name of the container.</param>
    /// <param name="port">The port, as the container itself reaches it on its loopback address.</param>
    /// <exception cref="LettaException"><c>TunnelRefused</c>: nothing listens there, or the container has no program that can connect.</exception>
    Task<IOpenTunnel> OpenTunnelAsync(string container, int port, CancellationToken cancellationToken);

    /// <summary>The same, to a port of any host that the container can resolve and reach.</summary>
    /// <param name="container">Identifier or name of the container.</param>
    /// <param name="host">Name or IP address of the host, as the container knows it.</param>
    /// <exception cref="LettaException"><c>TunnelRefused</c>.</exception>
    Task<IOpenTunnel> OpenTunnelAsync(string container, string host, int port, CancellationToken cancellationToken);

    /// <summary>Starts a container that lives no longer than the returned handle or this process, whichever ends first.</summary>
    /// <param name="specification">What to run.</param>
    /// <exception cref="LettaException"><c>ImageNotFound</c>: the image is not on this engine (none is pulled). <c>ContainerStartFailed</c>. <c>ContainerExists</c>, of the kind <see cref="LettaErrorKind.Conflict"/>: another one has its name.</exception>
    Task<ITemporaryContainer> RunTemporaryAsync(TemporaryContainerSpecification specification, CancellationToken cancellationToken);
}
