using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Docker.DotNet;
using Docker.DotNet.Models;
using LettaPS.Core.Connections;
using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Servers;

namespace LettaPS.Adapters.Docker;

/// <summary>The engine that the docker command itself would speak to: <c>DOCKER_HOST</c>, else the current context, else the platform's default.</summary>
internal sealed class DockerEngine : IContainerEngine
{
    // Ends the program when standard input does: the engine closes it when this process is gone, and does not end programs by itself. Every
    // process is waited for by the shell. One that is left behind becomes a child of the container's first process, and where that is PostgreSQL, it
    // takes a stranger that ends by a signal for a crashed session of its own, and throws everybody out. What the shell says of the watcher's end is not
    // the program's.
    private const string WatchedScript = """exec 3<&0; "$@" </dev/null 3<&- & p=$!; d=$p; """ + Watch;

    private const string Watch = """(read -r _ <&3; kill $p) >/dev/null 2>&1 & w=$!; exec 3<&-; wait $d; r=$?; { kill $w; wait $w; } 2>/dev/null; exit $r""";

    // The same for a program that writes much, as it does in 4 KiB at a time, each of which wakes the engine, its shim and us: dd makes a few large parts
    // of them. The exit code is still the program's, which takes a shell that can tell; without one it goes the longer way.
    private const string BulkScript =
        """command -v bash >/dev/null && command -v dd >/dev/null && exec bash -c 'set -o pipefail; exec 3<&0; "$@" </dev/null 3<&- | dd ibs=64k obs=64k 2>/dev/null 3<&- & d=$!; p=$(jobs -p %+); """
        + Watch + """' bash "$@"; """ + WatchedScript;

    private const string FedScript = """exec "$@" """;

    // Finds a program by a variable of its environment, which is all that the engine lets one say of it from outside.
    private const string KillScript = """for e in $(grep -lz "^LETTAPS_RUN=$1\$" /proc/[0-9]*/environ 2>/dev/null); do e=${e%/environ}; kill "${e#/proc/}"; done""";

    private const string Podman = "podman";
    private static readonly TimeSpan s_neverStarted = TimeSpan.FromMinutes(2);

    private readonly DockerClient _client;
    private string? _command;

    private DockerEngine(DockerClient client) => _client = client;

    /// <inheritdoc/>
    public Uri Endpoint => _client.Options.Endpoint;

    /// <inheritdoc/>
    public string Command => _command ?? (EngineEndpoint.IsPodman(Endpoint) ? Podman : ContainerFacts.Docker);

