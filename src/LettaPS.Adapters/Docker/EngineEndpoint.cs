using Docker.DotNet;

namespace LettaPS.Adapters.Docker;

/// <summary>
/// Finds the engine: <c>DOCKER_HOST</c>, then the current context, then the platform's default. If Docker's socket does not exist, Podman's variable
/// <c>CONTAINER_HOST</c> and the usual sockets of Podman and of a Docker without root are tried.
/// </summary>
internal static class EngineEndpoint
{
    /// <summary>A client of the engine. Nothing is sent.</summary>
    /// <exception cref="DockerConfigurationException">What says where it is makes no sense.</exception>
    public static DockerClient Connect()
    {
        var client = new DockerClientBuilder().Build();
        if (Exists(client.Options.Endpoint) || Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } || !IsDefault(client.Options.Endpoint)
            || Candidates(Environment.GetEnvironmentVariable).FirstOrDefault(Exists) is not { } found)
        {
            return client;
        }

        client.Dispose();
        return new DockerClientBuilder().WithEndpoint(found).Build();
    }

    /// <summary>Where Podman, and Docker without root, usually listen.</summary>
    /// <param name="environment">Gives the value of an environment variable.</param>
    public static IEnumerable<Uri> Candidates(Func<string, string?> environment)
    {
        if (Uri.TryCreate(environment("CONTAINER_HOST"), UriKind.Absolute, out var host))
        {
            yield return host;
        }

        if (OperatingSystem.IsWindows())
        {
            yield return new Uri("npipe://./pipe/podman-machine-default");
            yield break;
        }

        var home = environment("HOME");
        string?[] sockets =
        [
            environment("XDG_RUNTIME_DIR") is { Length: > 0 } runtime ? $"{runtime}/podman/podman.sock" : null,
            environment("XDG_RUNTIME_DIR") is { Length: > 0 } own ? $"{own}/docker.sock" : null,
            "/run/podman/podman.sock",
            home is null ? null : $"{home}/.docker/run/docker.sock",
            home is null ? null : $"{home}/.local/share/containers/podman/machine/podman.sock",
            environment("TMPDIR") is { Length: > 0 } temporary ? $"{temporary.TrimEnd('/')}/podman/podman-machine-default-api.sock" : null,
        ];
        foreach (var socket in sockets.OfType<string>())
        {
            yield return new Uri("unix://" + socket);
        }
    }

    /// <summary>Whether an address is, by its name, Podman's.</summary>
    /// <param name="endpoint">The address.</param>
    public static bool IsPodman(Uri endpoint) => endpoint.ToString().Contains("podman", StringComparison.OrdinalIgnoreCase);

    private static bool IsDefault(Uri endpoint) => endpoint.Scheme is "unix" or "npipe" && endpoint.AbsolutePath is "/var/run/docker.sock" or "/run/docker.sock" or "/pipe/docker_engine";

    // What is neither a socket nor a pipe is asked to be known.
    private static bool Exists(Uri endpoint) => endpoint.Scheme switch
    {
        "unix" => File.Exists(endpoint.AbsolutePath),
        "npipe" => File.Exists(@"\\.\pipe\" + endpoint.Segments[^1]),
        _ => true,
    };
}
