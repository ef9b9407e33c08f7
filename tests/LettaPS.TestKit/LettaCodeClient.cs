using System.Diagnostics;
using System.Text.Json.Nodes;

namespace LettaPS.TestKit;

/// <summary>The real Letta Code, as `.ci/setup.d/70-letta-code` installs it, with a home, a root and a model of its own.</summary>
public sealed class LettaCodeClient : IAsyncDisposable
{
    /// <summary>Names the folder with a folder for each release.</summary>
    public const string Variable = "LETTAPS_LETTA_CODE";

    public const string Newest = "0.32.18";
    public const string Oldest = "0.30.28";

    private const string DefaultFolder = "/var/cache/lettaps-letta-code";

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    private readonly string _folder;
    private readonly TempFolder _home = new();

    private LettaCodeClient(string folder) => _folder = folder;

    /// <summary>The root folder of the local backend; not there at first.</summary>
    public string Root => _home["root"];

    /// <summary>The home of its user.</summary>
    public string Home => _home.Path;

    public LoopbackModel Model { get; } = new();

    /// <summary>A client that is connected to a model. The test is skipped where this machine has none.</summary>
    /// <param name="version">The release.</param>
    public static LettaCodeClient Open(string version = Newest)
    {
        var folder = Path.Combine(Environment.GetEnvironmentVariable(Variable) ?? DefaultFolder, version, "node_modules");
        if (!File.Exists(Path.Combine(folder, ".bin", "node")))
        {
            Needs.Missing($"There is no Letta Code {version} in '{folder}': .ci/setup.d/70-letta-code installs it from the npm registry, and {Variable} names its folder.");
        }

        return new(folder);
    }

    /// <summary>Connects the client to its model.</summary>
    public async Task ConnectAsync() => await RunAsync("--backend", "local", "connect", "openai-compatible", "--base-url", Model.BaseUri.ToString());

    /// <summary>The agents that it lists.</summary>
    public async Task<IReadOnlyList<JsonNode>> ListAsync() => [.. JsonNode.Parse(await RunAsync("--backend", "local", "agents", "list", "--limit", "1000"))!["items"]!.AsArray().OfType<JsonNode>()];

    /// <summary>Says something to an agent in its main conversation.</summary>
    /// <returns>The request that reached the model.</returns>
    public async Task<JsonNode> SayAsync(string agentId, string text, string conversation = "default")
    {
        string[] where = conversation == "default" ? ["--agent", agentId, "--conversation", "default"] : ["--conversation", conversation];
        await RunAsync(["--backend", "local", "-p", text, .. where]);
        return Model.Requests.Last(r => r["messages"]!.AsArray().Any(m => Text(m!).Contains(text, StringComparison.Ordinal)));
    }

    /// <summary>What it finds in the history of an agent.</summary>
    public Task<string> SearchAsync(string agentId, string query) => RunAsync("--backend", "local", "messages", "search", "--query", query, "--agent", agentId);

    /// <summary>Starts its App Server, which is killed when it is disposed.</summary>
    public Process StartServer(int port) => Start("server", "--backend", "local", "--listen", $"ws://127.0.0.1:{port}", "--openai-api");

    /// <summary>The text of a message of a request.</summary>
    public static string Text(JsonNode message) => message["content"] switch
    {
        JsonValue value => (string?)value ?? string.Empty,
        JsonArray parts => string.Join('\n', parts.Select(p => (string?)p!["text"])),
        _ => string.Empty,
    };

    /// <summary>Runs it to its end.</summary>
    /// <returns>What it printed.</returns>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var (code, output, errors) = await TryAsync(arguments);
        return code == 0 ? output : throw new InvalidOperationException($"letta {string.Join(' ', arguments)} ended with {code}: {errors}{output}");
    }

    /// <summary>Runs it to its end, however that is.</summary>
    public async Task<(int Code, string Output, string Errors)> TryAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        using var limit = new CancellationTokenSource(s_limit);
        try
        {
            process.StandardInput.Close();
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, output, await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Model.DisposeAsync();
        _home.Dispose();
    }

    private Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(_folder, ".bin", "node"), [Path.Combine(_folder, "@letta-ai", "letta-code", "letta.js"), .. arguments])
        {
            WorkingDirectory = _home.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("LETTA_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["HOME"] = _home.Path;
        start.Environment["LETTA_LOCAL_BACKEND_DIR"] = Root;
        start.Environment["DO_NOT_TRACK"] = "1";
        start.Environment["LETTA_CODE_TELEM"] = "0";
        start.Environment["DISABLE_AUTOUPDATER"] = "1";
        return Process.Start(start)!;
    }
}
