using System.Diagnostics;
using System.Text;

namespace LettaPS.TestKit;

/// <summary>
/// The real engine, and whatever one test fixture makes in it: containers, volumes and networks carry a name of its own and are gone afterwards.
/// The images come from tests/images/build; none is pulled.
/// </summary>
public sealed class DockerEngine : IAsyncDisposable
{
    /// <summary>PostgreSQL 17 with pgvector.</summary>
    public const string PostgresImage = "lettaps/postgres:17";

    /// <summary>The image that stands in for Letta Code, which Docker Hub has under the name of Letta's server.</summary>
    public const string LettaCodeImage = "lettaps/letta-code:0.32.19";

    private static readonly Lazy<Task<string?>> s_lack = new(FindLackAsync);

    private DockerEngine() => Prefix = $"lettaps-{Guid.NewGuid():N}"[..16];

    /// <summary>What the name of everything made here begins with.</summary>
    public string Prefix { get; }

    /// <summary>The images that tests/images/build makes.</summary>
    private static IReadOnlyList<string> Images { get; } = [PostgresImage, LettaCodeImage, LettaImage("0.11.3"), LettaImage("0.16.2"), LettaImage("0.16.8")];

    /// <summary>The engine. Skips the test if the engine or the images are missing.</summary>
    public static async Task<DockerEngine> OpenAsync()
    {
        if (await s_lack.Value is { } lack)
        {
            Needs.Missing(lack);
        }

        return new DockerEngine();
    }

    /// <summary>Why tests cannot use an engine, and what helps.</summary>
    /// <param name="error">What the docker command wrote.</param>
    public static string Explain(string error) => error switch
    {
        _ when error.Contains("permission denied", StringComparison.OrdinalIgnoreCase) =>
            $"This user may not use the Docker engine. Add the user to the group 'docker', or run the tests as root. ({error})",
        _ when error.Contains("no such image", StringComparison.OrdinalIgnoreCase) => $"The Docker engine lacks the images of the tests. Run tests/images/build. ({error})",
        _ => $"The Docker engine does not answer. Start it, or run .ci/setup.d/40-docker as root. ({error})",
    };

    private static async Task<string?> FindLackAsync()
    {
        try
        {
            var (exitCode, _, error) = await RunAsync("docker", ["image", "inspect", .. Images]);
            return exitCode == 0 ? null : Explain(error.ReplaceLineEndings(" ").Trim());
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "The docker command is not on the PATH. Install Docker, or run .ci/setup.d/40-docker as root.";
        }
    }

    /// <summary>The image that stands in for a release of Letta.</summary>
    public static string LettaImage(string release) => $"letta/letta:{release}";

    /// <summary>Runs the docker command.</summary>
    /// <returns>What it wrote, without the last line break.</returns>
    /// <exception cref="InvalidOperationException">It failed; the message is what it said.</exception>
    public static async Task<string> DockerAsync(params IEnumerable<string> arguments)
    {
        var (exitCode, output, error) = await RunAsync("docker", arguments);
        return exitCode == 0 ? output : throw new InvalidOperationException($"docker {string.Join(' ', arguments)}: {error}{output}");
    }

    /// <summary>Runs a container in the background.</summary>
    /// <returns>Its name.</returns>
    public async Task<string> RunContainerAsync(string name, string image, params IEnumerable<string> options)
    {
        name = $"{Prefix}-{name}";
        await DockerAsync(["run", "--detach", "--name", name, .. options, image]);
        return name;
    }

    /// <summary>Runs PostgreSQL as <c>letta</c> with password <c>letta</c> and waits until it takes connections.</summary>
    /// <returns>Name of the container.</returns>
    public async Task<string> RunPostgresAsync(string name, params IEnumerable<string> options)
    {
        var container = await RunContainerAsync(name, PostgresImage, ["--env", "POSTGRES_USER=letta", "--env", "POSTGRES_PASSWORD=letta", .. options]);
        await WaitForPostgresAsync(container);
        return container;
    }

    /// <summary>Waits until PostgreSQL in a container takes connections from others, which it does only when its first start is over.</summary>
    public static Task WaitForPostgresAsync(string container) =>
        DockerAsync("exec", container, "bash", "-c", "for i in $(seq 300); do pg_isready -q -h 127.0.0.1 && exit 0; sleep 0.1; done; exit 1");

    /// <summary>Asks a database in a container.</summary>
    /// <returns>The rows, columns separated by a bar.</returns>
    public static Task<string> SqlAsync(string container, string database, string sql) =>
        DockerAsync("exec", container, "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "letta", "-d", database, "-c", sql);

    public async ValueTask DisposeAsync()
    {
        var containers = await ListAsync("container", "--all");

        // A container that compose made anew has the volumes of the old one under their names, and does not take them with it when it is removed.
        var volumes = containers.Count == 0 ? string.Empty : await DockerAsync(["inspect", "--format", "{{range .Mounts}}{{.Name}} {{end}}", .. containers]);
        await RemoveAsync("container", containers, "--force", "--volumes");
        await RemoveAsync("volume", [.. volumes.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Union(await ListAsync("volume"))], "--force");
        await RemoveAsync("network", await ListAsync("network"));
    }

    private async Task<IReadOnlyList<string>> ListAsync(string kind, params IEnumerable<string> options) =>
        (await DockerAsync([kind, "ls", .. options, "--quiet", "--filter", $"name={Prefix}"])).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static Task RemoveAsync(string kind, IReadOnlyCollection<string> found, params IEnumerable<string> options) =>
        found.Count == 0 ? Task.CompletedTask : DockerAsync([kind, "rm", .. options, .. found]);

    /// <summary>Runs a command of this machine.</summary>
    /// <param name="command">The command.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="configure">Changes the folder or the environment that it runs in.</param>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(string command, IEnumerable<string> arguments, Action<ProcessStartInfo>? configure = null)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        configure?.Invoke(start);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output.TrimEnd('\n'), await error);
    }
}
