using System.Diagnostics;
using System.Text.Json.Nodes;

namespace LettaPS.Adapters.Tests.Compose;

/// <summary>Docker compose v2, which says what compose files mean. It needs no engine for that.</summary>
internal static class DockerCompose
{
    /// <summary>What the files mean once compose has read them, as JSON.</summary>
    public static JsonObject Config(string folder, params string[] files)
    {
        var (code, output, errors) = Run(folder, [.. files.SelectMany(f => new[] { "-f", f }), "-p", "judged", "config", "--format", "json"]);
        Assert.True(code == 0, $"docker-compose refuses {string.Join(", ", files)}: {errors}");
        return JsonNode.Parse(output)!.AsObject();
    }

    /// <summary>Whether compose reads the files at all.</summary>
    public static bool Accepts(string folder, string file) => Run(folder, "-f", file, "-p", "judged", "config", "--quiet").Code == 0;

    private static (int Code, string Output, string Errors) Run(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("docker-compose", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        var path = start.Environment["PATH"];
        start.Environment.Clear();
        start.Environment["PATH"] = path;
        start.Environment["HOME"] = folder;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }
}
