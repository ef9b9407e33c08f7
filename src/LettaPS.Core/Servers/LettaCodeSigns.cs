using LettaPS.Core.Compose.Model;

namespace LettaPS.Core.Servers;

/// <summary>How Letta Code is recognised in a container or a compose file, and how a container that was set up for a V1 server.</summary>
internal static class LettaCodeSigns
{
    /// <summary>The exit code of Letta Code's image when it was started with the settings of a V1 server.</summary>
    public const int ExitCode = 64;

    /// <summary>The port of an App Server.</summary>
    public const int AppServerPort = 4500;

    private const string Entrypoint = "letta-container-entrypoint";

    private const string Source = "letta-ai/letta-code";

    // Options of Letta Code's 'letta server'; the V1 server's has none of them.
    private static readonly string[] s_options = ["--listen", "--backend", "--ws-auth", "--ws-token-file", "--openai-api"];

    private static readonly string[] s_appServerVariables = ["LETTA_APP_SERVER_TOKEN", "LETTA_LOCAL_BACKEND_DIR"];

    /// <summary>The variables that make Letta Code's image end, set to whatever, even to nothing.</summary>
    public static readonly IReadOnlyList<string> RefusedVariables = ["SECURE", "LETTA_SERVER_SECURE", "LETTA_SERVER_PASSWORD"];

    /// <summary>Whether a container runs Letta Code.</summary>
    public static bool IsIn(ContainerFacts container) =>
        container.Command.Any(w => w.Contains(Entrypoint, StringComparison.Ordinal))
        || AreIn(container.Labels)
        || (ImageReference.Parse(container.Image).Product == LettaImageProduct.LettaCode && !container.Environment.ContainsKey("LETTA_ENVIRONMENT"));

    /// <summary>Whether labels are those of Letta Code's image.</summary>
    public static bool AreIn(IReadOnlyDictionary<string, string> labels) => labels.Any(l => l.Value.Contains(Source, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a command and the variables of its environment are those of an App Server.</summary>
    /// <param name="command">The words of the entrypoint and the command.</param>
    /// <param name="variables">Names of variables.</param>
    public static bool StartAppServer(IEnumerable<string> command, IEnumerable<string> variables) =>
        command.Any(w => s_options.Any(o => w == o || w.StartsWith(o + "=", StringComparison.Ordinal) || w.Contains($" {o} ", StringComparison.Ordinal)))
        || variables.Any(s_appServerVariables.Contains);

    /// <summary>Whether a container that runs Letta Code was set up for a V1 server.</summary>
    public static bool IsMeantAsV1(ContainerFacts container) => IsMeantAsV1(
        container.OwnEnvironment.Keys,
        container.Mounts.Select(m => m.Destination),
        container.Command,
        container.Ports.Where(p => p.HostPort is not null).Select(p => p.Port));

    /// <summary>Whether settings are those of a V1 server.</summary>
    /// <param name="variables">Names of variables.</param>
    /// <param name="mounts">Where something is mounted.</param>
    /// <param name="command">The words of the entrypoint and the command.</param>
    /// <param name="ports">Published ports.</param>
    public static bool IsMeantAsV1(IEnumerable<string> variables, IEnumerable<string> mounts, IEnumerable<string> command, IEnumerable<int> ports) =>
        variables.Any(v => RefusedVariables.Contains(v) || v.StartsWith("LETTA_PG_", StringComparison.Ordinal) || v.StartsWith("POSTGRES_", StringComparison.Ordinal))
        || mounts.Any(m => ComposeMount.IsIn(m, "/var/lib/postgresql"))
        || command.Any(w => w.Contains("startup.sh", StringComparison.Ordinal))
        || ports.Contains(ServerDiscovery.ApiPort);
}