    /// <summary>Opens the engine. Nothing is sent before the first request.</summary>
    /// <exception cref="LettaException"><c>InvalidEngineConfiguration</c>.</exception>
    public static DockerEngine Open()
    {
        try
        {
            return new DockerEngine(EngineEndpoint.Connect());
        }
        catch (SshDockerEndpointNotSupportedException e)
        {
            throw new LettaException(
                ErrorIds.InvalidEngineConfiguration,
                LettaErrorKind.InvalidInput,
                "LettaPS does not support Docker hosts over ssh.",
                "Forward the socket, then set DOCKER_HOST to unix:///tmp/docker.sock: ssh -nNTL /tmp/docker.sock:/var/run/docker.sock <host>",
                innerException: e);
        }
        catch (Exception e) when (e is DockerConfigurationException or NotSupportedException)
        {
            throw new LettaException(
                ErrorIds.InvalidEngineConfiguration,
                LettaErrorKind.InvalidInput,
                $"The settings of the container engine are not valid: {e.Message}",
                "Check DOCKER_HOST and the contexts: docker context ls",
                innerException: e);
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ContainerFacts>> ListAsync(CancellationToken cancellationToken)
    {
        var found = new List<ContainerFacts>();
        var listed = await AskAsync(() => _client.Containers.ListContainersAsync(new ContainersListParameters { All = true }, cancellationToken), null).ConfigureAwait(false);
        foreach (var container in listed)
        {
            try
            {
                found.Add(await InspectAsync(container.ID, cancellationToken).ConfigureAwait(false));
            }
            catch (LettaException e) when (e.ErrorId == ErrorIds.ContainerNotFound)
            {
                // Removed since it was listed.
            }
        }

        return found;
    }

    /// <inheritdoc/>
    public async Task<ContainerFacts> InspectAsync(string container, CancellationToken cancellationToken)
    {
        _command ??= await CommandAsync(cancellationToken).ConfigureAwait(false);
        var told = await AskAsync(() => _client.Containers.InspectContainerAsync(container, cancellationToken), container).ConfigureAwait(false);
        ImageInspectResponse? image;
        try
        {
            image = await AskAsync(() => _client.Images.InspectImageAsync(told.Image, cancellationToken), container).ConfigureAwait(false);
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.ImageNotFound)
        {
            // It was removed by force; the container lives on.
            image = null;
        }

        return ContainerReader.Read(told, image, Command);
    }

    /// <inheritdoc/>
    public async Task<string> GetImageIdAsync(string image, CancellationToken cancellationToken) =>
        (await AskAsync(() => _client.Images.InspectImageAsync(image, cancellationToken), image).ConfigureAwait(false)).ID;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ContainerImage>> ListImagesAsync(CancellationToken cancellationToken)
    {
        var found = new List<ContainerImage>();
        foreach (var listed in await AskAsync(() => _client.Images.ListImagesAsync(new ImagesListParameters(), cancellationToken), null).ConfigureAwait(false))
        {
            if (listed.RepoTags is not { Count: > 0 } names)
            {
                continue;
            }

            try
            {
                var image = await AskAsync(() => _client.Images.InspectImageAsync(listed.ID, cancellationToken), names[0]).ConfigureAwait(false);
                found.Add(new ContainerImage(image.ID, [.. names], ContainerReader.Variables(image.Config?.Env ?? []), image.Config?.Labels?.AsReadOnly() ?? new Dictionary<string, string>().AsReadOnly()));
            }
            catch (LettaException e) when (e.ErrorId == ErrorIds.ImageNotFound)
            {
                // Removed since it was listed.
            }
        }

        return found;
    }

    /// <summary>Repositories with digests under which an image of the engine is known.</summary>
    /// <exception cref="LettaException"><c>ImageNotFound</c>.</exception>
    public async Task<IReadOnlyList<string>> ListDigestsAsync(string image, CancellationToken cancellationToken) =>
        [.. (await AskAsync(() => _client.Images.InspectImageAsync(image, cancellationToken), image).ConfigureAwait(false)).RepoDigests ?? []];

    /// <inheritdoc/>
    public async Task StartAsync(string container, CancellationToken cancellationToken)
    {
        // The engine refuses to start what is paused.
        if ((await InspectAsync(container, cancellationToken).ConfigureAwait(false)).State == ContainerState.Paused)
        {
            await AskAsync(() => _client.Containers.UnpauseContainerAsync(container, cancellationToken), container, ErrorIds.ContainerStartFailed).ConfigureAwait(false);
            return;
        }

        await AskAsync(() => _client.Containers.StartContainerAsync(container, new ContainerStartParameters(), cancellationToken), container, ErrorIds.ContainerStartFailed).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task StopAsync(string container, TimeSpan grace, CancellationToken cancellationToken)
    {
        // Podman does not stop what is paused.
        if ((await InspectAsync(container, cancellationToken).ConfigureAwait(false)).State == ContainerState.Paused && Command == Podman)
        {
            await AskAsync(() => _client.Containers.UnpauseContainerAsync(container, cancellationToken), container, ErrorIds.ContainerStopFailed).ConfigureAwait(false);
        }

        // Zero would not be sent, and the engine's own grace of ten seconds be used.
        await AskAsync(
            () => _client.Containers.StopContainerAsync(
                container, new ContainerStopParameters { WaitBeforeKillSeconds = Math.Max(1, (uint)Math.Ceiling(grace.TotalSeconds)) }, cancellationToken),
            container,
            ErrorIds.ContainerStopFailed).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> ReadLogAsync(string container, int lines, DateTimeOffset? since, CancellationToken cancellationToken)
    {
        using var log = await AskAsync(
            () => _client.Containers.GetContainerLogsAsync(
                container, new ContainerLogsParameters { ShowStdout = true, ShowStderr = true, Tail = $"{lines}", Since = UnixTime(since) }, cancellationToken),
            container).ConfigureAwait(false);
        using var text = new MemoryStream();
        await log.CopyOutputToAsync(Stream.Null, text, text, cancellationToken).ConfigureAwait(false);
        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length).Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0).ToList();
    }

    /// <inheritdoc/>
    public async Task<ProgramResult> RunProgramAsync(string container, ContainerProgram program, Stream? input, Stream? output, CancellationToken cancellationToken)
    {
        var run = await StartProgramAsync(container, program, input is not null ? FedScript : output is null ? WatchedScript : BulkScript, cancellationToken).ConfigureAwait(false);
        await using (run.ConfigureAwait(false))
        {
            using var text = output is null ? new MemoryStream() : null;
            var errors = new TailBuffer(64 * 1024);
            var exitCode = await run.CompleteAsync(input, output ?? text!, errors, cancellationToken).ConfigureAwait(false);
            if (exitCode == 127)
            {
                throw new LettaException(
                    ErrorIds.ProgramNotFound,
                    LettaErrorKind.NotFound,
                    $"The container '{container}' has no program '{program.Command[0]}'.",
                    "Check that the container is Letta's or its PostgreSQL's: Get-LettaServer",
                    container);
            }

            return new ProgramResult(exitCode, text is null ? string.Empty : Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length), errors.ToString());
        }
    }

    /// <inheritdoc/>
    public Task<IOpenTunnel> OpenTunnelAsync(string container, int port, CancellationToken cancellationToken) =>
        OpenTunnelAsync(container, DockerExecTunnel.Loopback, port, cancellationToken);

    /// <inheritdoc/>
    public async Task<IOpenTunnel> OpenTunnelAsync(string container, string host, int port, CancellationToken cancellationToken) =>
        await ExecTunnel.OpenAsync(this, container, host, port, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<ITemporaryContainer> RunTemporaryAsync(TemporaryContainerSpecification specification, CancellationToken cancellationToken)
    {
        var created = await CreateAsync(
            () => _client.Containers.CreateContainerAsync(
                new CreateContainerParameters
                {
                    Name = specification.Name,
                    Image = specification.Image,
                    Entrypoint = ["sh", "-c", specification.Script],
                    Cmd = [],
                    Env = Pairs(specification.Environment),
                    Labels = new Dictionary<string, string> { [ServerDiscovery.TemporaryLabel] = "1" },
                    OpenStdin = true,
                    StdinOnce = true,
                    AttachStdin = true,

                    // The image's health check would judge a server that is not run here.
                    Healthcheck = new HealthcheckConfig { Test = ["NONE"] },
                    HostConfig = new HostConfig
                    {
                        AutoRemove = true,
                        NetworkMode = specification.Network ?? "none",
                        VolumesFrom = specification.VolumesFrom is null ? [] : [specification.VolumesFrom],
                        ExtraHosts = [.. specification.ExtraHosts],
                    },
                },
                cancellationToken),
            specification,
            cancellationToken).ConfigureAwait(false);
        var container = new TemporaryContainer(_client, created.ID, specification.Grace);
        try
        {
            foreach (var network in specification.MoreNetworks)
            {
                await AskAsync(
                    () => _client.Networks.ConnectNetworkAsync(network, new NetworkConnectParameters { Container = created.ID }, cancellationToken),
                    created.ID,
                    ErrorIds.ContainerStartFailed).ConfigureAwait(false);
            }

            if (specification.BeforeStart is { } beforeStart)
            {
                await beforeStart(cancellationToken).ConfigureAwait(false);
            }

            await AskAsync(() => container.StartAsync(cancellationToken), created.ID, ErrorIds.ContainerStartFailed).ConfigureAwait(false);
            return container;
        }
        catch
        {
            await container.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    /// <remarks>
    /// A container that was made and never started does not go by itself, unlike one that ran. It bears its name for nobody when it is two minutes old: whoever
    /// made it was killed in between. Should that one live after all, its start fails, as its container is removed by its identifier.
    /// </remarks>
    private async Task<CreateContainerResponse> CreateAsync(
        Func<Task<CreateContainerResponse>> create, TemporaryContainerSpecification specification, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync(create, specification.Image, ErrorIds.ContainerStartFailed).ConfigureAwait(false);
        }
        catch (LettaException e) when (specification.Name is { } name && e.InnerException is DockerApiException { StatusCode: HttpStatusCode.Conflict })
        {
            try
            {
                var other = await _client.Containers.InspectContainerAsync(name, cancellationToken).ConfigureAwait(false);
                if (other.State?.Status == "created" && DateTime.UtcNow - other.Created.ToUniversalTime() > s_neverStarted)
                {
                    await _client.Containers.RemoveContainerAsync(other.ID, new ContainerRemoveParameters { RemoveVolumes = true }, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (Exception gone) when (gone is DockerApiException)
            {
                // It went away meanwhile; the name is free for the next attempt.
            }

            throw new LettaException(ErrorIds.ContainerExists, LettaErrorKind.Conflict, $"There is a container '{name}' already.", $"See what it is: {Command} inspect {name}", name, e);
        }
    }

    /// <summary>Starts a program under a shell script that runs its arguments.</summary>
    internal async Task<ContainerExec> StartProgramAsync(string container, ContainerProgram program, string script, CancellationToken cancellationToken)
    {
        var run = Guid.NewGuid().ToString("N");
        var exec = await AskAsync(
            () => _client.Exec.CreateContainerExecAsync(
                container,
                new ContainerExecCreateParameters
                {
                    AttachStdin = true,
                    AttachStdout = true,
                    AttachStderr = true,
                    Cmd = ["sh", "-c", script, "sh", .. program.Command],
                    Env = [.. Pairs(program.Environment), $"LETTAPS_RUN={run}"],
                    WorkingDir = program.WorkingDirectory ?? string.Empty,
                },
                cancellationToken),
            container).ConfigureAwait(false);
        var stream = await AskAsync(() => _client.Exec.StartContainerExecAsync(exec.ID, new ContainerExecStartParameters(), cancellationToken), container).ConfigureAwait(false);
        return new ContainerExec(_client, exec.ID, stream, () => KillAsync(container, run));
    }

    /// <summary>Podman answers as Docker does, at Docker's own socket too, and says so.</summary>
    private async Task<string> CommandAsync(CancellationToken cancellationToken)
    {
        var version = await AskAsync(() => _client.System.GetVersionAsync(cancellationToken), null).ConfigureAwait(false);
        return version.Components?.Any(c => c.Name.Contains(Podman, StringComparison.OrdinalIgnoreCase)) == true ? Podman : ContainerFacts.Docker;
    }

    private async Task KillAsync(string container, string run)
    {
        try
        {
            var exec = await _client.Exec.CreateContainerExecAsync(container, new ContainerExecCreateParameters { AttachStdout = true, AttachStderr = true, Cmd = ["sh", "-c", KillScript, "sh", run] }).ConfigureAwait(false);
            using var stream = await _client.Exec.StartContainerExecAsync(exec.ID, new ContainerExecStartParameters()).ConfigureAwait(false);
            await stream.ReadOutputToEndAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is DockerApiException or HttpRequestException or IOException)
        {
            // The container stopped meanwhile, and the program with it.
        }
    }

    private static string? UnixTime(DateTimeOffset? time) =>
        time is { } t ? string.Create(CultureInfo.InvariantCulture, $"{(t - DateTimeOffset.UnixEpoch).Ticks / (decimal)TimeSpan.TicksPerSecond:F7}") : null;

    private static List<string> Pairs(IReadOnlyDictionary<string, string> variables) => [.. variables.Select(v => $"{v.Key}={v.Value}")];

    private async Task<T> AskAsync<T>(Func<Task<T>> request, string? target, string errorId = ErrorIds.EngineFailed)
    {
        try
        {
            return await request().ConfigureAwait(false);
        }
        catch (Exception e) when (e is DockerApiException or HttpRequestException or SocketException or IOException or TimeoutException or AggregateException { InnerException: SocketException })
        {
            throw Explain(e, target, errorId);
        }
    }

    private Task<bool> AskAsync(Func<Task> request, string? target, string errorId) => AskAsync(
        async () =>
        {
            await request().ConfigureAwait(false);
            return true;
        },
        target,
        errorId);

    private LettaException Explain(Exception e, string? target, string errorId)
    {
        switch (e)
        {
            case DockerImageNotFoundException:
                return new LettaException(
                    ErrorIds.ImageNotFound, LettaErrorKind.NotFound, $"The engine has no image '{target}'.", $"Pull it first: {Command} pull {target}", target, e);
            case DockerContainerNotFoundException:
                return new LettaException(
                    ErrorIds.ContainerNotFound, LettaErrorKind.NotFound, $"The container '{target}' does not exist.", "List the containers: Get-LettaServer", target, e);
            case DockerApiException api when api.StatusCode == HttpStatusCode.Conflict || Reason(api).Contains("container state improper", StringComparison.Ordinal):
                return new LettaException(ErrorIds.ContainerNotRunning, LettaErrorKind.Refused, $"The engine rejected the request: {Reason(api)}", $"See its state: {Command} ps --all --filter name={target}", target, e);
            case DockerApiException api:
                return new LettaException(errorId, LettaErrorKind.ServerFault, $"The engine rejected the request: {Reason(api)}", "The engine's log may say more.", target, e);
        }

        for (var cause = e; cause is not null; cause = cause.InnerException)
        {
            if (cause is SocketException { SocketErrorCode: SocketError.AccessDenied })
            {
                return new LettaException(
                    ErrorIds.EngineAccessDenied,
                    LettaErrorKind.Denied,
                    $"This user has no access to the engine at '{Endpoint}'.",
                    Command == Podman ? "Set DOCKER_HOST to an engine that you may use: unix://$XDG_RUNTIME_DIR/podman/podman.sock" : "Add the user to the group 'docker', then log in again: sudo usermod -aG docker $USER",
                    Endpoint,
                    e);
            }
        }

        return new LettaException(
            ErrorIds.EngineUnreachable,
            LettaErrorKind.Connection,
            $"The engine at '{Endpoint}' cannot be reached: {(e is AggregateException ? e.GetBaseException() : e).Message}",
            Command == Podman ? "Start its socket: systemctl --user start podman.socket" : "Start Docker, or point DOCKER_HOST or the context to it: docker context use <name>",
            Endpoint,
            e);
    }

    private static string Reason(DockerApiException e)
    {
        try
        {
            using var body = System.Text.Json.JsonDocument.Parse(e.ResponseBody ?? string.Empty);
            return body.RootElement.GetProperty("message").GetString() ?? e.Message;
        }
        catch (Exception parse) when (parse is System.Text.Json.JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // Not the engine's own form of error: a proxy in between.
            return e.Message;
        }
    }
}
